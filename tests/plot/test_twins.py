import pytest

from pyg_liesym.plot.twins import plot_twins


def test_dots_are_the_seeds(drawn):
    scores = {"strict": {"0": [1.0, 1.2], "0.1": [2.0, 2.2]}, "relaxed": {"0": [1.1], "0.1": [1.3]}}
    figure = plot_twins(scores, score="RMSE", level="wind", title="Flow")
    lines = figure.axes[0].get_lines()
    assert [line.get_ydata().tolist() for line in lines] == [[1.0, 1.2], [2.0, 2.2], [1.1], [1.3]]
    assert len({tuple(line.get_xdata()) for line in lines}) == 4
    text = drawn(figure)
    assert all(word in text for word in ("strict", "relaxed", "wind", "RMSE", "Flow", "0.1"))


def test_what_is_refused():
    for scores in ({}, {"strict": {}}, {"strict": {"0": [1.0]}, "free": {"1": [1.0]}}):
        with pytest.raises(ValueError, match="same levels"):
            plot_twins(scores, score="RMSE", level="wind")
