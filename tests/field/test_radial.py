from __future__ import annotations

import pytest
import torch

from pyg_liesym.field.radial import layout, radial, radial_overlap, spaced


@pytest.mark.parametrize("dim", [2, 3])
def test_overlaps_are_integrals(dim: int) -> None:
    """Against a sum over a lattice of points."""
    radii, width = spaced(2.0, 3)
    line = torch.arange(-4.0, 4.0, 0.1, dtype=torch.float64) + 0.05
    places = torch.cartesian_prod(*[line] * dim)
    values = radial(places, radii, width)
    torch.testing.assert_close(radial_overlap(radii, width, dim), 0.1**dim * values.mT @ values, rtol=1e-3, atol=1e-6)


def test_only_the_first_reaches_the_centre_and_gradients_are_finite() -> None:
    offsets = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    values = radial(offsets, (0.0, 0.8), 0.4)
    assert values.tolist() == [[1.0, 0.0]]
    values.sum().backward()
    assert torch.equal(offsets.grad, torch.zeros_like(offsets))


def test_layout() -> None:
    rings, harmonics = layout((0.0, 1.0), 3)
    assert rings.tolist() == [0, 1, 1, 1]
    assert harmonics.tolist() == [0, 0, 1, 2]


def test_no_rings() -> None:
    with pytest.raises(ValueError, match=r"positive radius and number, got 1\.0 and 0"):
        spaced(1.0, 0)
