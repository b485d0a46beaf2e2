"""A forecast against what happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from pyg_liesym.plot.style import COLOURS, Array, as_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_rollout(
    truth: Tensor,
    prediction: Tensor | Mapping[str, Tensor],
    *,
    dt: float | None = None,
    unit: str | None = None,
    title: str | None = None,
) -> Figure:
    """Paths of one system, true and forecast, and the growth of the error with time.

    The error is the distance between forecast and truth, averaged over the bodies; over several systems the line is
    the median and the band holds the middle half.

    Args:
        truth: Positions ``[time, bodies, d]`` or, for several systems, ``[N, time, bodies, d]``; the first two
            coordinates of the first system are drawn.
        prediction: The forecast, of the same shape; or a name → forecast mapping of several.
        dt: Time between frames, for the axis; by default frames are counted.
        unit: Unit of length.
        title: Heading.

    Raises:
        ValueError: If the shapes do not fit.

    Example:
        >>> import torch
        >>> truth = torch.arange(10.0).view(10, 1, 1).expand(10, 1, 2)
        >>> figure = plot_rollout(truth, {"linear": 1.1 * truth, "exact": truth})
        >>> [ax.get_title() for ax in figure.axes]
        ['linear', 'exact', 'Error']
    """
    from matplotlib.figure import Figure

    forecasts = dict(prediction) if isinstance(prediction, Mapping) else {"forecast": prediction}
    true = _systems("truth", truth, truth.shape)
    paths = {name: _systems(f"prediction {name!r}", value, truth.shape) for name, value in forecasts.items()}
    if not paths:
        raise ValueError("expected at least one prediction, got none")
    panels = len(paths) + 1
    figure = Figure(figsize=(3.7 * panels, 3.9), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for ax, (name, path) in zip(axes, paths.items(), strict=False):
        _draw_paths(ax, true[0], path[0], unit)
        ax.set_title(name, fontsize=10)
    axes[0].legend(frameon=False, fontsize=8)
    _draw_errors(axes[-1], true, paths, dt, unit)
    figure.suptitle(title or "Rollout: every forecast is the input of the next")
    return figure


def _systems(name: str, positions: Tensor, shape: tuple[int, ...]) -> Array:
    if positions.dim() not in (3, 4) or positions.shape != shape or positions.shape[-1] < 2:
        raise ValueError(
            f"{name}: expected [time, bodies, d] or [N, time, bodies, d] with d >= 2 and the shape of truth, "
            f"{list(shape)}; got {list(positions.shape)}"
        )
    return as_array(positions if positions.dim() == 4 else positions.unsqueeze(0))


def _draw_paths(ax: Axes, true: Array, forecast: Array, unit: str | None) -> None:
    for body in range(true.shape[1]):
        colour = COLOURS[body % len(COLOURS)]
        first = body == 0
        ax.plot(*true[:, body, :2].T, color=colour, alpha=0.35, linewidth=4, label="truth" if first else None)
        ax.plot(*forecast[:, body, :2].T, "--", color=colour, linewidth=1.4, label="forecast" if first else None)
        ax.plot(*true[0, body, :2], "o", markerfacecolor="white", color=colour, markersize=6)
    extent = 1.3 * float(np.abs(true[..., :2]).max()) or 1.0
    ax.set(aspect="equal", xlim=(-extent, extent), ylim=(-extent, extent))
    ax.set(xlabel=f"x [{unit}]" if unit else "x", ylabel=f"y [{unit}]" if unit else "y")
    ax.grid(alpha=0.3)


def _draw_errors(ax: Axes, true: Array, paths: Mapping[str, Array], dt: float | None, unit: str | None) -> None:
    time = np.arange(true.shape[1]) * (1.0 if dt is None else dt)
    for k, (name, path) in enumerate(paths.items()):
        # [systems, time]
        error = np.sqrt(((path - true) ** 2).sum(-1)).mean(-1)
        low, middle, high = np.quantile(error, [0.25, 0.5, 0.75], axis=0)
        colour = COLOURS[(k + 2) % len(COLOURS)]
        shown = middle > 0
        ax.plot(time[shown], middle[shown], color=colour, linewidth=1.8, label=name)
        if len(error) > 1:
            ax.fill_between(time[shown], low[shown], high[shown], color=colour, alpha=0.2, linewidth=0)
    ax.set(
        yscale="log",
        xlabel="frame" if dt is None else "time",
        ylabel=f"mean distance to truth [{unit}]" if unit else "mean distance to truth",
    )
    ax.set_title("Error", fontsize=10)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False, fontsize=8)
