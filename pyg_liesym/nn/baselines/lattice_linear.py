"""Any linear map between fields on a lattice, of low rank."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.nn.baselines.free_path import FreePath


class LatticeLinear(FreePath):
    r"""Map a whole field to a whole field by a matrix of low rank, without any symmetry: :math:`y = U V f`.

    The free path of the residual pathway prior for translations. It starts as zero.

    **Law**: equivariant to nothing but at zero.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        size: Height and width of the lattice.
        rank: Rank of the matrix.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: If the rank is not positive.

    Example:
        >>> LatticeLinear(2, 3, (4, 5), 1)(torch.ones(1, 2, 4, 5)).shape
        torch.Size([1, 3, 4, 5])
    """

    def __init__(self, in_channels: int, out_channels: int, size: tuple[int, int], rank: int) -> None:
        super().__init__()
        if rank < 1:
            raise ValueError(f"expected a positive rank, got {rank}")
        self.size, self.out_channels = size, out_channels
        places = size[0] * size[1]
        self.down = nn.Parameter(torch.empty(rank, in_channels * places))
        self.up = nn.Parameter(torch.empty(out_channels * places, rank))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw V; U is zero."""
        nn.init.normal_(self.down, std=self.down.size(1) ** -0.5)
        nn.init.zeros_(self.up)

    def power(self) -> Tensor:
        r"""Mean square of the output at a place for white noise, summed over its channels: :math:`\|UV\|^2 / (HW)`."""
        return ((self.up.mT @ self.up) * (self.down @ self.down.mT)).sum() / (self.size[0] * self.size[1])

    def silence(self) -> None:
        """Set U to zero."""
        nn.init.zeros_(self.up)

    def forward(self, field: Tensor) -> Tensor:
        """Apply the matrix."""
        out = field.flatten(1) @ self.down.mT @ self.up.mT
        return out.view(-1, self.out_channels, *self.size)

    def extra_repr(self) -> str:
        """Rank and size."""
        return f"rank={self.down.size(0)}, size={self.size}"
