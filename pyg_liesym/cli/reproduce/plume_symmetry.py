"""Does a relaxed network break the symmetry as far as its data do?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from scipy.stats import spearmanr

from pyg_liesym.cli.files import save_figure, write_json
from pyg_liesym.datasets.smoke_plume import SmokePlume
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


def report_symmetry(out: Path, data: Mapping[int, float], results: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    """Write what the networks of all levels learned against what the data break: table, pictures, rank correlation.

    Args:
        out: Folder of ``symmetry.json`` and the pictures.
        data: Level → error of the data.
        results: Model → its results, each with ``level``, ``turn_error``, that of the ``untrained`` network, and
            ``course``.
    """
    from pyg_liesym.plot.relaxation import plot_relaxation
    from pyg_liesym.plot.symmetry import plot_learned_against_data

    levels = sorted(data)
    learned = {name: _by_level(own, "turn_error", levels) for name, own in results.items()}
    learned |= {f"{name}, untrained": _by_level(own, "untrained", levels) for name, own in results.items()}
    relaxed = {name: _by_level(own, "relaxation", levels) for name, own in results.items()}
    truth = [data[level] for level in levels]
    ranks = {
        name: float(spearmanr(truth, errors).statistic) if max(errors) > ROUNDING * max(truth) else None
        for name, errors in learned.items()
    }
    write_json(
        out / "symmetry.json",
        {"levels": levels, "data": truth, "learned": learned, "relaxation": relaxed, "rank_correlation": ranks},
    )
    save_figure(out / "symmetry.png", plot_learned_against_data(truth, learned))
    courses = {}
    for name, own in results.items():
        for level in (levels[0], levels[-1]):
            points = next(one["course"] for one in own if one["level"] == level)
            steps, values = ([0, *(p["step"] for p in points)], [0.0, *(p["relaxation"] for p in points)])
            if max(values) > 0:
                courses[f"{name}, {'symmetric' if data[level] == 0 else f'level {level}'}"] = (steps, values)
    if courses:
        save_figure(out / "relaxation.png", plot_relaxation(courses))
    lines = [
        "### graded: what the data break and what the networks learned", "",
        "| | " + " | ".join(f"level {level}" for level in levels) + " | rank correlation |",
        "|---|" + "---:|" * (len(levels) + 1),
        "| data | " + " | ".join(f"{error:.4f}" for error in truth) + " | |",
    ]  # fmt: skip
    for name, errors in learned.items():
        rank = "–" if ranks[name] is None else f"{ranks[name]:.3f}"
        lines.append(f"| {name} | " + " | ".join(f"{error:.4f}" for error in errors) + f" | {rank} |")
    for name, values in relaxed.items():
        if max(values) > 0:
            lines.append(f"| {name}, relaxation | " + " | ".join(f"{value:.4f}" for value in values) + " | |")
    return "\n".join(lines) + "\n"


def _by_level(results: Sequence[dict[str, Any]], name: str, levels: Sequence[int]) -> list[float]:
    """Means over the seeds of each level."""
    means = []
    for level in levels:
        values = [one[name] for one in results if one["level"] == level]
        means.append(sum(values) / len(values))
    return means
