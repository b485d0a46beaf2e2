import pytest

from pyg_liesym.plot.front import plot_pareto_front

POINTS = {
    "large": (30.0, 0.975, 0.001),
    "fast": (250.0, 0.974, 0.0),
    "tiny": (600.0, 0.96, 0.001),
    "bad": (90.0, 0.9, 0),
}


def test_the_front_and_its_knee(drawn):
    figure = plot_pareto_front(POINTS)
    text = drawn(figure)
    for word in (*POINTS, "front", "knee", "training, jets/s"):
        assert word in text
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines["front"].get_xdata()) == [600.0, 250.0, 30.0]
    assert list(lines["knee"].get_xdata()) == [250.0]


def test_nothing_to_show():
    with pytest.raises(ValueError, match="at least one candidate"):
        plot_pareto_front({})
