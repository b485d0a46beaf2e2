"""How networks leave a symmetry while they learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyg_liesym.plot.style import line_chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_relaxation(
    courses: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, title: str | None = None
) -> Figure:
    """The relaxation of networks over their training, one line each.

    Args:
        courses: Name → steps, and the relaxation at each.
        title: Heading.

    Raises:
        ValueError: If there is nothing to draw, or a line has other numbers of steps and values.

    Example:
        >>> figure = plot_relaxation({"symmetric data": ([0, 10], [0.0, 0.01]), "broken data": ([0, 10], [0.0, 0.3])})
        >>> figure.axes[0].get_xlabel()
        'training step'
    """
    if not courses or any(len(steps) != len(values) for steps, values in courses.values()):
        lengths = {name: (len(steps), len(values)) for name, (steps, values) in courses.items()}
        raise ValueError(f"expected as many values as steps for each name, got {lengths}")
    return line_chart(
        courses,
        xlabel="training step",
        ylabel="relaxation ‖K − K̄‖ / ‖K‖",
        title=title or "A relaxed network leaves the symmetry where the data do",
    )
