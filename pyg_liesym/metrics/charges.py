"""How well motions keep what their symmetry conserves."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.charges import noether_charge


class ChargeDrift(NamedTuple):
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
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    random = torch.randn(num_random, algebra.n, algebra.n, generator=generator, dtype=torch.float64)
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
