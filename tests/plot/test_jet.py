import pytest
import torch

from pyg_liesym.plot import plot_jet


def test_jet(drawn):
    figure = plot_jet(torch.zeros(3, 2), torch.tensor([1.0, 2.0, 3.0]))
    assert "sum of pT 6 GeV in N = 3 constituents" in drawn(figure)
    areas = figure.axes[0].collections[0].get_sizes()
    assert areas[2] > areas[1] > areas[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_jet(torch.zeros(3, 2), torch.zeros(2)), r"\[3, 2\] and \[2\]"),
        (lambda: plot_jet(torch.zeros(0, 2), torch.zeros(0)), "N >= 1"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
