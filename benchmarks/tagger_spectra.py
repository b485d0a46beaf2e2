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
from pyg_liesym.metrics.areas import auc, auc_difference
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.systems.checkpoint import find_tagger

DRAWS = 100


def trees() -> HistGradientBoostingClassifier:
    """Trees that stop where a tenth of their jets says so: odds of trees that know their jets by heart run off."""
    return HistGradientBoostingClassifier(early_stopping=True, random_state=0)


def spectra(jets: Jets) -> tuple[NDArray[np.float64], Tensor]:
    """Transverse momentum and pseudorapidity of jets, ``[J, 2]``, and their classes."""
    rows, labels = [], []
    for batch in PackedLoader(jets, batch_size=2000):
        total = torch.zeros(batch.num_graphs, 4, dtype=torch.float64).index_add(0, batch.batch, batch.p4.double())
        pt = total[:, 1:3].norm(dim=1)
        rows.append(torch.stack([pt, torch.asinh(total[:, 3] / pt)], dim=1))
        labels.append(batch.y)
    return torch.cat(rows).numpy(), torch.cat(labels)


@torch.no_grad()
def scores(name: str, jets: Jets) -> Tensor:
    """What a tagger says of jets: differences of its logits."""
    net = find_tagger(name).net
    parts = [net(None, b.p4, batch=b.batch, batch_size=b.num_graphs) for b in PackedLoader(jets, batch_size=100)]
    return versus(torch.cat(parts).double(), 1, 0)


def weighted_difference(
    first: Tensor, second: Tensor, label: Tensor, weight: NDArray[np.float64]
) -> tuple[float, float]:
    """By how much the second's weighted area is above the first's, and its error."""

    def more(chosen: NDArray[np.int64]) -> float:
        y, w = label.numpy()[chosen], weight[chosen]
        areas = [roc_auc_score(y, score.numpy()[chosen], sample_weight=w) for score in (first, second)]
        return float(areas[1] - areas[0])

    generator = np.random.default_rng(0)
    draws = [more(generator.integers(0, len(label), len(label))) for _ in range(DRAWS)]
    return more(np.arange(len(label))), float(np.std(draws, ddof=1))


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
    weight = np.where(label == 1, 1.0, odds.exp().numpy())
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
