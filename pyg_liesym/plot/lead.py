"""How errors grow with the time ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyg_liesym.plot.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_lead_errors(
    errors: Mapping[str, Sequence[float]], *, unit: str | None = None, title: str | None = None
) -> Figure:
    """Errors frame by frame, a line for each forecast, the first one thick.

    Args:
        errors: Name → error of the first frame ahead, the second, and so on; the first name is what is judged.
        unit: Unit of the errors.
        title: Heading.

    Raises:
        ValueError: If there are no errors, or not as many of each.

    Example:
        >>> figure = plot_lead_errors({"network": [0.1, 0.2], "nothing changes": [0.2, 0.3]}, unit="m/s")
        >>> figure.axes[0].get_ylabel()
        'RMSE [m/s]'
    """
    from matplotlib.figure import Figure

    lengths = {len(each) for each in errors.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise ValueError(f"expected as many errors of each forecast, got {sorted(lengths)}")
    figure = Figure(figsize=(5.5, 3.8), layout="constrained")
    ax = figure.subplots()
    for number, (name, each) in enumerate(errors.items()):
        style, width = ("o-", 2.4) if number == 0 else (".--", 1.2)
        colour = COLOURS[number % len(COLOURS)]
        ax.plot(range(1, len(each) + 1), each, style, label=name, color=colour, linewidth=width)
    ax.set(xlabel="frames ahead", ylabel=f"RMSE [{unit}]" if unit else "RMSE", xticks=range(1, max(lengths) + 1))
    ax.set_ylim(bottom=0)
    ax.set_title(title or "Errors of forecasts in the test")
    ax.grid(alpha=0.3)
    ax.legend(fontsize=8)
    return figure
