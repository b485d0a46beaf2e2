"""Does a relaxed network break the symmetry as far as its data do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from scipy.stats import spearmanr

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.table import Run
from pyg_liesym.datasets.flows.smoke_plume import SmokePlume
from pyg_liesym.field.action import quarter_turn
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import vectors
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.systems.field_data import SmokePlumeData

ROUNDING = 1e-4
"""What a strict network's error is less than, in units of the data's: no rank to speak of."""
FLOW = vectors(PointGroup.cyclic(4), 1)


@torch.no_grad()
def turn_error(net: FieldForecaster, data: SmokePlumeData) -> float:
    r"""How far a network is from commuting with quarter turns, over the validation windows.

    .. math:: \langle |F(\rho(g)\, x) - \rho(g)\, F(x)| \rangle / s

    The mean of the absolute value over the three turns, windows, forecast frames, components and cells, as the authors
    measure it, but relative to the size s of the flow: flows of the higher levels are faster, so that even what an
    untrained network breaks grows with them.
    """
    errors = []
    for batch in data.val_dataloader():
        straight = net.rollout(batch.x, data.horizon)
        for turns in (1, 2, 3):
            turned = quarter_turn(batch.x.flatten(0, 1), FLOW, turns).view_as(batch.x)
            expected = quarter_turn(straight.flatten(0, 1), FLOW, turns).view_as(straight)
            errors.append((net.rollout(turned, data.horizon) - expected).abs().mean((1, 2, 3, 4)))
    return float(torch.cat(errors).mean() / net.scale)


def data_error(root: Path, level: int, resolution: int) -> float:
    """How far the plumes of a level are from being turns of one another, relative to the size of the flow."""
    data = SmokePlume(str(root), "graded", history=1, horizon=1, resolution=resolution, level=level)
    flow = data.velocity[4 * level : 4 * level + 4, 10:60]
    return data.equivariance_error() / float(flow.square().mean().sqrt())


def compare_with_data(out: Path, runs: Sequence[Run], root: Path, resolution: int) -> dict[str, Any]:
    """What the networks of all levels learned against what the data break: errors, rank correlations, pictures.

    Args:
        out: Folder of the pictures.
        runs: Of all models and levels, each with ``turn_error``, that of the ``untrained`` network, and ``course``.
        root: Folder of the data set.
        resolution: Of the data.
    """
    results: dict[str, dict[int, dict[str, Any]]] = {}
    for run in runs:
        results.setdefault(run["settings"]["model"], {})[run["settings"]["level"]] = run["numbers"]
    levels = sorted(set.intersection(*(set(own) for own in results.values())))
    if len(levels) < 2:
        return {}
    data = {level: data_error(root, level, resolution) for level in levels}
    found = learned_against_data(data, results)
    _draw(out, data, found["learned"], results)
    return found


def learned_against_data(
    data: Mapping[int, float], results: Mapping[str, Mapping[int, Mapping[str, Any]]]
) -> dict[str, Any]:
    """Errors and relaxations by level, and Spearman's rank correlation of each row with the data.

    Args:
        data: Level → error of the data.
        results: Model → level → its numbers.
    """
    levels, truth = list(data), list(data.values())
    learned = {name: [own[level]["turn_error"] for level in levels] for name, own in results.items()}
    learned |= {f"{name}, untrained": [own[level]["untrained"] for level in levels] for name, own in results.items()}
    ranks = {
        name: float(spearmanr(truth, errors).statistic) if max(errors) > ROUNDING * max(truth) else None
        for name, errors in learned.items()
    }
    relaxed = {name: [own[level]["relaxation"] for level in levels] for name, own in results.items()}
    return {"levels": levels, "data": truth, "learned": learned, "relaxation": relaxed, "rank_correlation": ranks}


def _draw(
    out: Path, data: Mapping[int, float], learned: Mapping[str, Sequence[float]],
    results: Mapping[str, Mapping[int, Mapping[str, Any]]],
) -> None:  # fmt: skip
    """Learned errors against those of the data, and the relaxation of the first and last level over the training."""
    from pyg_liesym.plot.relaxation import plot_relaxation
    from pyg_liesym.plot.symmetry import plot_learned_against_data

    save_figure(out / "symmetry.png", plot_learned_against_data(list(data.values()), learned))
    courses = {}
    for name, own in results.items():
        for level in (min(data), max(data)):
            points = own[level]["course"]
            steps, values = ([0, *(p["step"] for p in points)], [0.0, *(p["relaxation"] for p in points)])
            if max(values) > 0:
                courses[f"{name}, {'symmetric' if data[level] == 0 else f'level {level}'}"] = (steps, values)
    if courses:
        save_figure(out / "relaxation.png", plot_relaxation(courses))
