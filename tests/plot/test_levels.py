import pytest

from pyg_liesym.plot.levels import plot_levels


def test_a_panel_for_each_score_and_number_of_samples(drawn):
    errors = {"strict": {10: [[1.0, 4.0], [2.0, 2.0]], 100: [[1.0, 1.0], [2.0, 2.0]]}, "free": {10: [[3.0, 3.0]] * 2}}
    figure = plot_levels([0.0, 0.5], {"seen": errors, "turned": errors}, level="trap", title="Orbits")
    assert len(figure.axes) == 4
    line = figure.axes[0].containers[0].lines[0]
    assert line.get_ydata().tolist() == pytest.approx([2.0, 2.0])
    assert len(figure.axes[0].containers) == 2
    assert len(figure.axes[1].containers) == 1
    text = drawn(figure)
    assert all(word in text for word in ("strict", "free", "trap", "seen", "turned", "Orbits", "100 samples", "0.5"))


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="at least one network"):
        plot_levels([0.0], {"seen": {}})
