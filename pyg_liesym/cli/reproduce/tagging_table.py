"""The results of the tagging benchmark side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from safetensors.torch import load_file

from pyg_liesym.cli.tagging_report import SCORES
from pyg_liesym.metrics.areas import auc_difference
from pyg_liesym.metrics.multiclass import versus

TOLERANCE = 0.001
"""A difference of areas that counts as none even where the error is smaller."""


def tabulate(results: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """A row for each model: means over its seeds, and errors.

    The error of a mean over several seeds is the standard deviation of the seeds over the root of their number; that of
    a single seed the statistical one of the test jets, for the area by the bootstrap.

    Args:
        results: Model → result of each of its seeds.
    """
    rows = []
    for name, own in results.items():
        row: dict[str, Any] = {"model": name, "seeds": [one["seed"] for one in own], "parameters": own[0]["parameters"]}
        for score in ("accuracy", "auc", "rejection_30", "rejection_50"):
            values = [float(one[score]) for one in own if one.get(score) is not None]
            single = "auc_bootstrap_error" if score == "auc" else f"{score}_error"
            known = len(values) == len(own)
            row[score] = mean(values) if known else None
            row[f"{score}_error"] = _standard_error(values, own[0].get(single)) if known else None
        row["jets_per_second"] = mean(one["jets_per_second"] for one in own)
        row["passed"] = [min(one.get(f"rejection_{e}_passed", 0) for one in own) for e in (30, 50)]
        rows.append(row)
    return rows


def compare(out: Path, results: Mapping[str, Sequence[Mapping[str, Any]]], reference: str) -> list[dict[str, Any]]:
    """The differences of areas from a reference model, on the same test jets.

    A run is paired with the reference's of the same seed; every run with the reference's only one, if there is no more.
    ``error`` is the standard error over several pairs, of one pair that of its test jets (DeLong), which is
    ``error_of_jets`` beside it; how an only reference would scatter over its seeds is in neither. ``equal`` says
    whether the mean is within the larger of :data:`TOLERANCE` and two errors.
    """
    rows = []
    theirs = [one["seed"] for one in results.get(reference, ())]
    for name, own in results.items():
        pairing = {one["seed"]: theirs[0] if len(theirs) == 1 else one["seed"] for one in own}
        seeds = [seed for seed, other in pairing.items() if other in theirs]
        if name == reference or not seeds:
            continue
        pairs = [_difference(out / f"{name}-seed{s}", out / f"{reference}-seed{pairing[s]}") for s in seeds]
        values = [value for value, _ in pairs]
        of_jets = mean(error for _, error in pairs)
        error = _standard_error(values, None) or of_jets
        difference = mean(values)
        rows.append(
            {"model": name, "reference": reference, "seeds": seeds, "auc_difference": difference, "error": error,
             "error_of_jets": of_jets,
             "equal": abs(difference) <= max(TOLERANCE, 2 * error)}
        )  # fmt: skip
    return rows


def markdown(
    rows: Sequence[Mapping[str, Any]], differences: Sequence[Mapping[str, Any]], diverged: Sequence[str] = ()
) -> str:
    """Both tables in Markdown, and the runs that diverged."""
    lines = [
        "| model | parameters | accuracy | AUC | 1/ε_B (ε_S = 0.3) | 1/ε_B (ε_S = 0.5) | training jets/s | seeds |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        cells = [
            row["model"], f"{row['parameters']:,}".replace(",", " "),
            _value(row, "accuracy", 4), _value(row, "auc", 5),
            *(_value(row, f"rejection_{e}", 0, f"too few ({n})") for e, n in zip((30, 50), row["passed"], strict=True)),
            f"{row['jets_per_second']:.0f}", str(len(row["seeds"])),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    if differences:
        lines += ["", "| model | less | ΔAUC | ± | pairs | within max(0.001, 2 s.e.) |", "|---|---|---:|---:|---:|---|"]
    for row in differences:
        verdict = "yes" if row["equal"] else "no"
        lines.append(
            f"| {row['model']} | {row['reference']} | {row['auc_difference']:+.5f} | {row['error']:.5f} | "
            f"{len(row['seeds'])} | {verdict} |"
        )
    if diverged:
        lines += ["", f"Diverged, and in no table: {'; '.join(diverged)}."]
    return "\n".join(lines) + "\n"


def _value(row: Mapping[str, Any], name: str, digits: int, missing: str = "–") -> str:
    value, error = row[name], row[f"{name}_error"]
    if value is None:
        return missing
    return f"{value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def _standard_error(values: Sequence[Any], single: float | None) -> float | None:
    return float(stdev(values) / len(values) ** 0.5) if len(values) > 1 else single


def _difference(first: Path, second: Path) -> tuple[float, float]:
    ours, theirs = load_file(first / SCORES), load_file(second / SCORES)
    return auc_difference(versus(ours["logits"], 1, 0), versus(theirs["logits"], 1, 0), ours["label"])
