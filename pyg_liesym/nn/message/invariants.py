"""Scalars of pairs of vectors that a group keeping J does not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

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
    lowered = lower(a, metric.mT)
    return (lowered * b[:, None]).sum(-1)


def lower(vectors: Tensor, metric: Tensor) -> Tensor:
    r"""Lower the index of vectors, :math:`J v`, in float32 or better.

    Shapes:
        - **vectors**: :math:`(\ldots, n)`; **metric**: :math:`(F, n, n)`; **output**: :math:`(\ldots, F, n)`
    """
    forms, n = metric.size(0), metric.size(-1)
    dtype = torch.promote_types(vectors.dtype, torch.float32)
    with without_autocast(vectors.device):
        rows = metric.permute(2, 0, 1).reshape(n, forms * n).to(dtype)
        lowered: Tensor = (vectors.to(dtype) @ rows).unflatten(-1, (forms, n))
    return lowered


class _SignedLog(torch.autograd.Function):
    """Signed logarithm with its slope in two steps, where autograd would take a dozen."""

    generate_vmap_rule = True

    @staticmethod
    def forward(s: Tensor) -> Tensor:
        return s.abs().log1p() * s.sign()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (s,) = ctx.saved_tensors
        slope: Tensor = 1 + s.abs()
        return grad_outputs[0] / slope


def signed_log(s: Tensor) -> Tensor:
    r""":math:`\psi(s) = \mathrm{sign}(s) \log(1 + |s|)`, whose slope at 0 is 1 for autograd too.

    Squared norms of an indefinite metric span decades and both signs.

    Example:
        >>> signed_log(torch.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.6931,  0.0000,  0.6931])
    """
    out: Tensor = _SignedLog.apply(s)  # type: ignore[no-untyped-call]
    return out


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


def gram_matrix(vectors: Tensor, metric: Tensor) -> Tensor:
    r"""All products of the vectors of a node, :math:`\psi(\langle v_c, v_d \rangle_J)`, in their precision.

    Both orders are there. An antisymmetric form has zeros on the diagonal: products of different vectors carry all.

    Shapes:
        - **vectors**: :math:`(N, C, n)`; **metric**: :math:`(F, n, n)`; **output**: :math:`(N, F \cdot C^2)`

    Example:
        >>> area = torch.tensor([[[0.0, 1.0], [-1.0, 0.0]]])
        >>> gram_matrix(2 * torch.eye(2)[None], area).round(decimals=2)
        tensor([[ 0.0000,  1.6100, -1.6100,  0.0000]])
    """
    lowered = lower(vectors, metric).transpose(1, 2)
    with without_autocast(vectors.device):
        products = vectors.to(lowered.dtype)[:, None] @ lowered.mT
    return signed_log(products.flatten(1)).to(vectors.dtype)


def channel_invariants(
    relative: Tensor, lowered_i: Tensor, vectors_j: Tensor, metric: Tensor, scales: Sequence[float]
) -> Tensor:
    r"""Invariants of each edge and the vectors at both its ends, channel by channel.

    .. math::
        \psi(\lambda_k \langle r_{ij}, r_{ij} \rangle_J), \qquad \psi(\langle r_{ij}, v_i^c \rangle_J), \qquad
        \psi(\langle r_{ij}, v_j^c \rangle_J), \qquad \psi(\langle v_j^c, v_i^c \rangle_J)

    Channels come last, since the sums over components are then sums of rows.

    Args:
        relative: :math:`r_{ij} = x_i - x_j`.
        lowered_i: :math:`J v_i^c` of the targets.
        vectors_j: Vectors of the sources.
        metric: The forms J.
        scales: :math:`\lambda_k`.

    Shapes:
        - **relative**: :math:`(|E|, n)`; **lowered_i**: :math:`(|E|, F, n, C)`; **vectors_j**: :math:`(|E|, n, C)`;
          **metric**: :math:`(F, n, n)`
        - **output**: :math:`(|E|, F (K + 3 C))`
    """
    relative, v_j = relative.to(lowered_i.dtype), vectors_j.to(lowered_i.dtype)[:, None]
    lowered_r = lower(relative, metric.mT)
    distance = (relative[:, None] * lowered_r).flatten(0, 1).sum(1, keepdim=True)
    pairs = (relative[:, None, :, None], lowered_i), (lowered_r[..., None], v_j), (v_j, lowered_i)
    # PyTorch sums over the middle one of three dimensions three times as fast as over the third of four.
    products = [(a * b).flatten(0, 1).sum(1) for a, b in pairs]
    scalars = torch.cat([*(distance * scale for scale in scales), *products], dim=-1)
    return signed_log(scalars).view(relative.size(0), -1).to(vectors_j.dtype)
