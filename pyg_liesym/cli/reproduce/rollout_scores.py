"""What rollouts of bodies miss, and what of energy and momenta they lose."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pyg_liesym.datasets.simulation.n_body import BodyTrajectories
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES, NBodyKind
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.charges import noether_charge
from pyg_liesym.metrics.charges import body_energy


def scores(kind: NBodyKind, truth: BodyTrajectories, q: Tensor, p: Tensor) -> dict[str, Any]:
    """Errors and drifts after every step, and what the simulator's own states drift by.

    A forecast that has no finite number left is infinitely far off: means have then no value, medians do.
    """
    true_q, true_p, charge = (torch.from_numpy(part) for part in truth)
    errors = _whole((q.double() - true_q).square().mean((-2, -1)))  # [systems, steps + 1]
    drifts, own = _drifts(kind, q, p, charge), _drifts(kind, true_q, true_p, charge)
    drifts |= {f"true_{name}": values for name, values in own.items()}
    numbers: dict[str, Any] = {}
    for k in range(1, q.size(1)):
        one = errors[:, k]
        numbers |= {f"mse_{k}": float(one.mean()), f"mse_{k}_error": float(one.std() / len(one) ** 0.5)}
        numbers |= {f"median_{k}": float(one.median()), f"lost_{k}": float(one.isinf().double().mean())}
        for name, values in drifts.items():
            numbers |= {
                f"{name}_{k}": float(values[:, k].median()),
                f"{name}_{k}_high": float(values[:, k].quantile(0.9, interpolation="nearest")),
            }
    return numbers


def _drifts(kind: NBodyKind, q: Tensor, p: Tensor, charge: Tensor) -> dict[str, Tensor]:
    """Change of what is conserved since the start, as a share of its size there ``[systems, times]``.

    The size of the energy is the kinetic and all potential ones without their signs, that of the angular momentum and
    the momentum the sum of the lengths of those of all bodies.
    """
    law = RECIPES[kind].dynamics
    q, p = q.double(), p.double()
    kinetic, potential = body_energy(q, p, charge[:, None], strength=law.strength, softening=law.softening)
    energy, size = kinetic + potential.sum(-1), kinetic + potential.abs().sum(-1)
    angular, momentum = noether_charge(LieAlgebra.rotation(3), q, p), p.sum(-2)
    turned = torch.linalg.cross(q[:, 0], p[:, 0]).norm(dim=-1).sum(-1)
    changes = {
        "energy": (energy - energy[:, :1]).abs() / size[:, :1],
        "angular": (angular - angular[:, :1]).norm(dim=-1) / turned[:, None],
        "momentum": (momentum - momentum[:, :1]).norm(dim=-1) / p[:, :1].norm(dim=-1).sum(-1),
    }
    return {name: _whole(values) for name, values in changes.items()}


def _whole(values: Tensor) -> Tensor:
    return values.nan_to_num(nan=torch.inf, posinf=torch.inf)
