"""How taggers' scores drift under transformations of growing size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyg_liesym.metrics.robustness import Drift
from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Changes of an area that would not matter are drawn small.
_LEAST = 1e-4


def plot_robustness(drifts: Mapping[str, Sequence[Drift]], *, title: str | None = None) -> Figure:
    """A column for each transformation; above the mean change of the scores, below that of the area under the ROC.

    Args:
        drifts: Name of a tagger → what :func:`~pyg_liesym.metrics.robustness` returned.
        title: Heading.

    Raises:
        ValueError: If there is nothing to show.

    Example:
        >>> drift = Drift("boost", 1.0, 0.9, -0.05, 0.01, 0.1, 0.2, 0.3)
        >>> len(plot_robustness({"a tagger": [drift]}).axes)
        2
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(drift.transformation for rows in drifts.values() for drift in rows))
    if not names:
        raise ValueError("expected at least one tagger with drifts, got none")
    figure = Figure(figsize=(3.2 * len(names) + 0.8, 5.4), layout="constrained")
    axes = figure.subplots(2, len(names), squeeze=False, sharex="col", sharey="row")
    for column, name in enumerate(names):
        above, below = axes[:, column]
        for k, (tagger, rows) in enumerate(drifts.items()):
            own = [drift for drift in rows if drift.transformation == name]
            style = {"color": COLOURS[k % len(COLOURS)], "marker": _MARKERS[k % len(_MARKERS)], "markersize": 4}
            sizes = [drift.size for drift in own]
            above.plot(sizes, [max(drift.mean_change, 1e-17) for drift in own], label=tagger, **style)
            errors = [
                0.0 if drift.auc_change_error != drift.auc_change_error else drift.auc_change_error for drift in own
            ]
            below.errorbar(sizes, [drift.auc_change for drift in own], yerr=errors, **style)
        above.set(xscale="log", yscale="log", title=name)
        below.axhline(0, color="#999999", linewidth=1, linestyle=":")
        below.set(xlabel="rapidity" if "boost" in name else "angle [rad]" if "rotation" in name else "size")
        for panel in (above, below):
            panel.minorticks_off()  # to draw them would take most of the time
            panel.grid(alpha=0.3)
    low, high = axes[1, 0].get_ylim()
    axes[1, 0].set_ylim(min(low, -_LEAST), max(high, _LEAST))
    axes[0, 0].set_ylabel("mean |change| of the scores")
    axes[1, 0].set_ylabel("change of the AUC")
    axes[0, -1].legend(frameon=False, fontsize=8)
    figure.suptitle(title or "Drift of the scores: rounding errors only is invariant")
    return figure
