"""The numbers of docs/tagger.md, from the scores that a test leaves.

    python benchmarks/tagger_card.py runs/packaged/fast16-seed0/test_scores.safetensors

Prints AUC, accuracy and rejections; the cuts and what passes them; whether scores are shares of signal; and what the
jet's mass does alone, and the tagger where the mass says little.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from pyg_liesym.metrics.areas import auc
from pyg_liesym.metrics.calibration import calibration
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.metrics.tagging import background_rejection

EFFICIENCIES = (0.3, 0.5, 0.7, 0.9)
TOP_MASS, LITTLE_MASS = 174.0, (140.0, 210.0)


def cuts(score: Tensor, label: Tensor) -> list[dict[str, str]]:
    """For every efficiency the cut on the probability, and what passes."""
    background = int((label == 0).sum())
    rows = []
    for efficiency in EFFICIENCIES:
        rejection = background_rejection(score, label, efficiency)
        cut = float(score[label == 1].quantile(1 - efficiency).sigmoid())
        rows.append({
            "top efficiency": f"{efficiency}", "cut on score_Tbqq": f"{cut:.4f}",
            f"QCD jets that pass, of {background}": f"{rejection.passed}", "1/ε_B": str(rejection),
        })  # fmt: skip
    return rows


def table(rows: list[dict[str, str]]) -> str:
    """Rows in Markdown."""
    lines = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: list[str] | None = None) -> None:
    """Print the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path, nargs="+", help="test_scores.safetensors of a test")
    for path in parser.parse_args(arguments).scores:
        found = load_file(path)
        logits, label, mass = found["logits"], found["label"], found["mass"].double()
        score = versus(logits, 1, 0)
        summary = tagging_summary(logits, label)
        print(f"\n{path}: {len(label)} jets, {int(label.sum())} tops\n")
        print(f"AUC {summary['auc']:.5f} ± {summary['auc_error']:.5f}, ", end="")
        print(f"accuracy {summary['accuracy']:.4f} ± {summary['accuracy_error']:.4f}\n")
        print(table(cuts(score, label)))
        rate = calibration(score.sigmoid(), label)
        print(f"\nscores off by {100 * rate.gap:.2f} %, by chance {100 * rate.by_chance:.2f} %, p = {rate.p:.3f}\n")
        columns = zip(rate.score, rate.share, rate.error, rate.jets, strict=True)
        shares = [
            {"mean score": f"{score:.3f}", "share of tops": f"{share:.3f} ± {error:.3f}", "jets": f"{int(jets)}"}
            for score, share, error, jets in columns
        ]
        print(table(shares))
        alone = auc(-(mass - TOP_MASS).abs(), label)
        near = (mass > LITTLE_MASS[0]) & (mass < LITTLE_MASS[1])
        there = auc(score[near], label[near])
        print(f"\nmass alone: AUC {alone.value:.4f} ± {alone.error:.4f}")
        print(f"tagger where the mass is {LITTLE_MASS} GeV: AUC {there.value:.4f} ± {there.error:.4f}")
        passed = (label == 0) & (score >= score[label == 1].quantile(0.5))
        medians = [float(mass[chosen].median()) for chosen in (label == 0, passed)]
        print(f"median mass of QCD jets: {medians[0]:.0f} GeV, of those that pass at 0.5: {medians[1]:.0f} GeV")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
