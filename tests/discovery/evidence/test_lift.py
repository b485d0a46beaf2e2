from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.lift import QuadraticLift


def lifted(values: Tensor, num_vector: int, flat: float | None = None) -> QuadraticLift:
    return QuadraticLift(values.mean(0), torch.cov(values.mT, correction=0), num_vector, flat)


def products(lift: QuadraticLift, values: Tensor) -> Tensor:
    features = lift.features(lift.coordinates(values))
    return features.mT @ features / len(features)


def test_normal_data_obey_no_relation() -> None:
    values = torch.randn(20_000, 3, dtype=torch.float64) @ torch.randn(3, 3, dtype=torch.float64)
    eigenvalues = torch.linalg.eigvalsh(products(lifted(values, 3), values))
    assert float(eigenvalues[0]) > 0.5
    assert float(eigenvalues[-1]) < 1.5


def test_moved_polynomials_are_their_derivatives() -> None:
    values = torch.randn(400, 3, dtype=torch.float64)
    values[:, 2] *= 7
    lift = lifted(values, 2)
    coefficients = torch.randn(2, lift.num_features, dtype=torch.float64)
    action = torch.zeros(1, 3, 3, dtype=torch.float64)
    action[0, :2, :2] = torch.randn(2, 2, dtype=torch.float64)

    def polynomials(shift: Tensor) -> Tensor:
        moved = values + shift * (values @ action[0].mT)
        return lift.features(lift.coordinates(moved)) @ coefficients.mT

    expected = torch.func.jacfwd(polynomials)(torch.zeros((), dtype=torch.float64))
    moved = lift.moved(coefficients, action)[:, 0]
    features = lift.features(lift.coordinates(values))
    torch.testing.assert_close(moved[:, 0] + features @ moved[:, 1:].mT, expected)


def test_features_in_the_coordinates_of_another_lift() -> None:
    values = torch.randn(50, 3, dtype=torch.float64) * 4 + 5
    ours, theirs = lifted(values, 3), lifted(torch.randn(50, 3, dtype=torch.float64), 2)
    monomials = theirs.monomials(theirs.coordinates(values))
    torch.testing.assert_close(ours.features(ours.coordinates(values)), monomials @ ours.features_of(theirs).mT)
    torch.testing.assert_close(ours.monomials(ours.coordinates(values)), monomials @ ours.monomials_of(theirs).mT)


def test_axes_without_spread_are_left_out() -> None:
    values = torch.randn(50, 3, dtype=torch.float64)
    values = torch.cat([values, 3 - values[:, :1]], 1)
    lift = lifted(values, 4, flat=1e-10)
    assert lift.size == 3
    assert float(((values - lift.center) @ lift.flat.mT).abs().max()) < 1e-12
    back = lift.center + lift.coordinates(values) @ lift.matrix.mT
    torch.testing.assert_close(back, values)


def test_what_noise_adds_to_the_moments_of_features() -> None:
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(200_000, 2, generator=generator, dtype=torch.float64)
    values[:, 1] = values[:, 0].square() + values[:, 1]
    values -= values.mean(0)
    lift = lifted(values, 2)
    noise = torch.tensor([[0.3, 0.1], [0.1, 0.2]], dtype=torch.float64)
    noisy = (
        values + torch.randn(values.shape, generator=generator, dtype=torch.float64) @ torch.linalg.cholesky(noise).mT
    )
    inside = lift.inverse @ noise @ lift.inverse.mT
    added = products(lift, noisy) - products(lift, values)
    assert float((added - lift.noise(inside, lift.variances.diag())).abs().max()) < 0.05 * float(added.abs().max())
