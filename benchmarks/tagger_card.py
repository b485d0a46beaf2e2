"""The numbers of docs/tagger.md, from the scores that a test leaves.

    python benchmarks/tagger_card.py runs/top16/top16-seed0/test_scores.safetensors
    python benchmarks/tagger_card.py --robustness 'jets/test/jets_00000.root' --out runs/card
    python benchmarks/tagger_card.py --speed 'jets/test/jets_00000.root'

Prints, and writes into card.json, AUC, accuracy and rejections; the cuts and what passes them; whether scores are
shares of signal; and what the jet's mass does alone, and the tagger where the mass says little. Prints, of further
scores of the same jets, by how much their AUC, and that of the mean of all, is above the first's. The robustness card
is that of a packaged tagger, in float64 and float32; the speeds are those of all of them on one thread, in turn.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch
from harness import in_turn
from safetensors.torch import load_file
from torch import Tensor

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.tagging_report import first_jets, write_card
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.metrics.areas import auc, auc_difference
from pyg_liesym.metrics.calibration import calibration
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.metrics.robustness import robustness
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.metrics.tagging import background_rejection
from pyg_liesym.systems.checkpoint import find_tagger
from pyg_liesym.systems.pretrained import DEFAULT_TAGGER, packaged_taggers

EFFICIENCIES = (0.3, 0.5, 0.7, 0.9)
SUMMARY = ("auc", "auc_error", "accuracy", "accuracy_error")
NUM_MOVED, TURNS = 2000, 5
TOP_MASS, LITTLE_MASS = 174.0, (140.0, 210.0)


def cuts(score: Tensor, label: Tensor) -> list[dict[str, Any]]:
    """For every efficiency the cut on the probability, and what passes."""
    rows = []
    for efficiency in EFFICIENCIES:
        rejection = background_rejection(score, label, efficiency)
        cut = float(score[label == 1].quantile(1 - efficiency).sigmoid())
        rows.append({"efficiency": efficiency, "cut": cut, "passed": rejection.passed, "rejection": str(rejection)})
    return rows


def table(rows: list[dict[str, str]]) -> str:
    """Rows in Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def numbers(path: Path) -> dict[str, Any]:
    """What the scores of one tagger say."""
    found = load_file(path)
    logits, label, mass = found["logits"], found["label"], found["mass"].double()
    score = versus(logits, 1, 0)
    rate = calibration(score.sigmoid(), label)
    near = (mass > LITTLE_MASS[0]) & (mass < LITTLE_MASS[1])
    passed = (label == 0) & (score >= score[label == 1].quantile(0.5))
    alone, there = auc(-(mass - TOP_MASS).abs(), label), auc(score[near], label[near])
    columns = {"score": rate.score, "share": rate.share, "error": rate.error, "jets": rate.jets}
    return {
        "jets": len(label), "tops": int(label.sum()),
        **{name: float(value) for name, value in tagging_summary(logits, label).items() if name in SUMMARY},
        "cuts": cuts(score, label),
        "calibration": {"gap": rate.gap, "by_chance": rate.by_chance, "p": rate.p},
        "bins": {name: torch.as_tensor(values).tolist() for name, values in columns.items()},
        "mass_alone": [alone.value, alone.error], "where_mass_says_little": [there.value, there.error],
        "median_mass": [float(mass[chosen].median()) for chosen in (label == 0, passed)],
    }  # fmt: skip


def describe(path: Path) -> dict[str, Any]:
    """Print what the scores of one tagger say."""
    found = numbers(path)
    print(f"\n{path}: {found['jets']} jets, {found['tops']} tops\n")
    print(f"AUC {found['auc']:.5f} ± {found['auc_error']:.5f}, ", end="")
    print(f"accuracy {found['accuracy']:.4f} ± {found['accuracy_error']:.4f}\n")
    heads = "top efficiency", "cut on score_Tbqq", f"QCD jets that pass, of {found['jets'] - found['tops']}", "1/ε_B"
    rows = [
        (f"{row['efficiency']}", f"{row['cut']:.4f}", f"{row['passed']}", row["rejection"]) for row in found["cuts"]
    ]
    print(table([dict(zip(heads, row, strict=True)) for row in rows]))
    rate = found["calibration"]
    print(
        f"\nscores off by {100 * rate['gap']:.2f} %, by chance {100 * rate['by_chance']:.2f} %, p = {rate['p']:.3f}\n"
    )
    shares = [
        {"mean score": f"{mean:.3f}", "share of tops": f"{share:.3f} ± {error:.3f}", "jets": f"{int(jets)}"}
        for mean, share, error, jets in zip(*found["bins"].values(), strict=True)
    ]
    print(table(shares))
    print("\nmass alone: AUC {:.4f} ± {:.4f}".format(*found["mass_alone"]))
    print(
        f"tagger where the mass is {LITTLE_MASS} GeV: AUC", "{:.4f} ± {:.4f}".format(*found["where_mass_says_little"])
    )
    print("median mass of QCD jets: {:.0f} GeV, of those that pass at 0.5: {:.0f} GeV".format(*found["median_mass"]))
    return found


def compare(first: Path, second: Path) -> list[float]:
    """Print by how much the second's AUC is above the first's, on the same jets."""
    before, after = load_file(first), load_file(second)
    if not torch.equal(before["label"], after["label"]) or not torch.equal(before["mass"], after["mass"]):
        raise SystemExit(f"{first} and {second} are not of the same jets")
    more = auc_difference(versus(after["logits"], 1, 0), versus(before["logits"], 1, 0), after["label"])
    print(f"\nAUC of {second} above that of {first}: {more.value:.5f} ± {more.error:.5f}")
    return [more.value, more.error]


def together(paths: list[Path]) -> None:
    """Print by how much the AUC of the mean of all probabilities is above the first's."""
    found = [load_file(path) for path in paths]
    label, parts = found[0]["label"], [versus(each["logits"], 1, 0).double().sigmoid() for each in found]
    more = auc_difference(torch.stack(parts).mean(0), parts[0], label)
    print(f"\nAUC of the mean of {len(paths)} above that of {paths[0]}: {more.value:.5f} ± {more.error:.5f}")


def drifts(files: str, out: Path, name: str) -> None:
    """Write the robustness card of a tagger, and print its drifts at sizes of one and more."""
    net = find_tagger(name).net
    batches = first_jets(PackedLoader(Jets(files=files), batch_size=100), NUM_MOVED)
    card = {"float64": robustness(net, batches), "float32": robustness(net, batches, dtype=None)}
    out.mkdir(parents=True, exist_ok=True)
    write_card(out, card)
    for name, rows in card.items():
        for row in rows:
            if row.size >= 1:
                print(
                    f"{name}, {row.transformation} of {row.size:g}: scores change by {row.mean_change:.1e} on average, "
                    f"the AUC by {row.auc_change:.5f} ± {row.auc_change_error:.5f}"
                )


def speeds(files: str) -> None:
    """Print how many jets a second the packaged taggers score, medians of five turns."""
    batches = first_jets(PackedLoader(Jets(files=files), batch_size=100), NUM_MOVED)
    taggers = {name: find_tagger(name) for name in packaged_taggers()}
    times = in_turn([lambda own=own: [own(batch) for batch in batches] for own in taggers.values()], TURNS)
    for name, time in zip(taggers, times, strict=True):
        print(f"{name}: {sum(batch.num_graphs for batch in batches) / time:.0f} jets a second")


def main(arguments: list[str] | None = None) -> None:
    """Print the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path, nargs="*", help="test_scores.safetensors of tests")
    parser.add_argument("--robustness", metavar="FILES", help="jets to be boosted and turned, the first 2000")
    parser.add_argument("--speed", metavar="FILES", help="jets to be scored against the clock, the first 2000")
    parser.add_argument("--tagger", default=DEFAULT_TAGGER, help="which is moved: a file or a name (%(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/card"), help="of the numbers and of the robustness card (%(default)s)"
    )
    options = parser.parse_args(arguments)
    if options.scores:
        found = {str(path): describe(path) for path in options.scores}
        for path in options.scores[1:]:
            found[str(path)]["above_the_first"] = compare(options.scores[0], path)
        options.out.mkdir(parents=True, exist_ok=True)
        write_json(options.out / "card.json", found)
    if len(options.scores) > 1:
        together(options.scores)
    if options.robustness:
        drifts(options.robustness, options.out, options.tagger)
    if options.speed:
        speeds(options.speed)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
