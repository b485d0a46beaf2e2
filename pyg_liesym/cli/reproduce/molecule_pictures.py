"""Pictures of the experiment on molecules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.molecule_splits import NULL, ORDER, STRETCHED, SYMBOLS, stretched_by
from pyg_liesym.cli.reproduce.table import Run


def draw_molecules(runs: Sequence[Run], out: Path) -> None:
    """Draw errors over the median's, target by target, and the form that was found in stretched molecules.

    Args:
        runs: Of one table.
        out: Folder of the pictures.
    """
    from pyg_liesym.plot.metric import plot_metric
    from pyg_liesym.plot.twins import plot_twins

    null = next((run["numbers"] for run in runs if run["row"] == NULL), None)
    rows = [row for row in dict.fromkeys(run["row"] for run in runs) if row != NULL]
    if null is not None and rows:
        shares = {
            row: {
                SYMBOLS.get(name, name): [one["numbers"][name] / null[name] for one in runs if one["row"] == row]
                for name in ORDER
            }
            for row in rows
        }
        figure = plot_twins(
            shares, score="mean absolute error over the median's", level="target", title="Properties of molecules"
        )
        save_figure(out / "errors.png", figure)
    for run in runs:
        if run["row"].endswith(STRETCHED) and "metric" in run["numbers"]:
            expected = stretched_by(1 / run["settings"]["stretch"]).square()
            found = torch.tensor(run["numbers"]["metric"])
            save_figure(out / "metric.png", plot_metric(found, expected, coordinates=["x", "y", "z"]))
            return
