"""Scalars of pairs of vectors that a group keeping J does not change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

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
        # One product of rows, where PyTorch would make one for each of a batch that is not contiguous.
        lowered = vectors.to(dtype).flatten(0, -2) @ rows
    return lowered.view(*vectors.shape[:-1], forms, n)


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


def gram_matrix(vectors: Tensor, metric: Tensor, others: OptTensor = None) -> Tensor:
    r"""All products of the vectors of a node, :math:`\psi(\langle v_c, v_d \rangle_J)`, in their precision.

    Both orders are there. An antisymmetric form has zeros on the diagonal: products of different vectors carry all.

    Args:
        vectors: Vectors of the nodes.
        metric: The forms J.
        others: Vectors :math:`v_d`, if not the same.

    Shapes:
        - **vectors**: :math:`(N, C, n)`; **metric**: :math:`(F, n, n)`; **others**: :math:`(N, D, n)`
        - **output**: :math:`(N, F \cdot C \cdot D)`, where D is C for the same vectors

    Example:
        >>> area = torch.tensor([[[0.0, 1.0], [-1.0, 0.0]]])
        >>> gram_matrix(2 * torch.eye(2)[None], area).round(decimals=2)
        tensor([[ 0.0000,  1.6100, -1.6100,  0.0000]])
    """
    lowered = lower(vectors if others is None else others, metric).transpose(1, 2)
    with without_autocast(vectors.device):
        products = vectors.to(lowered.dtype)[:, None] @ lowered.mT
    return signed_log(products.flatten(1)).to(vectors.dtype)


class ChannelLayout(NamedTuple):
    """Matrices of zeros and ones that lay components and channels side by side, and the factors of the distance.

    A product with one is faster on a CPU than a broadcast over so few components and channels: in flat rows of
    ``n C`` numbers all other products are plain.

    Shapes:
        - **spread**: :math:`(n, n C)`, from components to each channel; **total**: :math:`(n C, C)`, the sum over
          components; **scales**: :math:`(S)`
    """

    spread: Tensor
    total: Tensor
    scales: Tensor

    @classmethod
    def of(cls, components: int, channels: int, scales: Sequence[float] = (1.0,)) -> ChannelLayout:
        """What lays out so many components and channels."""
        spread, total = torch.eye(components).repeat_interleave(channels, dim=1), torch.eye(channels)
        return cls(spread, total.repeat(components, 1), torch.tensor(scales, dtype=spread.dtype))

    def to(self, dtype: torch.dtype) -> ChannelLayout:
        """The same in another precision."""
        return ChannelLayout(*(t.to(dtype) for t in self))


def channel_invariants(
    relative: Tensor,
    lowered_i: Tensor,
    vectors_j: Tensor,
    metric: Tensor,
    layout: ChannelLayout,
) -> tuple[Tensor, Tensor]:
    r"""Invariants of each edge and the vectors at both its ends, channel by channel.

    .. math::
        \psi(\lambda_k \langle r_{ij}, r_{ij} \rangle_J), \qquad \psi(\langle r_{ij}, v_i^c \rangle_J), \qquad
        \psi(\langle r_{ij}, v_j^c \rangle_J), \qquad \psi(\langle v_j^c, v_i^c \rangle_J)

    Args:
        relative: :math:`r_{ij} = x_i - x_j`.
        lowered_i: :math:`J v_i^c` of the targets, laid out flat.
        vectors_j: Vectors of the sources, laid out flat.
        metric: The forms J.
        layout: Of components and channels, and :math:`\lambda_k`.

    Shapes:
        - **relative**: :math:`(|E|, n)`; **lowered_i**: :math:`(|E|, F, n C)`; **vectors_j**: :math:`(|E|, n C)`;
          **metric**: :math:`(F, n, n)`
        - **output**: :math:`(|E|, F (K + 3 C))`, and the differences laid out flat, :math:`(|E|, n C)`
    """
    dtype = lowered_i.dtype
    spread, total, scales = layout.to(dtype)
    with without_autocast(relative.device):
        r, v_j = relative.to(dtype), vectors_j.to(dtype)[:, None]
        lowered_r, flat_r = lower(r, metric.mT), r @ spread
        distance = (r[:, None] * lowered_r).sum(-1, keepdim=True)
        products = flat_r[:, None] * lowered_i, (lowered_r @ spread) * v_j, v_j * lowered_i
        scalars = torch.cat([distance * scales, *(p @ total for p in products)], dim=-1)
    return signed_log(scalars.flatten(1)).to(vectors_j.dtype), flat_r.to(vectors_j.dtype)
