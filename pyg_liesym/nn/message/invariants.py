"""Scalars of pairs of vectors that a group keeping J does not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.typing import Invariant, OptTensor

Psi: TypeAlias = Literal["log", "identity"]
"""How the invariants enter: through :func:`signed_log`, or as they are."""


def bilinear(a: Tensor, b: Tensor, metric: Tensor) -> Tensor:
    r"""The forms :math:`\langle a, b \rangle_J = a^\top J b` of rows, in float32 or better.

    Squares of nearly light-like vectors cancel: in bfloat16, or under autocast, little more than rounding errors would
    be left of a mass.

    Shapes:
        - **a**, **b**: :math:`(N, n)`; **metric**: :math:`(F, n, n)`; **output**: :math:`(N, F)`

    Example:
        >>> p = torch.tensor([[5.0, 3.0]])
        >>> bilinear(p, p, torch.tensor([[[1.0, 0.0], [0.0, -1.0]]]))
        tensor([[16.]])
    """
    forms, n = metric.size(0), metric.size(-1)
    dtype = torch.promote_types(a.dtype, torch.float32)
    with without_autocast(a.device):
        rows = metric.transpose(0, 1).reshape(n, forms * n).to(dtype)
        lowered = (a.to(dtype) @ rows).view(a.size(0), forms, n)
        return (lowered * b[:, None]).sum(-1)


def signed_log(s: Tensor) -> Tensor:
    r""":math:`\psi(s) = \mathrm{sign}(s) \log(1 + |s|)`, whose slope at 0 is 1 for autograd too.

    Squared norms of an indefinite metric span decades and both signs.

    Example:
        >>> signed_log(torch.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.6931,  0.0000,  0.6931])
    """
    return torch.log1p(s.clamp(min=0)) - torch.log1p(torch.relu(-s))


def pair_invariants(
    relative: Tensor,
    pos_i: Tensor,
    pos_j: Tensor,
    metric: Tensor,
    invariants: Sequence[Invariant],
    psi: Psi,
    lowered_i: OptTensor = None,
) -> Tensor:
    r"""Chosen invariants of each edge, :math:`\psi(\|x_i - x_j\|_J^2)` and :math:`\psi(\langle x_i, x_j \rangle_J)`.

    They are computed in float32 or better, under autocast too, and come in the precision of the vectors.

    Args:
        relative: :math:`x_i - x_j`.
        pos_i: Vectors of the targets.
        pos_j: Vectors of the sources.
        metric: The forms J.
        invariants: Which, in the order of the output.
        psi: How they enter.
        lowered_i: :math:`J^\top x_i`, where somebody knows them.

    Shapes:
        - **relative**, **pos_i**, **pos_j**: :math:`(|E|, n)`; **metric**: :math:`(F, n, n)`;
          **lowered_i**: :math:`(|E|, F, n)`
        - **output**: :math:`(|E|, F \cdot |\text{invariants}|)`
    """
    if not invariants:
        return relative[:, :0]
    scalars = []
    for invariant in invariants:
        if invariant == "distance":
            scalars.append(bilinear(relative, relative, metric))
        elif lowered_i is None:
            scalars.append(bilinear(pos_i, pos_j, metric))
        else:
            scalars.append((lowered_i * pos_j[:, None]).sum(-1))
    out = scalars[0] if len(scalars) == 1 else torch.cat(scalars, dim=-1)
    return (signed_log(out) if psi == "log" else out).to(pos_i.dtype)
