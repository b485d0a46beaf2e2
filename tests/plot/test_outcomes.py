from __future__ import annotations

import pytest

from pyg_liesym.plot.outcomes import plot_outcomes


def test_bars_fill_and_are_divided() -> None:
    figure = plot_outcomes({"circle": {"right": 3, "wrong": 1}, "square": {"right": 0, "wrong": 2}}, title="trials")
    widths = [bar.get_width() for container in figure.axes[0].containers for bar in container]
    assert widths == [0.75, 0.0, 0.25, 1.0]
    with pytest.raises(ValueError, match="got none"):
        plot_outcomes({"circle": {"right": 0}})
