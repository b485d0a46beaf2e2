from __future__ import annotations

import pytest

from pyg_liesym.plot.ladder import plot_breakings, plot_ladders


def test_a_panel_for_each_question_with_the_certified_filled() -> None:
    figure = plot_ladders({"law": ([0.0, 0.5, 0.7], 1), "support": ([], 0), "density": ([0.1], 0)}, title="ring")
    assert [axes.get_title() for axes in figure.axes] == ["law: 1 of 3", "density: 0 of 1"]
    every, certified = figure.axes[0].lines
    assert len(every.get_xdata()) == 3
    assert list(certified.get_xdata()) == [1]
    with pytest.raises(ValueError, match="at least one ladder"):
        plot_ladders({"law": ([], 0)})


def test_candidates_with_intervals_and_the_margin() -> None:
    rows = [
        ("C4", (0.0, 0.0, 0.02), "certified"),
        ("C3", (0.2, 0.3, 0.4), "refuted"),
        ("C5", (0.0, 0.1, 0.3), "no evidence"),
    ]
    figure = plot_breakings(rows, 0.05, title="square")
    (panel,) = figure.axes
    assert [label.get_text() for label in panel.get_yticklabels()] == ["C4", "C3", "C5"]
    assert panel.get_title() == "square"
    intervals, estimates, (margin,) = panel.lines[0:6:2], panel.lines[1:6:2], panel.lines[6:]
    assert list(intervals[1].get_xdata()) == [0.2, 0.4]
    assert estimates[1].get_xdata()[0] == 0.3
    assert 0 < intervals[0].get_xdata()[0] < 0.02, "zero has no place on a logarithmic axis"
    assert list(margin.get_xdata()) == [0.05, 0.05]
    assert len({line.get_color() for line in estimates}) == 3
    with pytest.raises(ValueError, match="at least one candidate"):
        plot_breakings([], 0.05)
