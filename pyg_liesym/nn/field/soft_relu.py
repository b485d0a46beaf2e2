"""A ReLU without an edge, through which factors pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SoftReLU(nn.Module):
    r"""A ReLU that is rounded off by the size of a place's channels.

    .. math:: h \mapsto \tfrac12 \left(h + \sqrt{h^2 + \langle h^2 \rangle}\right)

    with the mean over the channels of a place. A ReLU has an edge wherever a channel changes sign, and an edge has
    waves that no lattice resolves.

    **Law**: factors :math:`\lambda > 0` pass through it, as they do through a ReLU: :math:`\sigma(\lambda h) = \lambda
    \sigma(h)`. Equivariant to what permutes channels.

    Shapes:
        - **field**: :math:`(B, C, \ldots)`; **output**: the same

    Example:
        >>> SoftReLU()(torch.tensor([[3.0, 3.0], [-3.0, -3.0]])).round(decimals=2)
        tensor([[3.6200, 3.6200],
                [0.6200, 0.6200]])
    """

    def forward(self, field: Tensor) -> Tensor:
        """Apply it."""
        square = field.square()
        square = square + square.mean(1, keepdim=True)
        # At zero the root has no slope.
        return (field + torch.where(square > 0, square, 1.0).sqrt() * (square > 0)) / 2
