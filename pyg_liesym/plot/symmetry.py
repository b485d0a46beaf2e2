"""How far data and networks are from a symmetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyg_liesym.plot.style import COLOURS, line_chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_errors_by_angle(
    angles: Sequence[float], errors: Mapping[str, Sequence[float]], *, title: str | None = None
) -> Figure:
    """Relative equivariance errors against the angle of a rotation, one line for each network or data set.

    Args:
        angles: Angles in radians.
        errors: Name → an error for each angle.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw, or a line has another number of errors than there are angles.

    Example:
        >>> figure = plot_errors_by_angle([0.0, 1.57], {"data": [0.0, 0.1]})
        >>> figure.axes[0].get_xlabel()
        'angle of the rotation (degrees)'
    """
    if not errors or any(len(line) != len(angles) for line in errors.values()):
        raise ValueError(
            f"expected lines of {len(angles)} errors each, got { ({k: len(v) for k, v in errors.items()}) }"
        )
    return line_chart(
        {name: (np.degrees(angles), line) for name, line in errors.items()},
        xlabel="angle of the rotation (degrees)",
        ylabel="relative equivariance error",
        title=title or "How broken is the rotation symmetry?",
    )


def plot_learned_against_data(
    data: Sequence[float], learned: Mapping[str, Sequence[float]], *, title: str | None = None
) -> Figure:
    """What networks learned about a symmetry against how far the data are from it, a dot for each level of breaking.

    Args:
        data: Equivariance error of the data at each level.
        learned: Name → equivariance error of the network trained at each level.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw, or the numbers of levels differ.

    Example:
        >>> figure = plot_learned_against_data([0.0, 0.1], {"relaxed": [0.01, 0.09]})
        >>> figure.axes[0].get_ylabel()
        'equivariance error learned'
    """
    from matplotlib.figure import Figure

    if not learned or any(len(line) != len(data) for line in learned.values()):
        raise ValueError(
            f"expected {len(data)} levels for each name, got { ({k: len(v) for k, v in learned.items()}) }"
        )
    figure = Figure(figsize=(5.2, 4.8), layout="constrained")
    ax = figure.subplots()
    end = 1.05 * max(max(data), *(max(line) for line in learned.values()), 1e-12)
    ax.plot([0, end], [0, end], color="#999999", linewidth=1, linestyle=":", label="as broken as the data")
    for k, (name, line) in enumerate(learned.items()):
        ax.plot(data, line, "o", color=COLOURS[k % len(COLOURS)], label=name)
    ax.set(
        xlim=(0, end),
        ylim=(0, end),
        xlabel="equivariance error of the data",
        ylabel="equivariance error learned",
        title=title or "A relaxed network breaks what the data break",
    )
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return figure
