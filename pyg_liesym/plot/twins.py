"""Networks that differ in one thing, at several levels of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_twins(
    scores: Mapping[str, Mapping[str, Sequence[float]]], *, score: str, level: str, title: str | None = None
) -> Figure:
    """Scores of networks side by side at each level: a dot for each seed, a line at their mean.

    Args:
        scores: Network → level → score of each seed; all networks have the same levels.
        score: What the score is.
        level: What the levels are.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw, or the levels differ.

    Example:
        >>> figure = plot_twins({"strict": {"0": [1.0, 1.2]}, "relaxed": {"0": [0.9]}}, score="RMSE", level="wind")
        >>> figure.axes[0].get_xlabel()
        'wind'
    """
    from matplotlib.figure import Figure

    levels = {name: list(by_level) for name, by_level in scores.items()}
    names = list(levels)
    if not names or not levels[names[0]] or any(own != levels[names[0]] for own in levels.values()):
        raise ValueError(f"expected the same levels of each network, and at least one, got {levels}")
    ticks = levels[names[0]]
    figure = Figure(figsize=(1.6 + 1.7 * len(ticks), 4.2), layout="constrained")
    ax = figure.subplots()
    width = 0.7 / len(names)
    for k, name in enumerate(names):
        colour = COLOURS[k % len(COLOURS)]
        for place, tick in enumerate(ticks):
            values, x = np.asarray(scores[name][tick]), place + (k - (len(names) - 1) / 2) * width
            label = name if place == 0 else None
            ax.plot(np.full(len(values), x), values, "o", color=colour, markersize=5, alpha=0.7, label=label)
            ax.hlines(values.mean(), x - 0.4 * width, x + 0.4 * width, color=colour, linewidth=2.5)
    ax.set_xticks(range(len(ticks)), ticks)
    ax.set(xlabel=level, ylabel=score, title=title or "Twins", xlim=(-0.6, len(ticks) - 0.4))
    ax.grid(alpha=0.3, axis="y")
    ax.legend(frameon=False)
    return figure
