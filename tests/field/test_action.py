import math

import pytest
import torch

from pyg_liesym.field.action import quarter_turn, reflect, scale_interpolated, turn_interpolated
from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import Representation, scalars, vectors

D4 = PointGroup.dihedral(4)


def on_lattice(function, height, width):
    """A function of places in the plane as a field whose middle is the origin."""
    lattice = Lattice(height, width, origin=(-(width - 1) / 2, -(height - 1) / 2))
    return lattice.to_field(function(lattice.positions(torch.float64)))


def flow(places):
    """A vector field without any symmetry."""
    x, y = places.unbind(-1)
    return torch.stack([x + 0.3 * y**2, torch.sin(x) - 2 * y], -1)


@pytest.mark.parametrize("turns", [1, 2, 3, -1])
def test_quarter_turns_are_those_of_a_field_in_the_plane(turns):
    g = Representation.vector(D4).matrices(
        torch.tensor([turns * math.pi / 2], dtype=torch.float64), torch.tensor([False])
    )[0]
    shape = (4, 7) if turns % 2 == 0 else (7, 4)
    expected = on_lattice(lambda r: flow(r @ g) @ g.mT, *shape)
    torch.testing.assert_close(quarter_turn(on_lattice(flow, 4, 7), vectors(D4, 1), turns), expected)


def test_a_reflection_turns_y_over():
    mirror = torch.tensor([1.0, -1.0], dtype=torch.float64)
    expected = on_lattice(lambda r: flow(r * mirror) * mirror, 4, 7)
    torch.testing.assert_close(reflect(on_lattice(flow, 4, 7), vectors(D4, 1)), expected)


def test_interpolated_turns_converge_to_exact_ones():
    """On H ≠ W: a smooth bump turned by 0.4 rad, and a quarter turn on a square lattice."""
    so2, angle = PointGroup.so2(), 0.4
    g = Representation.vector(so2).matrices(torch.tensor([angle], dtype=torch.float64), torch.tensor([False]))[0]

    def bump(places):
        return flow(places / 8) * (-(places - 1).square().sum(-1, keepdim=True) / 18).exp()

    turned = turn_interpolated(on_lattice(bump, 41, 51), vectors(so2, 1), angle)
    expected = on_lattice(lambda r: bump(r @ g) @ g.mT, 41, 51)
    assert (turned - expected).norm() < 0.03 * expected.norm()
    square = on_lattice(bump, 21, 21)
    torch.testing.assert_close(
        turn_interpolated(square, vectors(so2, 1), math.pi / 2),
        quarter_turn(square, vectors(so2, 1)),
        atol=1e-6,
        rtol=0,
    )


def test_scaling_makes_things_grow():
    field = on_lattice(lambda r: (-r.square().sum(-1, keepdim=True) / 32).exp(), 31, 33)
    expected = on_lattice(lambda r: (-r.square().sum(-1, keepdim=True) / 128).exp(), 31, 33)
    assert (scale_interpolated(field, 2.0) - expected)[..., 4:-4, 4:-4].abs().max() < 0.02
    with pytest.raises(ValueError, match="positive factor"):
        scale_interpolated(field, 0.0)


def test_channels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="1 channels"):
        quarter_turn(torch.ones(1, 2, 3, 3), scalars(D4, 1))
