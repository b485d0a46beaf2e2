"""The results of the plume benchmark side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

TESTS = ("future", "domain")


def tabulate(
    results: Mapping[str, Sequence[Mapping[str, Any]]], strict: str, twins: Mapping[Any, str] | None = None
) -> list[dict[str, Any]]:
    """A row for each network of a setting: means over its seeds, and standard deviations.

    ``ratios`` are the RMSE on later times over those of the ``twin``, for each seed that both have.

    Args:
        results: Model → result of each of its seeds.
        strict: The strict network, the twin of all others.
        twins: The twins of those that have another.
    """
    rows = []
    for name, own in results.items():
        row: dict[str, Any] = {"model": name, "seeds": [one["seed"] for one in own], "parameters": own[0]["parameters"]}
        for score in (*(f"test_rmse_{test}" for test in TESTS), "val_rmse", "relaxation"):
            values = [float(one[score]) for one in own if score in one]
            row[score] = mean(values) if values else None
            row[f"{score}_std"] = stdev(values) if len(values) > 1 else None
        row["twin"] = twin = (twins or {}).get(name, strict)
        reference = {one["seed"]: one["test_rmse_future"] for one in results.get(twin, ())}
        row["ratios"] = [
            one["test_rmse_future"] / reference[one["seed"]] for one in own if name != twin and one["seed"] in reference
        ]
        row["seconds"] = mean(one["seconds"] for one in own)
        rows.append(row)
    return rows


def markdown(setting: str, rows: Sequence[Mapping[str, Any]], strict: str) -> str:
    """The table of a setting in Markdown."""
    lines = [
        f"### {setting}",
        "",
        f"| network | parameters | RMSE future | RMSE domain | RMSE validation | future / {strict}, by seed "
        "| relaxation | seconds | seeds |",
        "|---|---:|---:|---:|---:|---|---:|---:|---|",
    ]
    for row in rows:
        cells = [
            row["model"] + (" (strict)" if row["model"] == strict != "strict" else ""),
            f"{row['parameters']:,}".replace(",", " "),
            *(_value(row, score, 4) for score in ("test_rmse_future", "test_rmse_domain", "val_rmse")),
            (" / ".join(f"{ratio:.3f}" for ratio in row["ratios"]) or "–")
            + (f" (/ {row['twin']})" if row["ratios"] and row["twin"] != strict else ""),
            _value(row, "relaxation", 3),
            f"{row['seconds']:.0f}",
            ", ".join(map(str, row["seeds"])),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _value(row: Mapping[str, Any], name: str, digits: int) -> str:
    value, error = row[name], row[f"{name}_std"]
    if value is None:
        return "–"
    return f"{value:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")
