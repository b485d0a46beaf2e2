"""Errors of networks against a level, for several numbers of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_levels(
    levels: Sequence[float],
    errors: Mapping[str, Mapping[str, Mapping[int, ArrayLike]]],
    *,
    level: str = "level of breaking",
    title: str | None = None,
) -> Figure:
    """A row of panels for each score, a column for each number of samples, a line for each network.

    Lines are geometric means over the seeds, bars reach from the lowest seed to the highest. Levels are equally far
    apart, so that zero has a place.

    Args:
        levels: Of the horizontal axis.
        errors: Score → network → number of samples → errors ``[levels, seeds]``.
        level: What the levels are.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw.

    Example:
        >>> figure = plot_levels([0.0, 1.0], {"error": {"strict": {100: [[1.0, 1.2], [2.0, 2.2]]}}})
        >>> figure.axes[0].get_yscale()
        'log'
    """
    from matplotlib.figure import Figure

    samples = sorted({number for networks in errors.values() for own in networks.values() for number in own})
    if not samples:
        raise ValueError("expected errors of at least one network, got none")
    names = list(dict.fromkeys(name for networks in errors.values() for name in networks))
    figure = Figure(figsize=(1.2 + 2.5 * len(samples), 0.9 + 2.3 * len(errors)), layout="constrained")
    axes = figure.subplots(len(errors), len(samples), sharex=True, sharey="row", squeeze=False)
    for row, (score, networks) in zip(axes, errors.items(), strict=True):
        for ax, number in zip(row, samples, strict=True):
            for k, name in enumerate(names):
                if number not in networks.get(name, {}):
                    continue
                values = np.asarray(networks[name][number], dtype=float)
                mean = np.exp(np.log(values).mean(axis=1))
                reach = np.stack([mean - values.min(axis=1), values.max(axis=1) - mean]).clip(min=0)
                place = np.arange(len(levels)) + 0.06 * (k - (len(names) - 1) / 2)
                ax.errorbar(
                    place, mean, reach, marker="osD^"[k % 4], color=COLOURS[k % len(COLOURS)], capsize=2, label=name
                )
            ax.set_yscale("log")
            ax.grid(alpha=0.3)
        row[0].set_ylabel(score)
    for ax, number in zip(axes[0], samples, strict=True):
        ax.set_title(f"{number} samples")
    for ax in axes[-1]:
        ax.set_xticks(range(len(levels)), [f"{value:g}" for value in levels])
        ax.set_xlabel(level)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    if title:
        figure.suptitle(title)
    return figure
