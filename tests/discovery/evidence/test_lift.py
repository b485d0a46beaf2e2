from __future__ import annotations

import torch

from pyg_liesym.discovery.evidence.lift import QuadraticLift


def test_normal_data_obey_no_relation() -> None:
    values = torch.randn(20_000, 3, dtype=torch.float64) @ torch.randn(3, 3, dtype=torch.float64)
    moments = QuadraticLift(values, num_vector=3).moments(values)
    eigenvalues = torch.linalg.eigvalsh(moments)
    assert float(eigenvalues[0]) > 0.5
    assert float(eigenvalues[-1]) < 1.5


def test_a_quadric_is_a_relation_and_the_moments_of_shards_add() -> None:
    ring = torch.nn.functional.normalize(torch.randn(1000, 2, dtype=torch.float64))
    lift = QuadraticLift(ring, num_vector=2)
    whole = lift.moments(ring)
    assert float(torch.linalg.eigvalsh(whole)[0]) < 1e-12
    torch.testing.assert_close((lift.moments(ring[:600]) * 0.6 + lift.moments(ring[600:]) * 0.4), whole)


def test_moved_polynomials_are_their_derivatives() -> None:
    values = torch.randn(400, 3, dtype=torch.float64)
    values[:, 2] *= 7
    lift = QuadraticLift(values, num_vector=2)
    coefficients = torch.randn(2, lift.num_features, dtype=torch.float64)
    action = torch.zeros(1, 3, 3, dtype=torch.float64)
    action[0, :2, :2] = torch.randn(2, 2, dtype=torch.float64)

    def polynomials(shift: torch.Tensor) -> torch.Tensor:
        moved = values + shift * (values @ action[0].mT)
        return lift.features(lift.coordinates(moved)) @ coefficients.mT

    expected = torch.func.jacfwd(polynomials)(torch.zeros((), dtype=torch.float64))
    moved = lift.moved(coefficients, action)[:, 0]
    features = lift.features(lift.coordinates(values))
    torch.testing.assert_close(moved[:, 0] + features @ moved[:, 1:].mT, expected)
