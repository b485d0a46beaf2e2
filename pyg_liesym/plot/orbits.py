"""Paths of bodies in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pyg_liesym.plot.style import COLOURS, as_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_orbits(
    trajectories: Tensor | Sequence[Tensor], *, columns: int = 3, unit: str | None = None, title: str | None = None
) -> Figure:
    """Orbits of several bodies, one panel per system, a ring where each starts and a dot where it ends.

    Args:
        trajectories: Positions ``[time, bodies, 2]`` of one system, or several such tensors (``[N, time, bodies, 2]``).
        columns: Panels in a row.
        unit: Unit of length, for the axes.
        title: Heading.

    Shapes:
        - ``trajectories``: ``[T, B, 2]`` or ``[N, T, B, 2]``

    Raises:
        ValueError: If a trajectory has another shape, or there is none.

    Example:
        >>> t = torch.linspace(0, 6, 50)
        >>> circle = torch.stack([t.cos(), t.sin()], dim=-1)
        >>> len(plot_orbits(torch.stack([circle, -circle], dim=1)).axes)
        1
    """
    from matplotlib.figure import Figure

    systems = list(trajectories) if not isinstance(trajectories, Tensor) or trajectories.dim() == 4 else [trajectories]
    if not systems:
        raise ValueError("expected at least one trajectory, got none")
    for system in systems:
        if system.dim() != 3 or system.shape[-1] != 2:
            raise ValueError(f"a trajectory has shape [time, bodies, 2], got {list(system.shape)}")
    columns = min(columns, len(systems))
    rows = -(-len(systems) // columns)
    figure = Figure(figsize=(3.4 * columns + 0.6, 3.4 * rows + 0.5), layout="constrained")
    extent = 1.1 * max(float(torch.as_tensor(s).abs().max()) for s in systems)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flatten()
    for ax, system in zip(axes, systems, strict=False):
        for body, path in enumerate(as_array(system).transpose(1, 0, 2)):
            colour = COLOURS[body % len(COLOURS)]
            # a wide line under thin ones, because bodies may share one orbit
            width, opacity = (4.0, 0.5) if body == 0 else (1.4, 1.0)
            ax.plot(*path.T, color=colour, linewidth=width, alpha=opacity, label=f"body {body + 1}")
            ax.plot(*path[0], "o", markerfacecolor="white", color=colour, markersize=6)
            ax.plot(*path[-1], "o", color=colour, markersize=6)
        ax.set(aspect="equal", xlim=(-extent, extent), ylim=(-extent, extent))
        ax.grid(alpha=0.3)
    for ax in axes[len(systems) :]:
        ax.set_axis_off()
    axes[0].legend(frameon=False, fontsize=8)
    figure.supxlabel(f"x [{unit}]" if unit else "x")
    figure.supylabel(f"y [{unit}]" if unit else "y")
    figure.suptitle(title or "Orbits: from the ring to the dot")
    return figure
