from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from pyg_liesym.discovery.evidence.moments import CannotTell, Moments
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.lie.subspace import weighted_cosine


def points(count: int, *shape: int, seed: int = 0) -> Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def angle(found: LieAlgebra, truth: LieAlgebra) -> float:
    return float(found.principal_angles(truth).max())


def test_a_sphere_is_kept_by_rotations() -> None:
    relations = Relations(Moments.of(normalize(points(300, 3))))
    assert relations.num_exact == 1
    assert angle(relations.algebra(3), LieAlgebra.rotation(3)) < 1e-6
    assert relations.metric().cosine(torch.eye(3)) > 1 - 1e-9


def test_a_plane_is_kept_before_anything_else() -> None:
    """A sphere and its mirror image: a centre of mass at rest would outweigh the sphere."""
    sphere = normalize(points(400, 2))
    relations = Relations(Moments.of(torch.cat([sphere, -sphere], 1)))
    assert len(relations.lift.flat) == 2
    kept, left, ladder = relations.directions(LieAlgebra.general_linear(4).basis)
    assert (len(kept), len(left)) == (4, 4)
    assert ladder.tolist() == sorted(ladder.tolist())
    turn = LieAlgebra.rotation(2).repeat(2).basis[0].double()
    vectors = torch.cat([sphere, -sphere], 1)
    moved, expected = vectors @ kept[0].mT, vectors @ turn.mT
    cosine = (moved * expected).sum() / moved.norm() / expected.norm()
    assert abs(float(cosine)) > 1 - 1e-9


def test_noise_is_removed() -> None:
    shape = torch.tensor([[1.0, 0.5], [0.0, 2.0]], dtype=torch.float64)
    ellipse, truth = normalize(points(40_000, 2)) @ shape, LieAlgebra.rotation(2).conjugate(shape.mT.contiguous())
    moments = Moments.of(ellipse + 0.2 * points(40_000, 2, seed=1))
    assert Relations(moments).num_thin == 0
    relations = Relations(moments, noise=0.2)
    assert relations.num_exact == 1
    assert angle(relations.algebra(1), truth) < 0.02
    assert float(relations.spread[0]) > 2 * float(relations.thickness[0])


def test_a_number_may_be_part_of_a_relation() -> None:
    x = points(500, 4)
    mass = ((x @ minkowski()) * x).sum(1, keepdim=True)
    assert angle(Relations(Moments.of(x, mass)).algebra(6), LieAlgebra.lorentz()) < 1e-6


def test_what_cannot_be_told_is_said() -> None:
    with pytest.raises(CannotTell, match="at least as many samples"):
        Relations(Moments.of(points(100, 20)))
    with pytest.raises(ValueError, match="no quadric"):
        Relations(Moments.of(points(500, 3))).algebra(1)
    circle = Moments.of(normalize(points(500, 2)))
    with pytest.raises(ValueError, match="between 1 and 4"):
        Relations(circle).algebra(5)
    with pytest.raises(ValueError, match="as large as the vectors"):
        Relations(circle, noise=3.0)
    with pytest.raises(ValueError, match="standard deviation"):
        Relations(circle, noise=-1.0)
    with pytest.raises(ValueError, match="single vectors"):
        Relations(Moments.of(normalize(points(500, 2, 2), dim=-1))).metric()


def test_rough_polynomials_decide_what_sharp_ones_leave_open() -> None:
    """Momenta at right angles to positions: kept by any shear and its inverse, which a thick ring is not."""
    x = normalize(points(4000, 2)) * (1 + 0.2 * points(4000, 1, seed=2))
    turned = x.flip(1) * torch.tensor([1.0, -1.0], dtype=torch.float64) * (1 + 0.3 * points(4000, 1, seed=1))
    relations = Relations(Moments.of(torch.cat([x, turned], 1)))
    truth = LieAlgebra.rotation(2).repeat(2)
    moments = relations.second[:4, :4]
    assert abs(weighted_cosine(relations.algebra(1).basis[0], truth.basis[0], moments)) > 0.999
