import pytest

from pyg_liesym.metrics.robustness import Drift
from pyg_liesym.plot.robustness import plot_robustness


def drifts(factor):
    nan = float("nan")
    rows = [("boost", 0.1, 0.01, 0.001), ("boost", 1.0, 0.1, nan), ("rotation", 0.5, 0.0, 0.01)]
    return [
        Drift(name, size, 0.9, -factor * change, error, factor * change, 0.0, 0.0) for name, size, change, error in rows
    ]


def test_a_column_for_each_transformation(drawn):
    figure = plot_robustness({"LieGNN": drifts(0.0), "ParticleNet": drifts(1.0)})
    text = drawn(figure)
    for word in ("boost", "rotation", "rapidity", "angle [rad]", "LieGNN", "ParticleNet"):
        assert word in text
    assert len(figure.axes) == 4
    lines = [line.get_data() for line in figure.axes[0].lines]
    assert [list(values) for _, values in lines] == [[1e-17, 1e-17], [0.01, 0.1]]


def test_nothing_to_show():
    with pytest.raises(ValueError, match="got none"):
        plot_robustness({})
