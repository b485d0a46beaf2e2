from __future__ import annotations

import pytest

from pyg_liesym.plot.ladder import plot_ladders


def test_a_panel_for_each_question_with_the_certified_filled() -> None:
    figure = plot_ladders({"law": ([0.0, 0.5, 0.7], 1), "support": ([], 0), "density": ([0.1], 0)}, title="ring")
    assert [axes.get_title() for axes in figure.axes] == ["law: 1 of 3", "density: 0 of 1"]
    every, certified = figure.axes[0].lines
    assert len(every.get_xdata()) == 3
    assert list(certified.get_xdata()) == [1]
    with pytest.raises(ValueError, match="at least one ladder"):
        plot_ladders({"law": ([], 0)})
