"""What a symmetry conserves."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra


def noether_charge(algebra: LieAlgebra, q: Tensor, p: Tensor) -> Tensor:
    r"""Noether's charges :math:`Q_i = \sum_b p_b^\top L_i\, q_b` of positions and momenta, summed over bodies.

    If a Hamiltonian does not change under :math:`q \mapsto g q,\; p \mapsto g^{-\top} p`, it keeps them: Q generates
    that motion, :math:`\{q, Q_i\} = L_i q` and :math:`\{p, Q_i\} = -L_i^\top p`, and :math:`\dot Q_i = \{Q_i, H\} = 0`
    (Noether 1918). Of rotations they are the components of the angular momentum.

    Args:
        algebra: The algebra, named or found, of matrices that act on one position.
        q: Positions.
        p: Momenta, of the same shape.

    Shapes:
        - **q**, **p**: ``[..., bodies, n]``; **output**: ``[..., K]``

    Units:
        Those of q times p.

    Raises:
        ValueError: If the shapes differ, or the vectors are not of the size of the matrices.

    Example:
        >>> q, p = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 3.0], [1.0, 0.0]])
        >>> noether_charge(LieAlgebra.rotation(2), q, p)  # x p_y − y p_x of both
        tensor([5.])
    """
    if q.shape != p.shape or q.dim() < 2 or q.size(-1) != algebra.n:
        raise ValueError(
            f"expected positions and momenta of one shape [..., bodies, {algebra.n}], got {list(q.shape)} and "
            f"{list(p.shape)}"
        )
    charge: Tensor = torch.einsum("...bi,kij,...bj->...k", p, algebra.basis.to(p), q)
    return charge
