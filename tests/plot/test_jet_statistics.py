import pytest

from pyg_liesym.metrics.jet_comparison import Point
from pyg_liesym.plot.jet_statistics import plot_jet_statistics


def test_a_panel_for_every_quantity_and_a_cross_for_what_is_outside():
    points = [
        Point("qcd", "jet_mass_GeV", 50.0, 100.0, 0.1, 80.0, 0.1),
        Point("top", "jet_mass_GeV", 50.0, 174.0, 0.1, 173.0, 0.1),
        Point("top", "constituents_per_jet", 16.0, 40.0, 0.1, 40.0, 0.1),
        Point("top", "constituents_per_jet", 1.0, 1.0, 0.1, 0.0, 0.1),
    ]
    figure = plot_jet_statistics(points, reference="theirs")
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["jet mass GeV", "constituents per jet"]
    drawn = [(line.get_marker(), len(line.get_xdata())) for line in figure.axes[0].get_lines()]
    assert ("x", 1) in drawn
    shown = [line for line in figure.axes[1].get_lines() if line.get_marker() in "xo" and len(line.get_xdata())]
    assert len(shown) == 1  # a reference of zero has no ratio
    assert figure.get_supylabel() == "ours / theirs"


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="at least one point"):
        plot_jet_statistics([])
