"""Second moments of clouds of points, and vectors that have them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.utils import scatter


def second_moments(pos: Tensor, weight: Tensor, batch: Tensor, num_clouds: int) -> Tensor:
    r"""Second moments of clouds of weighted points about their centres, :math:`S = \sum_i w_i r_i r_i^\top`.

    Args:
        pos: Points.
        weight: Their weights: one for each, masses, or charges of nuclei.
        batch: The cloud that each belongs to.
        num_clouds: Number of clouds.

    Shapes:
        - **pos**: :math:`(N, n)`; **weight**, **batch**: :math:`(N)`; **output**: :math:`(B, n, n)`, float64

    Law: :math:`S \to g S g^\top` under :math:`r \to g r` for any matrix g, and translations do not change it.

    Example:
        >>> pos = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [5.0, 5.0]])
        >>> second_moments(pos, torch.ones(3), torch.tensor([0, 0, 1]), 2)[0]
        tensor([[2., 0.],
                [0., 0.]], dtype=torch.float64)
    """
    pos, weight = pos.double(), weight.double()[:, None]
    total = scatter(weight, batch, 0, num_clouds)
    apart = pos - (scatter(weight * pos, batch, 0, num_clouds) / total)[batch]
    products = (weight * apart)[:, :, None] * apart[:, None]
    moments: Tensor = scatter(products, batch, 0, num_clouds)
    return moments


def vectors_of_moments(moments: Tensor, generator: torch.Generator) -> Tensor:
    r"""Vectors with given second moments, otherwise at random: :math:`\sum_k v_k v_k^\top = S`.

    The form in which symmetry discovery takes a symmetric tensor. A matrix acts on the vectors as on the points. They
    are mixed, :math:`v_k \to \sum_l O_{kl} v_l`, by a random orthogonal O for every sample: what depends on S alone
    does not know how, and moved vectors look like those of some other cloud.

    Args:
        moments: Positive tensors.
        generator: Draws the mixing.

    Shapes:
        - **moments**: :math:`(S, n, n)`; **output**: :math:`(S, n, n)`, vector by vector

    Example:
        >>> S = torch.diag(torch.tensor([4.0, 1.0, 0.0])).expand(5, 3, 3)
        >>> v = vectors_of_moments(S, torch.Generator().manual_seed(0))
        >>> torch.allclose(torch.einsum("ska,skb->sab", v, v), S, atol=1e-6)
        True
    """
    spread, axes = torch.linalg.eigh(moments)
    drawn = torch.randn(moments.shape, generator=generator, dtype=moments.dtype)
    vectors: Tensor = torch.linalg.qr(drawn)[0] @ (axes * spread.clamp(min=0).sqrt()[:, None]).mT
    return vectors


def principal_axes(moments: Tensor, count: int, generator: torch.Generator) -> Tensor:
    r"""The longest principal axes, each as long as the root of its moment, one way or the other at random.

    Args:
        moments: Positive tensors.
        count: How many axes.
        generator: Draws the signs.

    Shapes:
        - **moments**: :math:`(S, n, n)`; **output**: :math:`(S, \text{count}, n)`, the longest last
    """
    spread, axes = torch.linalg.eigh(moments)
    signs = 2.0 * torch.randint(2, (len(moments), 1, count), generator=generator) - 1
    chosen = axes[..., -count:] * spread[:, None, -count:].clamp(min=0).sqrt() * signs
    vectors: Tensor = chosen.mT.contiguous()
    return vectors
