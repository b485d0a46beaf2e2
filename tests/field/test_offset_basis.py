import math

import pytest
import torch

from pyg_liesym.field.offset_basis import RingBasis, StencilBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.stencil import orbits, stencil


@pytest.mark.parametrize("basis", [StencilBasis(stencil(3)), RingBasis.up_to(2.0, count=3, max_frequency=3)])
def test_moved_is_what_happens_to_the_functions(basis):
    quarter = PointGroup.dihedral(4).matrices()[5]
    places = stencil(3) if isinstance(basis, StencilBasis) else torch.randn(20, 2, dtype=torch.float64)
    torch.testing.assert_close(basis(places @ quarter.mT), basis(places) @ basis.moved(quarter).mT)


def test_a_stencil_cannot_be_turned_by_any_angle():
    with pytest.raises(ValueError, match="quarter turns"):
        StencilBasis(stencil(3)).moved(PointGroup.cyclic(8).matrices()[1])


def test_functions_of_rings_are_smooth_at_the_centre():
    basis = RingBasis.up_to(2.0, count=3, max_frequency=3)
    offsets = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    values = basis(offsets)
    assert values[0, 0] == 1
    assert not values[0, 1:].any()
    values.sum().backward()
    assert offsets.grad.isfinite().all()
    around = basis(1e-6 * torch.randn(9, 2, dtype=torch.float64))
    torch.testing.assert_close(around, values.detach().expand(9, -1), atol=1e-10, rtol=0)


def test_a_ring_basis_without_room_for_products_is_refused():
    with pytest.raises(ValueError, match="need a basis up to 4"):
        RingBasis.up_to(2.0, count=2, max_frequency=2, relaxed_frequency=1).modes(PointGroup.so2(), 3, relaxed=True)
    with pytest.raises(ValueError, match="positive radius"):
        RingBasis.up_to(0.0, count=2, max_frequency=2)


def test_offsets_that_are_not_of_the_stencil_have_no_function():
    basis = StencilBasis(stencil(3, spacing=0.5))
    assert basis(torch.tensor([[0.5, 0.0], [0.25, 0.0], [1.0, 0.0]])).sum(1).tolist() == [1.0, 0.0, 0.0]


def test_orbits_are_those_of_the_matrices():
    offsets = stencil(7)
    for group in (PointGroup.cyclic(4), PointGroup.dihedral(4), PointGroup.cyclic(2), PointGroup.dihedral(1)):
        images = torch.einsum("gij,sj->sgi", group.matrices(), offsets)
        together = (images[:, :, None] - offsets).norm(dim=-1).lt(1e-9).any(1)
        number = orbits(offsets, group)
        assert together.equal(number[:, None] == number)
    assert len(orbits(offsets, PointGroup.so2()).unique()) == len(offsets.square().sum(1).round().unique())


def test_beyond_its_reach_a_ring_basis_is_small():
    basis = RingBasis.up_to(2.5, count=3, max_frequency=2, relaxed_frequency=2)
    distance = torch.arange(1, 600, dtype=torch.float64) / 100
    for angle in (0.0, 1.0):
        offsets = distance[:, None] * torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
        values = basis(offsets).abs().amax(1)
        assert values[distance > basis.reach].max() < 0.02 * values.max()
        assert values[distance > 0.8 * basis.reach].max() > 0.1 * values.max()
