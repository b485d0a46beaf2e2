"""How well motions keep what their symmetry conserves."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.charges import noether_charge


@dataclass(frozen=True, eq=False)
class ChargeDrift:
    """How far charges move along trajectories, as a share of their size.

    Attributes:
        drift: Of each charge ``[K]``.
        null: Median over random matrices: what a charge that nothing conserves drifts by along the same trajectories.
    """

    drift: Tensor
    null: float


def charge_drift(
    algebra: LieAlgebra, q: Tensor, p: Tensor, *, num_random: int = 64, generator: torch.Generator | None = None
) -> ChargeDrift:
    r"""Drift of Noether's charges along trajectories, beside that of charges of random matrices.

    .. math:: \delta_i = \sqrt{\frac{E\,(Q_i(t) - Q_i(0))^2}{E\, \sum_b |p_b|^2\, |L_i q_b|^2}}

    The mean is over times and trajectories, which may be data or rollouts of a network. The random matrices are normal
    and stand for a symmetry that is none: a charge is conserved where its drift is small *beside theirs*, and where all
    of them drift little, things hardly move and nothing is shown.

    Args:
        algebra: The algebra, of matrices that act on one position.
        q: Positions at successive times.
        p: Momenta.
        num_random: Random matrices.
        generator: Of the random matrices; without one they are those of seed 0.

    Shapes:
        - **q**, **p**: ``[..., T, bodies, n]``, T at least 2

    Raises:
        ValueError: If the shapes do not fit, there are fewer than two times, or a matrix moves nothing.

    Example:
        >>> t = torch.linspace(0, 6, 50)
        >>> q = torch.stack([t.cos(), t.sin()], -1)[:, None]  # a circle
        >>> p = torch.stack([-t.sin(), t.cos()], -1)[:, None]
        >>> found = charge_drift(LieAlgebra.rotation(2), q, p)
        >>> bool(found.drift < 1e-6), found.null > 0.3
        (True, True)
    """
    if q.dim() < 3 or q.size(-3) < 2:
        raise ValueError(
            f"expected positions [..., times, bodies, {algebra.n}] at two times or more, got {list(q.shape)}"
        )
    random = _normal(num_random, algebra.n, algebra.n, generator=generator)
    own, null = (_drifts(some, q, p) for some in (algebra, LieAlgebra(random)))
    return ChargeDrift(own, float(null.median()))


def _drifts(algebra: LieAlgebra, q: Tensor, p: Tensor) -> Tensor:
    q, p = q.double(), p.double()
    charge = noether_charge(algebra, q, p)
    changes = (charge - charge[..., :1, :]).flatten(0, -2).square().mean(0)
    moved = torch.einsum("kij,...bj->...kbi", algebra.basis.to(q), q).square().sum(-1)
    size = (moved * p.square().sum(-1)[..., None, :]).sum(-1).flatten(0, -2).mean(0)
    if not bool((size > 0).all()):
        raise ValueError("the drift is undefined: a matrix of the algebra, or all momenta, are zero")
    drifts: Tensor = (changes / size).sqrt()
    return drifts


def momentum_drift(p: Tensor, *, num_random: int = 64, generator: torch.Generator | None = None) -> ChargeDrift:
    r"""Drift of the components of the total momentum, beside that of sums with random weights.

    .. math:: \delta_i = \sqrt{\frac{E\,(P_i(t) - P_i(0))^2}{E \sum_b |p_b|^2}}, \qquad P = \sum_b p_b

    What translations conserve, as :func:`charge_drift` is for matrices. The random sums :math:`\sum_b w_b\, p_b` with
    normal weights are conserved by nothing.

    Args:
        p: Momenta at successive times.
        num_random: Random sums.
        generator: Of the weights; without one they are those of seed 0.

    Shapes:
        - **p**: ``[..., T, bodies, n]``, T at least 2; **drift**: ``[n]``

    Raises:
        ValueError: If there are fewer than two times, or all momenta are zero.

    Example:
        >>> p = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]], [[0.0, 2.0], [0.0, -2.0]]])  # two times, two bodies
        >>> momentum_drift(p).drift
        tensor([0., 0.], dtype=torch.float64)
    """
    if p.dim() < 3 or p.size(-3) < 2:
        raise ValueError(f"expected momenta [..., times, bodies, n] at two times or more, got {list(p.shape)}")
    p = p.double()
    size = p.square().sum((-2, -1))
    weights = _normal(num_random, p.size(-2), generator=generator).to(p.device)
    random = torch.einsum("rb,...bi->...ri", weights, p)
    return ChargeDrift(_relative_change(p.sum(-2), size), float(_relative_change(random.flatten(-2), size).median()))


def energy_drift(
    q: Tensor,
    p: Tensor,
    charge: Tensor,
    *,
    strength: float = 1.0,
    softening: float = 0.0,
    num_random: int = 64,
    generator: torch.Generator | None = None,
) -> ChargeDrift:
    r"""Drift of the energy of bodies of unit mass under a force that falls with the square of the distance.

    .. math:: \delta = \sqrt{\frac{E\,(H(t) - H(0))^2}{E\,(T + \sum_{i<j} |U_{ij}|)^2}}, \qquad
        H = T + \sum_{i<j} U_{ij}, \quad T = \tfrac12 \sum_i |p_i|^2, \quad
        U_{ij} = \frac{k\, c_i c_j}{\sqrt{|q_i - q_j|^2 + \varepsilon^2}}

    The random energies have normal numbers in place of the products of charges, of the same size, and the same for all
    motions: the bodies move under no such force, and what is not conserved drifts by that much.

    Args:
        q: Positions at successive times.
        p: Momenta.
        charge: Charges, or masses where the force is gravity.
        strength: :math:`k`; negative if equal charges pull each other, as masses do.
        softening: :math:`\varepsilon`, a length.
        num_random: Random energies.
        generator: Of the random numbers; without one they are those of seed 0.

    Shapes:
        - **q**, **p**: ``[..., T, bodies, n]``, T at least 2; **charge**: ``[..., bodies]``; **drift**: ``[1]``

    Units:
        Unit mass.

    Raises:
        ValueError: If the shapes do not fit, there are fewer than two times or two bodies, or nothing moves.

    Example:
        >>> t = torch.linspace(0, 6, 50, dtype=torch.float64)
        >>> q = torch.stack([t.cos(), t.sin()], -1)[:, None] * torch.tensor([[0.5], [-0.5]])
        >>> p = torch.stack([-t.sin(), t.cos()], -1)[:, None] * torch.tensor([[0.5], [-0.5]])
        >>> bool(energy_drift(q, p, torch.ones(2), strength=-0.5).drift < 1e-6)
        True
    """
    if q.shape != p.shape or q.dim() < 3 or q.size(-3) < 2 or q.size(-2) < 2:
        raise ValueError(
            "expected positions and momenta of one shape [..., times, bodies, n], with two times and two bodies or "
            f"more, got {list(q.shape)} and {list(p.shape)}"
        )
    if charge.shape != q.shape[:-3] + q.shape[-2:-1]:
        raise ValueError(f"expected charges {[*q.shape[:-3], q.size(-2)]}, one a body, got {list(charge.shape)}")
    kinetic, potential = body_energy(q, p, charge[..., None, :], strength=strength, softening=softening)
    size = (kinetic + potential.abs().sum(-1)).square()
    inverse = _inverse_distances(q.double(), softening)
    typical = _couplings(charge.double(), strength).square().mean().sqrt()
    random = _normal(num_random, inverse.size(-1), generator=generator).to(q.device) * typical
    random_energy = kinetic[..., None] + inverse @ random.T
    energy = kinetic + potential.sum(-1)
    return ChargeDrift(_relative_change(energy[..., None], size), float(_relative_change(random_energy, size).median()))


def body_energy(
    q: Tensor, p: Tensor, charge: Tensor, *, strength: float = 1.0, softening: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Kinetic energy of bodies of unit mass, and the potential energy of every pair, as in :func:`energy_drift`.

    Args:
        q: Positions.
        p: Momenta.
        charge: Charges, or masses where the force is gravity.
        strength: k; negative if equal charges pull each other, as masses do.
        softening: A length.

    Shapes:
        - **q**, **p**: ``[..., bodies, n]``; **charge**: ``[..., bodies]``, or what broadcasts to it;
          **output**: ``[...]`` and ``[..., pairs]``, in float64

    Units:
        Unit mass.

    Example:
        >>> q, p = torch.tensor([[0.0, 0.0], [0.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, 0.0]])
        >>> body_energy(q, p, torch.ones(2), strength=-1.0)
        (tensor(0.5000, dtype=torch.float64), tensor([-0.5000], dtype=torch.float64))
    """
    q, p, charge = q.double(), p.double(), charge.double()
    return 0.5 * p.square().sum((-2, -1)), _couplings(charge, strength) * _inverse_distances(q, softening)


def _inverse_distances(q: Tensor, softening: float) -> Tensor:
    first, second = torch.triu_indices(q.size(-2), q.size(-2), 1, device=q.device)
    return ((q[..., first, :] - q[..., second, :]).square().sum(-1) + softening**2).rsqrt()


def _couplings(charge: Tensor, strength: float) -> Tensor:
    first, second = torch.triu_indices(charge.size(-1), charge.size(-1), 1, device=charge.device)
    return strength * charge[..., first] * charge[..., second]


def _relative_change(values: Tensor, size: Tensor) -> Tensor:
    """Root mean square change of ``[..., T, K]`` since the first time, beside that of squared sizes ``[..., T]``."""
    mean = size.mean()
    if not bool(mean > 0):
        raise ValueError("the drift is undefined: nothing moves")
    change: Tensor = ((values - values[..., :1, :]).square().flatten(0, -2).mean(0) / mean).sqrt()
    return change


def _normal(*shape: int, generator: torch.Generator | None) -> Tensor:
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    return torch.randn(*shape, generator=generator, dtype=torch.float64)
