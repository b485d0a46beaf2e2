"""Charges along orbits: what is conserved, what is not, and what a trap takes away."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from pyg_liesym.datasets.simulation.gravity import angular_momentum, simulate_orbits, total_energy
from pyg_liesym.datasets.simulation.n_body import simulate_bodies
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES
from pyg_liesym.lie import LieAlgebra, noether_charge
from pyg_liesym.metrics import charge_drift, energy_drift, momentum_drift

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


def rollout(kind: str, **options: float) -> tuple[Tensor, Tensor, Tensor]:
    """Benchmark systems at eleven frames, forces unclamped."""
    start = RECIPES[kind].draw(20, 5, np.random.RandomState(0))
    dynamics = replace(RECIPES[kind].dynamics, max_force=math.inf, half_kick=True, **options)  # type: ignore[arg-type]
    found = simulate_bodies(start, dynamics, tuple(range(11)), progress=False)
    return torch.from_numpy(found.pos), torch.from_numpy(found.vel), torch.from_numpy(found.charge)


@pytest.mark.parametrize("kind", ["charged", "gravity"])
def test_integrator_keeps_momenta_and_the_random_sums_drift(kind: str) -> None:
    q, p, _ = rollout(kind)
    momentum, angular = momentum_drift(p), charge_drift(LieAlgebra.rotation(3), q, p)
    assert float(momentum.drift.max()) < 1e-11
    assert float(angular.drift.max()) < 1e-11
    assert momentum.null > 0.1
    assert angular.null > 0.1


def test_energy_of_the_integrator_is_of_second_order_and_wrong_energies_drift() -> None:
    law = {"strength": -1.0, "softening": 0.1}
    drifts = []
    for dt in (2e-3, 1e-3):
        q, p, mass = rollout("gravity", dt=dt, steps_per_frame=round(0.1 / dt))
        drifts.append(float(energy_drift(q, p, mass, **law).drift))
    assert drifts[1] < 1e-4
    assert 3 < drifts[0] / drifts[1] < 5
    assert energy_drift(q, p, mass, **law).null > 0.1
    for wrong in ({**law, "strength": -1.1}, {**law, "softening": 0.2}, {"strength": 1.0, "softening": 0.1}):
        assert float(energy_drift(q, p, mass, **wrong).drift) > 100 * drifts[1]


def test_energy_is_that_of_the_orbits() -> None:
    """The change of the energy of the planar orbits, as their simulator has it, with momenta that grow."""
    q, p = orbits("three_body")
    p = p * torch.linspace(1.0, 1.1, p.size(1), dtype=p.dtype)[:, None, None]
    energy = torch.from_numpy(total_energy(q.numpy(), p.numpy()))
    kinetic = 0.5 * p.square().sum((-2, -1))
    change = (energy - energy[:, :1]).square().mean() / (2 * kinetic - energy).square().mean()
    found = energy_drift(q, p, torch.ones(len(q), 3), strength=-1.0)
    torch.testing.assert_close(found.drift[0], change.sqrt())
    assert float(energy_drift(*orbits("three_body"), torch.ones(len(q), 3), strength=-1.0).drift) < 1e-7


def test_mistakes_about_momenta_and_energies_get_a_sentence() -> None:
    q, p = orbits()
    with pytest.raises(ValueError, match="two times or more"):
        momentum_drift(p[:, :1])
    with pytest.raises(ValueError, match="nothing moves"):
        momentum_drift(torch.zeros_like(p))
    with pytest.raises(ValueError, match="two times and two bodies"):
        energy_drift(q[..., :1, :], p[..., :1, :], torch.ones(len(q), 1))
    with pytest.raises(ValueError, match=r"expected charges \[20, 2\], one a body"):
        energy_drift(q, p, torch.ones(2))
