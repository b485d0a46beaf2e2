"""What came out of many trials, as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_outcomes(counts: Mapping[str, Mapping[str, float]], *, title: str | None = None) -> Figure:
    """A horizontal bar for each thing that was tried, divided by what came out.

    Args:
        counts: What was tried → outcome → how often; the outcomes in one order for all.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw, or something was never tried.

    Example:
        >>> figure = plot_outcomes({"circle": {"right": 9, "wrong": 1}, "square": {"right": 0, "wrong": 10}})
        >>> figure.axes[0].get_xlabel()
        'share of the trials'
    """
    from matplotlib.figure import Figure

    if not counts or any(sum(own.values()) <= 0 for own in counts.values()):
        raise ValueError("expected at least one thing that was tried, and trials of each, got none")
    figure = Figure(figsize=(7.0, 1.2 + 0.22 * len(counts)), layout="constrained")
    panel = figure.subplots()
    names = list(counts)
    start = dict.fromkeys(names, 0.0)
    for outcome, colour in zip(dict.fromkeys(o for own in counts.values() for o in own), COLOURS, strict=False):
        shares = {name: counts[name].get(outcome, 0.0) / sum(counts[name].values()) for name in names}
        panel.barh(names, list(shares.values()), left=list(start.values()), color=colour, label=outcome)
        start = {name: start[name] + shares[name] for name in names}
    panel.invert_yaxis()
    panel.set_xlim(0, 1)
    panel.set_xlabel("share of the trials")
    panel.margins(y=0.01)
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    if title:
        panel.set_title(title)
    return figure
