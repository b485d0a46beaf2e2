"""Charges along orbits: what is conserved, what is not, and what a trap takes away."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pyg_liesym.datasets.simulation.gravity import angular_momentum, simulate_orbits
from pyg_liesym.lie import LieAlgebra, noether_charge
from pyg_liesym.metrics import charge_drift

PLANE = LieAlgebra.rotation(2)


def orbits(kind: str = "two_body", trap: float = 0.0) -> tuple[Tensor, Tensor]:
    found = simulate_orbits(kind, num_orbits=20, trap=trap)  # type: ignore[arg-type]
    return torch.from_numpy(found.pos), torch.from_numpy(found.mom)


@pytest.mark.parametrize("kind", ["two_body", "two_body_wide", "three_body"])
def test_orbits_keep_angular_momentum_and_no_random_charge(kind: str) -> None:
    q, p = orbits(kind)
    expected = torch.from_numpy(angular_momentum(q.numpy(), p.numpy()))[..., None]
    torch.testing.assert_close(noether_charge(PLANE, q, p), expected)
    found = charge_drift(PLANE, q, p)
    assert float(found.drift) < 1e-7
    assert found.null > 0.1
    assert float(charge_drift(LieAlgebra.scaling(2), q, p).drift) > 1e3 * float(found.drift)


def test_a_trap_breaks_the_charge() -> None:
    drifts = [float(charge_drift(PLANE, *orbits(trap=trap)).drift) for trap in (0.0, 0.001, 0.01)]
    assert drifts[0] < 1e-7
    assert 1e-4 < drifts[1] < drifts[2]


def test_the_charge_is_conserved_in_skew_coordinates_too() -> None:
    """q ↦ M q and p ↦ M⁻ᵀ p: the charge of the conjugate algebra is the same number."""
    q, p = orbits()
    skew = torch.tensor([[2.0, 1.0], [0.0, 0.5]], dtype=torch.float64)
    charge = noether_charge(PLANE.conjugate(skew), q @ skew.mT, p @ torch.linalg.inv(skew))
    torch.testing.assert_close(charge, noether_charge(PLANE, q, p))


def test_several_charges_and_axes() -> None:
    q, p = torch.randn(5, 7, 2, 3).double(), torch.randn(5, 7, 2, 3).double()
    charges = noether_charge(LieAlgebra.rotation(3), q, p)
    momentum = torch.linalg.cross(q, p).sum(-2)
    torch.testing.assert_close(charges, torch.stack([momentum[..., 2], -momentum[..., 1], momentum[..., 0]], -1))
    assert charge_drift(LieAlgebra.rotation(3), q, p).drift.shape == (3,)


def test_mistakes_get_a_sentence() -> None:
    q, p = orbits()
    with pytest.raises(ValueError, match=r"one shape \[..., bodies, 3\]"):
        noether_charge(LieAlgebra.rotation(3), q, p)
    with pytest.raises(ValueError, match="expected positions and momenta of one shape"):
        noether_charge(PLANE, q, p[:1])
    with pytest.raises(ValueError, match="two times or more"):
        charge_drift(PLANE, q[:, :1], p[:, :1])
    with pytest.raises(ValueError, match="the drift is undefined"):
        charge_drift(PLANE, q, torch.zeros_like(p))
