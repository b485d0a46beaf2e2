"""The ladder of a discovery: how far every direction is from a symmetry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOWEST = 1e-16


def plot_ladders(ladders: Mapping[str, tuple[Sequence[float], int]], *, title: str | None = None) -> Figure:
    """Squared defects of the directions that were looked at, ascending, one panel for each question.

    Filled are the directions that are certified. A ladder without a step has no symmetry to show.

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
        heights = [max(float(value), _LOWEST) for value in values]
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
