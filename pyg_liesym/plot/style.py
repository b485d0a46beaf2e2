"""What the pictures share: colours that the colour-blind can tell apart, and heatmaps of signed matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
"""Okabe & Ito, *Color universal design* (2008), and a grey."""

LARGEST_ANNOTATED = 6
"""Matrices up to this size carry their numbers."""

Array = np.ndarray[Any, np.dtype[np.float64]]


def as_array(values: Tensor | Array | Sequence[float]) -> Array:
    """Numbers as a float64 array on the CPU, detached from any graph.

    Example:
        >>> as_array(torch.ones(2, requires_grad=True))
        array([1., 1.])
    """
    return np.asarray(torch.as_tensor(values).detach().cpu().double().numpy())


def finite_limit(matrices: Array) -> float:
    """The largest size among the entries: the end of a colour scale around zero; 1 if all are zero.

    Example:
        >>> finite_limit(np.array([-2.0, 1.0]))
        2.0
    """
    return float(np.abs(matrices).max(initial=0.0)) or 1.0


def draw_matrix(
    ax: Axes, matrix: Array, limit: float, coordinates: Sequence[str] | None = None, digits: int = 2
) -> AxesImage:
    """Draw one matrix on a diverging colour scale from ``−limit`` to ``limit``, white at zero.

    Args:
        ax: Where to draw.
        matrix: ``[n, n]``.
        limit: End of the colour scale.
        coordinates: Names of the n coordinates, for rows and columns.
        digits: Decimals of the numbers in the cells (small matrices only).
    """
    n = len(matrix)
    image = ax.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
    ax.set_xticks(range(n), coordinates or [str(i) for i in range(n)])
    ax.set_yticks(range(n), coordinates or [str(i) for i in range(n)])
    ax.tick_params(length=0, labelsize=9)
    for edge in range(1, n):
        ax.axhline(edge - 0.5, color="white", linewidth=1)
        ax.axvline(edge - 0.5, color="white", linewidth=1)
    for i, j in np.ndindex(matrix.shape) if n <= LARGEST_ANNOTATED else ():
        # no minus sign on a rounded zero
        text = f"{round(float(matrix[i, j]), digits) + 0.0:.{digits}f}".replace("-", "−")
        dark = abs(matrix[i, j]) > 0.6 * limit
        ax.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if dark else "#333333")
    return image


def line_chart(lines: Mapping[str, tuple[Any, Any]], *, xlabel: str, ylabel: str, title: str) -> Figure:
    """Lines with dots, from zero up.

    Args:
        lines: Name → places and values.
        xlabel: What the places are.
        ylabel: What the values are.
        title: Heading.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    ax = figure.subplots()
    for k, (name, (x, y)) in enumerate(lines.items()):
        ax.plot(np.asarray(x), y, "o-", color=COLOURS[k % len(COLOURS)], markersize=4, linewidth=1.6, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.set_ylim(bottom=0)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)
    return figure


def check_coordinates(coordinates: Sequence[str] | None, n: int) -> None:
    """Raise if there is not one name per coordinate."""
    if coordinates is not None and len(coordinates) != n:
        raise ValueError(f"expected {n} coordinate names, one per row of the matrices, got {list(coordinates)}")
