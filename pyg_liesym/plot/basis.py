"""Heatmaps of the basis of a Lie algebra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.plot.style import as_array, check_coordinates, draw_matrix, finite_limit

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_basis(
    algebra: LieAlgebra | Tensor,
    *,
    coordinates: Sequence[str] | None = None,
    columns: int = 4,
    title: str | None = None,
) -> Figure:
    """Heatmaps of all basis matrices on one colour scale, so that a weak channel looks weak.

    Args:
        algebra: An algebra or its basis ``[K, n, n]``, K at least 1.
        coordinates: Names of the n coordinates, e.g. ``("E", "px", "py", "pz")``.
        columns: Panels in a row.
        title: Heading; by default what the algebra calls itself.

    Raises:
        ValueError: If there is no matrix to show, or not one name per coordinate.

    Example:
        >>> figure = plot_basis(LieAlgebra.lorentz(), coordinates=("E", "px", "py", "pz"))
        >>> len([ax for ax in figure.axes if ax.get_title()])
        6
    """
    from matplotlib.figure import Figure

    algebra = algebra if isinstance(algebra, LieAlgebra) else LieAlgebra(algebra)
    check_coordinates(coordinates, algebra.n)
    if algebra.dim == 0:
        raise ValueError("a basis without matrices (K = 0) has nothing to show")
    basis = as_array(algebra.basis)
    limit = finite_limit(basis)
    columns = min(columns, algebra.dim)
    rows = -(-algebra.dim // columns)
    size = 0.9 + 0.42 * max(algebra.n, 4)
    figure = Figure(figsize=(columns * size + 1.0, rows * (size + 0.3) + 0.5), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for k, ax in enumerate(axes):
        if k >= algebra.dim:
            ax.set_axis_off()
            continue
        image = draw_matrix(ax, basis[k], limit, coordinates, digits=1 if algebra.n > 4 else 2)
        ax.set_title(f"$L_{{{k + 1}}}$   norm {float((basis[k] ** 2).sum() ** 0.5):.2f}", fontsize=10)
    figure.colorbar(image, ax=list(axes), shrink=0.8, label="entry (change of row per unit of column)")
    matrices = f"{algebra.dim} matrices" if algebra.dim > 1 else "one matrix"
    figure.suptitle(title or f"Basis of {algebra.name or 'a Lie algebra'}: {matrices} of size {algebra.n}")
    return figure
