"""How far from a symmetry: every direction that was looked at, and every candidate that was judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOWEST = 1e-16


def plot_ladders(ladders: Mapping[str, tuple[Sequence[float], int]], *, title: str | None = None) -> Figure:
    """Squared defects of the directions that were looked at, ascending, one panel for each question.

    Filled are the directions that are certified. A ladder without a step has no symmetry to show. Directions that leave
    the plane of the data have no finite defect, and no dot.

    Args:
        ladders: Question → its ladder, ascending, and how many of its directions are certified.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw.

    Example:
        >>> figure = plot_ladders({"law": ([1e-9, 0.4, 0.6], 1)})
        >>> figure.axes[0].get_title()
        'law: 1 of 3'
    """
    from matplotlib.figure import Figure

    drawn = {name: (values, dim) for name, (values, dim) in ladders.items() if len(values)}
    if not drawn:
        raise ValueError("expected at least one ladder with a direction, got none")
    figure = Figure(figsize=(3.2 * len(drawn), 3.0), layout="constrained")
    for panel, (name, (values, dim)) in zip(
        figure.subplots(1, len(drawn), squeeze=False)[0], drawn.items(), strict=True
    ):
        heights = [max(float(value), _LOWEST) if math.isfinite(value) else math.nan for value in values]
        places = range(1, len(heights) + 1)
        panel.plot(places, heights, "o", markerfacecolor="white", color=COLOURS[0])
        panel.plot(places[:dim], heights[:dim], "o", color=COLOURS[0])
        panel.set_yscale("log")
        panel.set_title(f"{name}: {dim} of {len(heights)}")
        panel.set_xlabel("direction")
    figure.axes[0].set_ylabel("squared defect")
    if title:
        figure.suptitle(title)
    return figure


_STATUS = {"certified": COLOURS[2], "refuted": COLOURS[1], "no evidence": COLOURS[6]}


def plot_breakings(
    candidates: Sequence[tuple[str, tuple[float, float, float], str]],
    margin: float,
    *,
    of: str = "of what random maps break",
    title: str | None = None,
) -> Figure:
    """What candidates break, with intervals, over what there is to break: 0 for a symmetry, about 1 for none.

    Green are those that are certified, red those that are refuted, grey those that the data leave open.

    Args:
        candidates: Name, lower bound, estimate and upper bound, and status of each.
        margin: The breaking up to which a candidate counts as symmetric, a dashed line.
        of: What there is to break.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw.

    Example:
        >>> figure = plot_breakings([("C4", (0.0, 0.0, 0.02), "certified"), ("C3", (0.2, 0.3, 0.4), "refuted")], 0.05)
        >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
        ['C4', 'C3']
    """
    from matplotlib.figure import Figure

    if not candidates:
        raise ValueError("expected at least one candidate, got none")
    figure = Figure(figsize=(4.4, 1.0 + 0.28 * len(candidates)), layout="constrained")
    panel = figure.add_subplot()
    lowest = min([margin, *(high for _, (_, _, high), _ in candidates if high > 0)]) / 30
    for place, (_, bounds, status) in enumerate(candidates):
        low, size, high = (max(bound, lowest) for bound in bounds)
        panel.plot([low, high], [place, place], "-", color=_STATUS[status], linewidth=2)
        panel.plot([size], [place], "o", color=_STATUS[status], markersize=5)
    panel.axvline(margin, color=COLOURS[6], linestyle="--", linewidth=1)
    panel.set_xscale("log")
    panel.set_xlim(lowest / 1.5, 3 * max(1.0, *(high for _, (_, _, high), _ in candidates)))
    panel.set_yticks(range(len(candidates)), [name for name, _, _ in candidates], fontsize=9)
    panel.invert_yaxis()
    panel.set_xlabel(f"broken, {of}")
    if title:
        panel.set_title(title)
    return figure
