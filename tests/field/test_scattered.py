"""Values at scattered points on a lattice."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.sampling import perturbed_positions
from pyg_liesym.field.scattered import lattice_of_points, lattice_values


def moved(lattice: Lattice, seed: int = 0) -> Tensor:
    return perturbed_positions(lattice, 0.4, torch.Generator().manual_seed(seed)).double()


def waves(pos: Tensor) -> Tensor:
    x, y = pos.unbind(-1)
    return torch.stack([torch.sin(0.5 * x + 0.3 * y), torch.cos(0.4 * y)], -1)


def test_points_of_a_lattice_come_out_as_they_are() -> None:
    lattice = Lattice(12, 17, (0.25, 0.25), (3.0, -1.0))
    pos = lattice.positions(torch.float64)
    found = lattice_of_points(pos[torch.randperm(len(pos))])
    assert (found.height, found.width) == (12, 17)
    assert found.spacing == pytest.approx(lattice.spacing)
    assert found.origin == pytest.approx(lattice.origin)
    values = torch.randn(3, len(pos), 2, dtype=torch.float64)
    torch.testing.assert_close(
        lattice_values(values, pos, found), lattice.to_field(values.flatten(0, 1)), atol=1e-5, rtol=0
    )


def test_linear_values_are_exact_and_smooth_ones_nearly() -> None:
    pos = moved(Lattice(30, 40))
    lattice = lattice_of_points(pos)
    assert 0.9 < lattice.spacing[0] < 1.1
    places = lattice.to_field(lattice.positions(torch.float64))[0]
    field = lattice_values(torch.stack([pos, waves(pos)]), pos, lattice)
    known = field.isfinite().all(1).all(0)
    assert known.float().mean() > 0.95
    assert (field[0] - places)[:, known].abs().max() < 1e-4
    smooth = waves(places.movedim(0, -1)).movedim(-1, 0)
    inner = slice(3, -3)
    assert (field[1] - smooth)[:, inner, inner].square().mean().sqrt() < 0.01


def test_nothing_is_invented_far_from_points() -> None:
    """A hole in the points is a gap in the field, and so is all outside of them."""
    pos = moved(Lattice(30, 30))
    middle = pos.mean(0)
    distance = (pos - middle).norm(dim=1)
    pos = pos[(distance > 5) & (distance < 14)]
    lattice = lattice_of_points(pos, 1.0)
    known = lattice_values(waves(pos)[None], pos, lattice)[0].isfinite().all(0)
    away = (lattice.to_field(lattice.positions(torch.float64))[0] - middle[:, None, None]).norm(dim=0)
    assert not known[away < 3].any()
    assert not known[away > 14.5].any()
    assert known[(away > 6) & (away < 12)].all()


def test_a_turned_and_scaled_flow_has_the_same_density() -> None:
    pos = moved(Lattice(30, 30))
    turn = torch.tensor([[math.cos(0.6), math.sin(0.6)], [-math.sin(0.6), math.cos(0.6)]], dtype=torch.float64)
    own, other = lattice_of_points(pos).spacing[0], lattice_of_points(1e-4 * pos @ turn + 7).spacing[0]
    assert other == pytest.approx(1e-4 * own, rel=1e-6)


SQUARE = Lattice(4, 4).positions(torch.float64)


@pytest.mark.parametrize(
    ("pos", "spacing", "message"),
    [
        (torch.zeros(5, 3), None, r"places \[N, 2\] of four points or more, got \[5, 3\]"),
        (SQUARE[:3], None, "four points or more"),
        (torch.cat([SQUARE, SQUARE[:1] * torch.nan]), None, "1 of 17 places are not finite"),
        (torch.cat([SQUARE, SQUARE[2:3]]), None, "the same for 2 and 16"),
        (torch.linspace(0, 1, 20).double()[:, None] * torch.tensor([2.0, 1.0]), None, "nearly on a line"),
        (SQUARE, 0.2, r"a spacing of 0.5 or more, half of that of the points, got 0.2"),
        (SQUARE, -1.0, "a spacing of 0.5 or more"),
    ],
)
def test_what_are_no_points_in_a_plane(pos: Tensor, spacing: float | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lattice_of_points(pos, spacing)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (torch.zeros(2, 15, 1), r"values \[T, 16, C\] of 16 points, got \[2, 15, 1\]"),
        (torch.zeros(16, 2), r"got \[16, 2\]"),
        (
            torch.zeros(2, 16, 1).index_fill(1, torch.tensor([3, 5]), torch.nan),
            "2 of 16 points have values",
        ),
    ],
)
def test_values_are_one_for_each_point(values: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        lattice_values(values, SQUARE, Lattice(4, 4))
