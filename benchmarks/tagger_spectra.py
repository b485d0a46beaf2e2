"""Whether a tagger gains by the spectra of its jets, or by what is inside them.

    python benchmarks/tagger_spectra.py 'jets/train/*.root' 'jets/test/*.root' --taggers top-invariant top

Trees are grown on transverse momentum and pseudorapidity of the jets of the first files. Of the other jets they print
the AUC of these trees, and of every tagger

- its AUC, and by how much it is above that of the first tagger on the same jets;
- the same with every background jet weighted by the trees' odds, so that background and signal have one spectrum;
- what trees that are grown on half of these jets make of score, transverse momentum and pseudorapidity together more
  than of the score alone, on the other half.

Errors are DeLong's; of the weighted difference, that of 100 samples drawn from the jets.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from torch import Tensor

from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.metrics.areas import auc, auc_difference, bootstrap_error
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.systems.checkpoint import find_tagger

DRAWS = 100


def trees() -> HistGradientBoostingClassifier:
    """Trees that stop where a tenth of their jets says so: odds of trees that know their jets by heart run off."""
    return HistGradientBoostingClassifier(early_stopping=True, random_state=0)


def spectra(jets: Jets) -> tuple[NDArray[np.float64], Tensor]:
    """Transverse momentum and pseudorapidity of jets, ``[J, 2]``, and their classes."""
    parts = [(batch.jet[:, :2].double(), batch.y) for batch in PackedLoader(jets, batch_size=2000)]
    columns, label = (torch.cat(column) for column in zip(*parts, strict=True))
    return columns.numpy(), label


def scores(name: str, jets: Jets) -> Tensor:
    """What a tagger says of jets: differences of its logits."""
    tagger = find_tagger(name)
    return versus(torch.cat([tagger.logits(batch) for batch in PackedLoader(jets, batch_size=100)]).double(), 1, 0)


def weighted_difference(first: Tensor, second: Tensor, label: Tensor, weight: Tensor) -> tuple[float, float]:
    """By how much the second's weighted area is above the first's, and its error."""

    def more(columns: Tensor, y: Tensor) -> float:
        areas = [roc_auc_score(y, columns[:, which], sample_weight=columns[:, 2]) for which in (0, 1)]
        return float(areas[1] - areas[0])

    columns = torch.stack([first, second, weight], dim=1)
    return more(columns, label), bootstrap_error(more, columns, label, num=DRAWS)


def with_spectra(score: Tensor, columns: NDArray[np.float64], label: Tensor) -> tuple[float, float]:
    """What trees make of score and spectra more than of the score alone, on the half that they did not see."""
    half, both = len(label) // 2, np.column_stack([score.numpy(), columns])
    grown = [trees().fit(own[:half], label[:half]).decision_function(own[half:]) for own in (both, both[:, :1])]
    more = auc_difference(torch.from_numpy(grown[0]), torch.from_numpy(grown[1]), label[half:])
    return more.value, more.error


def compare(train: str, test: str, taggers: Sequence[str]) -> dict[str, Any]:
    """The areas of spectra and taggers."""
    known = trees().fit(*spectra(Jets(files=train)))
    jets = Jets(files=test)
    columns, label = spectra(jets)
    odds = torch.from_numpy(known.decision_function(columns))
    weight = odds.exp().where(label == 0, 1.0)
    found = {name: scores(name, jets) for name in taggers}
    first = found[taggers[0]]
    rows = []
    for name, score in found.items():
        own, more = auc(score, label), auc_difference(score, first, label)
        same, same_error = weighted_difference(first, score, label, weight)
        added, added_error = with_spectra(score, columns, label)
        rows.append({
            "tagger": name, "auc": own.value, "auc_error": own.error, "more": more.value, "more_error": more.error,
            "weighted": float(roc_auc_score(label, score, sample_weight=weight)), "weighted_more": same,
            "weighted_more_error": same_error, "with_spectra": added, "with_spectra_error": added_error,
        })  # fmt: skip
    alone = auc(odds, label)
    return {"jets": len(label), "spectra": alone.value, "spectra_error": alone.error, "taggers": rows}


def main(arguments: list[str] | None = None) -> None:
    """Print the areas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", help="jets of which the trees learn the spectra")
    parser.add_argument("test", help="other jets")
    parser.add_argument("--taggers", nargs="+", default=["top-invariant", "top"], help="files or names (%(default)s)")
    parser.add_argument("--out", type=Path, help="JSON file for the numbers")
    options = parser.parse_args(arguments)
    found = compare(options.train, options.test, options.taggers)
    print(f"{found['jets']} jets; pT and eta alone: AUC {found['spectra']:.4f} ± {found['spectra_error']:.4f}")
    for row in found["taggers"]:
        print(
            f"{row['tagger']}: AUC {row['auc']:.5f} ± {row['auc_error']:.5f}, {row['more']:+.5f} ± "
            f"{row['more_error']:.5f} above the first; with one spectrum {row['weighted']:.5f}, "
            f"{row['weighted_more']:+.5f} ± {row['weighted_more_error']:.5f}; "
            f"pT and eta besides: {row['with_spectra']:+.5f} ± {row['with_spectra_error']:.5f}"
        )
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
