import sys

import matplotlib as mpl
import numpy as np
import pytest
import torch

from pyg_liesym.lie import LieAlgebra
from pyg_liesym.plot import plot_basis


def test_no_global_state(drawn):
    before = dict(mpl.rcParams)
    drawn(plot_basis(LieAlgebra.rotation(3)))
    assert dict(mpl.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert not sys.modules["matplotlib.pyplot"].get_fignums()


@pytest.mark.parametrize("size", [2, 4, 8])
def test_basis_shows_every_matrix_on_one_scale(size, drawn, panels):
    algebra = LieAlgebra(torch.randn(5, size, size, generator=torch.Generator().manual_seed(0)), "learned")
    figure = plot_basis(algebra, columns=3)
    text = drawn(figure)
    assert "Basis of learned: 5 matrices" in text
    shown = panels(figure)
    assert len(shown) == 5
    limit = algebra.basis.abs().max().item()
    for ax, matrix in zip(shown, algebra.basis, strict=True):
        (image,) = ax.get_images()
        np.testing.assert_allclose(image.get_array(), matrix.numpy(), rtol=1e-6)
        assert image.get_clim() == pytest.approx((-limit, limit))
        assert len(ax.texts) == (size**2 if size <= 6 else 0)


def test_basis_is_white_at_zero_and_names_coordinates(drawn, panels):
    figure = plot_basis(LieAlgebra.lorentz(), coordinates=("E", "px", "py", "pz"))
    text = drawn(figure)
    assert "so(1,3)" in text
    assert "norm 1.41" in text
    image = panels(figure)[0].get_images()[0]
    assert min(image.cmap(image.norm(0.0))) > 0.95
    assert [label.get_text() for label in panels(figure)[0].get_yticklabels()] == ["E", "px", "py", "pz"]


def test_basis_of_a_tensor_of_zeros(drawn):
    assert "one matrix" in drawn(plot_basis(torch.zeros(1, 3, 3), title=None))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plot_basis(torch.zeros(0, 2, 2)), "K = 0"),
        (lambda: plot_basis(LieAlgebra.rotation(3), coordinates=("x", "y")), "expected 3 coordinate names"),
    ],
)
def test_what_cannot_be_shown_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
