"""Heatmap of a metric, alone or beside the one that it should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from pyg_liesym.lie.invariant import InvariantMetric
from pyg_liesym.plot.style import as_array, check_coordinates, draw_matrix, finite_limit

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_metric(
    metric: InvariantMetric | Tensor,
    reference: Tensor | InvariantMetric | None = None,
    *,
    coordinates: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Annotated heatmap of a metric; with a reference also that, both at norm 1, and the difference.

    Args:
        metric: The metric found, ``[n, n]``.
        reference: What to compare with, of any norm, e.g. ``minkowski()``.
        coordinates: Names of the n coordinates.
        title: Heading; by default the cosine with the reference, or what the metric says of itself.

    Raises:
        ValueError: If a matrix is not square and non-zero, the shapes differ, or there is not one name per coordinate.

    Example:
        >>> from pyg_liesym.lie import LieAlgebra, minkowski
        >>> figure = plot_metric(LieAlgebra.lorentz().invariant_metric(), minkowski())
        >>> figure.get_suptitle()
        'Metric: cosine with the reference 1.0000'
    """
    from matplotlib.figure import Figure

    found = metric.J if isinstance(metric, InvariantMetric) else metric
    matrices = [_normalised(found)]
    titles = ["$J$"]
    heading = str(metric).capitalize() if isinstance(metric, InvariantMetric) else "Metric"
    if reference is not None:
        truth = _normalised(reference.J if isinstance(reference, InvariantMetric) else reference)
        if truth.shape != matrices[0].shape:
            raise ValueError(f"metric and reference differ in shape: {list(found.shape)} and {list(truth.shape)}")
        cosine = float((as_array(matrices[0]) * as_array(truth)).sum())
        matrices += [truth, matrices[0] - truth]
        titles += ["reference, norm 1", "difference"]
        heading = f"Metric: cosine with the reference {cosine:.4f}"
    check_coordinates(coordinates, len(found))

    limit = finite_limit(as_array(matrices[0]))
    width = 1.2 + 0.45 * max(len(found), 4)
    figure = Figure(figsize=(max(4.5, len(matrices) * width + 1.0), width + 0.9), layout="constrained")
    axes = figure.subplots(1, len(matrices), squeeze=False)[0]
    for ax, matrix, name in zip(axes, matrices, titles, strict=True):
        image = draw_matrix(ax, as_array(matrix), limit, coordinates, digits=3)
        ax.set_title(name, fontsize=10)
    figure.colorbar(image, ax=list(axes), shrink=0.8)
    figure.suptitle(title or heading)
    return figure


def _normalised(matrix: Tensor) -> Tensor:
    if matrix.dim() != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"a metric is a square matrix [n, n], got shape {list(matrix.shape)}")
    norm = float(matrix.detach().norm())
    if not norm > 0:
        raise ValueError("a metric of zeros (or with NaN) cannot be shown at norm 1")
    return matrix.detach().double().cpu() / norm
