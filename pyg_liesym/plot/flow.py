"""Forecasts of flows beside what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from pyg_liesym.plot.style import as_array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_flow_forecasts(
    truth: Tensor, forecasts: Mapping[str, Tensor], *, frames: Sequence[int] | None = None, title: str | None = None
) -> Figure:
    """Speeds of a flow at several frames, a row for the truth and for each network, with the RMSE up to the frame.

    Where a velocity is NaN, as on land, nothing is drawn and no error counted.

    Args:
        truth: What happened.
        forecasts: Name → forecast.
        frames: Which frames to show (default: five, evenly spread).
        title: Heading.

    Shapes:
        - **truth** and each forecast: :math:`(T, 2, H, W)`, row 0 uppermost

    Raises:
        ValueError: If the shapes do not fit, or there is no forecast.

    Example:
        >>> import torch
        >>> figure = plot_flow_forecasts(torch.ones(4, 2, 8, 8), {"still": torch.zeros(4, 2, 8, 8)}, frames=[0, 3])
        >>> [ax.get_title() for ax in figure.axes[:4]]
        ['frame 1', 'frame 4', 'RMSE 1', 'RMSE 1']
    """
    from matplotlib.figure import Figure

    if not forecasts or truth.dim() != 4 or truth.size(1) != 2:
        raise ValueError(f"expected frames [T, 2, H, W] and a forecast of them, got {list(truth.shape)}")
    for name, forecast in forecasts.items():
        if forecast.shape != truth.shape:
            raise ValueError(f"forecast {name!r}: expected {list(truth.shape)}, got {list(forecast.shape)}")
    chosen = list(frames) if frames is not None else sorted({round(k * (len(truth) - 1) / 4) for k in range(5)})
    rows = {"truth": as_array(truth), **{name: as_array(forecast) for name, forecast in forecasts.items()}}
    speeds = {name: np.hypot(flow[:, 0], flow[:, 1]) for name, flow in rows.items()}
    limit = float(np.nanmax(speeds["truth"][chosen], initial=0.0)) or 1.0
    tall = 0.4 + 1.6 * min(truth.size(-2) / truth.size(-1), 3.0)
    figure = Figure(figsize=(1.9 * len(chosen) + 1.2, tall * len(rows) + 0.4), layout="constrained")
    axes = figure.subplots(len(rows), len(chosen), squeeze=False)
    for line, (name, speed) in zip(axes, speeds.items(), strict=True):
        for ax, frame in zip(line, chosen, strict=True):
            image = ax.imshow(speed[frame], cmap="viridis", vmin=0, vmax=limit)
            squares = (rows[name][: frame + 1] - rows["truth"][: frame + 1]) ** 2
            rmse = np.sqrt(squares[np.isfinite(squares)].mean()) if np.isfinite(squares).any() else np.nan
            ax.set_title(f"frame {frame + 1}" if name == "truth" else f"RMSE {rmse:.3g}", fontsize=9)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    figure.colorbar(image, ax=axes, label="speed", shrink=0.6)
    figure.suptitle(title or "Forecasts, each the input of the next")
    return figure


def plot_flow_frames(frames: Mapping[str, Tensor], *, unit: str | None = None, title: str | None = None) -> Figure:
    """Speeds of some frames side by side on one scale; where a velocity is NaN, as on land, nothing is drawn.

    Args:
        frames: Name → frame.
        unit: Unit of the speeds.
        title: Heading.

    Shapes:
        - each frame: :math:`(2, H, W)`, row 0 uppermost

    Raises:
        ValueError: If there is none, or one has another shape.

    Example:
        >>> import torch
        >>> figure = plot_flow_frames({"now": torch.ones(2, 8, 8), "then": torch.zeros(2, 8, 8)}, unit="m/s")
        >>> figure.axes[1].get_title()
        'then'
    """
    from matplotlib.figure import Figure

    shapes = [list(frame.shape) for frame in frames.values()]
    if not shapes or any(len(shape) != 3 or shape[0] != 2 or shape != shapes[0] for shape in shapes):
        raise ValueError(f"expected frames [2, H, W] of one shape, got {shapes}")
    speeds = {name: np.hypot(*as_array(frame)) for name, frame in frames.items()}
    limit = float(np.nanmax(list(speeds.values()), initial=0.0)) or 1.0
    height, width = shapes[0][1:]
    figure = Figure(figsize=(3.2 * len(speeds) + 0.8, 0.8 + 3.0 * min(height / width, 3.0)), layout="constrained")
    axes = figure.subplots(1, len(speeds), squeeze=False)[0]
    for ax, (name, speed) in zip(axes, speeds.items(), strict=True):
        image = ax.imshow(speed, cmap="viridis", vmin=0, vmax=limit)
        ax.set_title(name, fontsize=9)
        ax.set(xticks=[], yticks=[])
    figure.colorbar(image, ax=axes, label=f"speed [{unit}]" if unit else "speed", shrink=0.8)
    figure.suptitle(title or "Speeds")
    return figure
