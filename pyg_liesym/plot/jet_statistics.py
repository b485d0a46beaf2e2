"""Two samples of jets, percentile by percentile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyg_liesym.metrics.jet_comparison import Point
from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 4


def plot_jet_statistics(points: Sequence[Point], *, reference: str = "reference") -> Figure:
    """The ratio of every percentile to the reference's, with the errors of both, a panel for every quantity.

    Filled points are judged (the median, the 16th and 84th percentile), crosses are outside. Percentiles whose
    reference is zero are left out.

    Args:
        points: From :func:`~pyg_liesym.metrics.jet_comparison.compare_jets`.
        reference: Name of the other sample.

    Raises:
        ValueError: If there are no points.

    Example:
        >>> figure = plot_jet_statistics([Point("top", "jet_mass_GeV", 50.0, 175.0, 1.0, 174.0, 2.0)])
        >>> figure.axes[0].get_title()
        'jet mass GeV'
    """
    from matplotlib.figure import Figure

    if not points:
        raise ValueError("expected at least one point, got none")
    quantities = list(dict.fromkeys(point.quantity for point in points))
    kinds = list(dict.fromkeys(point.kind for point in points))
    rows = -(-len(quantities) // _COLUMNS)
    columns = min(_COLUMNS, len(quantities))
    figure = Figure(figsize=(3.4 * columns, 2.9 * rows), layout="constrained")
    panels = np.atleast_1d(figure.subplots(rows, columns, sharex=True)).ravel()
    for ax in panels[len(quantities) :]:
        ax.remove()
    for ax, quantity in zip(panels, quantities, strict=False):
        ax.axhline(1, color="#999999", linewidth=1)
        for shift, kind in enumerate(kinds):
            shown = [p for p in points if (p.quantity, p.kind) == (quantity, kind) and abs(p.reference) > 1e-4]
            ratio = np.array([p.value / p.reference for p in shown])
            error = np.array([np.hypot(p.error, p.reference_error) / abs(p.reference) for p in shown])
            percent = np.array([p.percent for p in shown]) + 1.5 * shift
            colour = COLOURS[shift % len(COLOURS)]
            ax.errorbar(percent, ratio, error, fmt="none", ecolor=colour, elinewidth=1)
            for p, x, y in zip(shown, percent, ratio, strict=True):
                marker = "x" if p.judged and not p.inside else "o"
                ax.plot(x, y, marker, color=colour, markerfacecolor=colour if p.judged else "white", markersize=5)
            ax.plot([], [], "o", color=colour, label=kind)
        ax.set(title=quantity.replace("_", " "), ylim=(0.7, 1.3))
        ax.tick_params(labelbottom=True)
        ax.grid(alpha=0.3)
    panels[0].legend(frameon=False)
    figure.supxlabel("percentile")
    figure.supylabel(f"ours / {reference}")
    return figure
