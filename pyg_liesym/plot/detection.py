"""How often something that is there is found, against the number of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_detection(
    counts: Mapping[str, Sequence[tuple[int, int, int]]],
    *,
    level: float = 0.95,
    xlabel: str = "samples",
    title: str | None = None,
) -> Figure:
    """Draw a line of shares for each thing to be found, with the intervals of Clopper and Pearson.

    Args:
        counts: What was to be found → (samples, how often it was found, trials), in any order.
        level: Of the intervals.
        xlabel: Of the axis of samples, which is logarithmic.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw, or a number of samples was not tried.

    Example:
        >>> figure = plot_detection({"circle": [(100, 3, 20), (1000, 20, 20)]})
        >>> figure.axes[0].get_xscale()
        'log'
    """
    from matplotlib.figure import Figure
    from scipy.stats import beta

    if not counts or any(not own or min(trials for _, _, trials in own) < 1 for own in counts.values()):
        raise ValueError("expected at least one thing to be found, and trials at each number of samples, got none")
    figure = Figure(figsize=(7.0, 4.0), layout="constrained")
    panel = figure.subplots()
    markers = "osD^vP*X<>"
    for number, (name, own) in enumerate(counts.items()):
        samples, found, trials = np.array(sorted(own), dtype=float).T
        tail = (1 - level) / 2
        low = np.where(found > 0, beta.ppf(tail, np.maximum(found, 0.5), trials - found + 1), 0.0)
        high = np.where(found < trials, beta.ppf(1 - tail, found + 1, np.maximum(trials - found, 0.5)), 1.0)
        share = found / trials
        panel.errorbar(
            samples * 1.02 ** (number - len(counts) / 2),
            share,
            yerr=np.stack([share - low, high - share]).clip(min=0),
            marker=markers[number % len(markers)],
            color=COLOURS[number % len(COLOURS)],
            linestyle="-" if number < len(COLOURS) else "--",
            capsize=2,
            label=name,
        )
    panel.set_xscale("log")
    panel.set_ylim(-0.03, 1.03)
    panel.set_xlabel(xlabel)
    panel.set_ylabel("share found")
    figure.legend(loc="outside right upper", frameon=False)
    if title:
        panel.set_title(title)
    return figure
