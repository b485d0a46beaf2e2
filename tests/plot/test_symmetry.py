import pytest

from pyg_liesym.plot.symmetry import plot_errors_by_angle, plot_learned_against_data


def test_lines_are_the_errors():
    figure = plot_errors_by_angle([0.0, 3.141592653589793], {"strict": [0.0, 0.0], "free": [0.0, 0.4]})
    _strict, free = figure.axes[0].get_lines()
    assert free.get_xdata().tolist() == [0.0, 180.0]
    assert list(free.get_ydata()) == [0.0, 0.4]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["strict", "free"]


def test_dots_are_the_levels():
    figure = plot_learned_against_data([0.0, 0.1, 0.3], {"relaxed": [0.0, 0.12, 0.25]})
    diagonal, dots = figure.axes[0].get_lines()
    assert list(dots.get_xdata()) == [0.0, 0.1, 0.3]
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim()


def test_what_is_refused():
    with pytest.raises(ValueError, match="2 errors each"):
        plot_errors_by_angle([0.0, 1.0], {"a": [0.0]})
    with pytest.raises(ValueError, match="expected 1 levels"):
        plot_learned_against_data([0.0], {})
