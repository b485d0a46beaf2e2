import numpy as np
import pytest
import torch

from pyg_liesym.metrics.tagging import roc
from pyg_liesym.plot import plot_roc


def test_roc_shows_rejection_and_area(drawn):
    score = torch.linspace(0, 1, 200)
    label = (score + 0.2 * torch.randn(200, generator=torch.Generator().manual_seed(0)) > 0.5).long()
    curve = roc(score, label)
    figure = plot_roc({"LieGNN": curve, "perfect": ([0.0, 1.0, 1.0], [0.0, 0.0, 1.0])})
    text = drawn(figure)
    assert f"LieGNN (AUC {curve.auc:.4f})" in text
    assert "perfect (AUC 1.0000)" in text
    ax = figure.axes[0]
    assert ax.get_yscale() == "log"
    signal, rejection = ax.lines[0].get_data()
    positive = curve.background > 0
    np.testing.assert_allclose(signal, curve.signal[positive])
    np.testing.assert_allclose(rejection, 1 / curve.background[positive])


def test_roc_of_many_curves_has_distinct_lines(drawn):
    figure = plot_roc({str(k): (torch.linspace(0, 1, 9) ** (1 / k), torch.linspace(0, 1, 9)) for k in range(1, 10)})
    drawn(figure)
    assert len({(line.get_color(), line.get_linestyle()) for line in figure.axes[0].lines}) == 10


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_roc({}), "at least one curve"),
        (lambda: plot_roc({"a": ([0.0, 1.0], [0.0])}), "curve 'a'"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
