import numpy as np
import pytest
import torch

from pyg_liesym.lie import LieAlgebra, minkowski
from pyg_liesym.plot import plot_metric


def test_metric_alone_and_with_a_reference(drawn, panels):
    metric = LieAlgebra.lorentz().invariant_metric()
    assert "Invariant metric, signature (1, 3)" in drawn(plot_metric(metric))
    figure = plot_metric(3 * minkowski(dtype=torch.float32), metric, coordinates=("E", "px", "py", "pz"))
    text = drawn(figure)
    assert "cosine with the reference 1.0000" in text
    assert "difference" in text
    assert "−0.500" in text
    assert len(panels(figure)) == 3
    np.testing.assert_allclose(panels(figure)[2].get_images()[0].get_array(), 0, atol=1e-7)
    assert "cosine with the reference -1.0000" in drawn(plot_metric(-minkowski(), minkowski()))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_metric(torch.zeros(2, 3)), r"square matrix \[n, n\], got shape \[2, 3\]"),
        (lambda: plot_metric(torch.zeros(2, 2)), "zeros"),
        (lambda: plot_metric(torch.full((2, 2), torch.nan)), "NaN"),
        (lambda: plot_metric(torch.eye(2), torch.eye(3)), r"\[2, 2\] and \[3, 3\]"),
        (lambda: plot_metric(torch.eye(2), coordinates="xyz"), "expected 2 coordinate names"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
