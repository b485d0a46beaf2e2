"""Supports of a degree above two."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.lift import QuadraticLift
from pyg_liesym.discovery.evidence.moments import Moments
from pyg_liesym.discovery.evidence.polynomials import PolynomialLift
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.lie.algebra import LieAlgebra


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def lifts(values: Tensor, degree: int) -> tuple[QuadraticLift, PolynomialLift]:
    mean, covariance = values.mean(0), torch.cov(values.mT, correction=0)
    return QuadraticLift(mean, covariance, 3), PolynomialLift(mean, covariance, 3, degree=degree)


def unit_product() -> Tensor:
    """Points of xyz = 1, which unequal scalings of product one keep."""
    values = normal(4000, 3).exp()
    values = values / values.prod(1, keepdim=True) ** (1 / 3)
    return values[(values < 4).all(1)]


def test_degree_two_is_that_of_the_closed_form() -> None:
    one, other = (normal(400, 4, seed=seed) @ normal(4, 4, seed=seed + 2) + 1 for seed in (0, 1))
    (quadratic, lift), (theirs, their_lift) = lifts(one, 2), lifts(other, 2)
    u, every = lift.coordinates(one), torch.eye(lift.num_features, dtype=torch.float64)
    assert torch.allclose(lift.values(every, u), quadratic.features(u))
    assert torch.allclose(lift.monomials_of(their_lift), quadratic.monomials_of(theirs))
    assert torch.allclose(lift.features_of(their_lift), quadratic.features_of(theirs))
    coefficients, action = normal(2, lift.num_features), normal(3, 4, 4)
    assert torch.allclose(lift.moved(coefficients, action), quadratic.moved(coefficients, action))


def test_moved_cubics_are_their_derivatives() -> None:
    values = normal(300, 3) + 1
    _, lift = lifts(values, 3)
    polynomials, action = normal(2, lift.num_features), normal(1, 3, 3)
    small = 1e-5

    def at(step: float) -> Tensor:
        return lift.values(polynomials, lift.coordinates(values @ torch.linalg.matrix_exp(step * action[0]).mT))

    moved = lift.moved(polynomials, action)[:, 0]
    said = moved[:, 0] + lift.values(moved[:, 1:], lift.coordinates(values))
    assert torch.allclose(said, (at(small) - at(-small)) / (2 * small), rtol=1e-6, atol=1e-6)


def test_normal_data_obey_no_cubic() -> None:
    eigenvalues = Relations(Moments(normal(40_000, 3) @ normal(3, 3, seed=1), 1, 3, degree=3)).eigenvalues
    assert float(eigenvalues[0]) > 0.7
    assert float(eigenvalues[-1]) < 1.4


def test_moments_up_to_the_sixth_add() -> None:
    values = normal(900, 2, seed=3) @ normal(2, 2, seed=4) + 2
    whole, parts = Moments(values, 1, 2, 3), Moments(values[:300], 1, 2, 3) + Moments(values[300:], 1, 2, 3)
    assert torch.allclose(*(Relations(moments).eigenvalues for moments in (whole, parts)))
    with pytest.raises(ValueError, match="degree 3 cannot be added"):
        _ = whole + Moments(values, 1, 2)


def test_what_only_cubics_tell() -> None:
    values = unit_product()
    quadrics, cubics = (find_symmetry(values, degree=degree, discrete=False) for degree in (2, 3))
    assert quadrics.findings[0].claim.reason.startswith("the data lie on no quadrics")
    assert cubics.verdict.headline.endswith("it keeps the cubics on which the data lie.")
    scalings = LieAlgebra(torch.stack([torch.tensor([1.0, -1.0, 0.0]).diag(), torch.tensor([0.0, 1.0, -1.0]).diag()]))
    assert cubics.symmetry is not None
    assert float(cubics.symmetry.algebra.principal_angles(scalings.to(torch.float64)).max()) < 1e-6


def test_a_cubic_curve_has_a_third_of_a_turn() -> None:
    generator = torch.Generator().manual_seed(0)
    angle = 0.8 * torch.rand(2000, generator=generator, dtype=torch.float64) - 0.4
    radius = (3 * angle).cos() ** (-1 / 3)
    angle = angle + 2 * math.pi / 3 * torch.randint(3, (2000,), generator=generator).double()
    curve = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    support = find_symmetry(curve, degree=3).findings[0]
    kept = {one.element.name for one in support.elements if one.claim.status == "certified"}
    assert support.claim.status == "refuted"
    assert kept == {"C3", "reflection of coordinate 1"}


@pytest.mark.parametrize("n", [2, 3])
def test_a_cube_lies_on_no_cubic(n: int) -> None:
    cube = torch.rand(2000, n, generator=torch.Generator().manual_seed(n), dtype=torch.float64) - 0.5
    assert find_symmetry(cube, degree=3, discrete=False).findings[0].claim.dim == 0


def test_what_cannot_be_asked_is_said_in_a_sentence() -> None:
    few = find_symmetry(normal(150, 4, 2), degree=3, discrete=False).findings[0].claim
    assert few.reason.startswith("164 monomials need at least as many samples")
    many = find_symmetry(normal(150, 4, 8), degree=3, discrete=False).findings[0].claim
    assert "monomials up to degree 3, more than 3000" in many.reason
    with pytest.raises(ValueError, match="degree must be 2 or more"):
        find_symmetry(normal(150, 2), degree=1)
    with pytest.raises(ValueError, match="noise is removed from polynomials of degree two"):
        find_symmetry(normal(150, 2), degree=3, noise=0.1)
