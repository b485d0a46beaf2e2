"""Taggers by speed and score, with the front of those that no other one beats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyg_liesym.metrics.front import knee, pareto_front
from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_pareto_front(
    points: Mapping[str, tuple[float, float, float]],
    *,
    xlabel: str = "training, jets/s",
    ylabel: str = "AUC",
    title: str | None = None,
) -> Figure:
    """Scores against speeds, the front as a line, its knee ringed.

    Args:
        points: Name → speed, score and the score's error (0 for none).
        xlabel: What the speeds are.
        ylabel: What the scores are.
        title: Heading.

    Raises:
        ValueError: If there is no point, or a speed is not positive.

    Example:
        >>> figure = plot_pareto_front({"large": (30.0, 0.975, 0.001), "small": (250.0, 0.974, 0.001)})
        >>> figure.axes[0].get_xscale()
        'log'
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    names = list(points)
    speed, score, error = zip(*points.values(), strict=True) if points else ((), (), ())
    best = knee(speed, score)
    front = pareto_front(speed, score)
    figure = Figure(figsize=(6.8, 4.8), layout="constrained")
    ax = figure.subplots()
    ax.plot([speed[k] for k in front], [score[k] for k in front], color=COLOURS[0], linewidth=1.6, label="front")
    for k, name in enumerate(names):
        colour = COLOURS[0] if k in front else COLOURS[6]
        ax.errorbar(speed[k], score[k], yerr=error[k] or None, fmt="o", color=colour, markersize=5, elinewidth=1)
        ax.annotate(name, (speed[k], score[k]), xytext=(5, 4), textcoords="offset points", fontsize=8, color=colour)
    ax.plot(speed[best], score[best], "o", markersize=13, mfc="none", mec=COLOURS[1], mew=1.6, label="knee")
    ax.set(xscale="log", xlabel=xlabel, ylabel=ylabel, title=title or "Up and to the right is better")
    ax.set_xlim(min(speed) / 1.3, max(speed) * 2)  # room for the names
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return figure
