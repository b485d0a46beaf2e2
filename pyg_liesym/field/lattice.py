"""The places of a lattice as nodes of a graph."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Lattice:
    r"""H × W places, row by row from the uppermost: node :math:`r W + c` is entry (r, c) of a field.

    Args:
        height: H.
        width: W.
        spacing: Distance of neighbours in x and in y.
        origin: Place (x, y) of the lowest left node.
        periodic: Whether the lattice closes on itself.

    Units:
        Of length, whatever the spacing has.

    Raises:
        ValueError: If a size or spacing is not positive.

    Example:
        >>> Lattice(2, 3).positions().tolist()
        [[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]
    """

    height: int
    width: int
    spacing: tuple[float, float] = (1.0, 1.0)
    origin: tuple[float, float] = (0.0, 0.0)
    periodic: bool = False

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1 or min(self.spacing) <= 0:
            raise ValueError(f"a lattice needs positive sizes and spacings, got {self}")

    @property
    def num_nodes(self) -> int:
        """H·W."""
        return self.height * self.width

    def positions(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The places (x, y) of the nodes, ``[H W, 2]``."""
        x = self.origin[0] + self.spacing[0] * torch.arange(self.width, dtype=torch.float64)
        y = self.origin[1] + self.spacing[1] * torch.arange(self.height, dtype=torch.float64).flip(0)
        places = torch.stack([x.repeat(self.height), y.repeat_interleave(self.width)], -1)
        return places.to(dtype)

    def edges(self, kernel_size: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
        r"""Edges from all places of a square kernel around each node to it, the node itself among them.

        Args:
            kernel_size: Odd size of the kernel.
            dtype: Of the offsets.

        Shapes:
            - **output**: edges :math:`(2, |E|)`, sorted by target, and offsets (source minus target, across the border
              if the lattice is periodic) :math:`(|E|, 2)`

        Raises:
            ValueError: If the size is even, or larger than a periodic lattice.
        """
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"a kernel needs an odd size, to have a middle, got {kernel_size}")
        if self.periodic and kernel_size > min(self.height, self.width):
            raise ValueError(
                f"a kernel of size {kernel_size} meets itself on a periodic lattice {self.height} x {self.width}"
            )
        half = kernel_size // 2
        step = torch.arange(-half, half + 1)
        down, right = step.repeat_interleave(kernel_size), step.repeat(kernel_size)
        row = torch.arange(self.height).repeat_interleave(self.width)[:, None] + down
        column = torch.arange(self.width).repeat(self.height)[:, None] + right
        if self.periodic:
            inside = torch.ones_like(row, dtype=torch.bool)
            row, column = row % self.height, column % self.width
        else:
            inside = (row >= 0) & (row < self.height) & (column >= 0) & (column < self.width)
        target = torch.arange(self.num_nodes)[:, None].expand_as(row)[inside]
        source = (row * self.width + column)[inside]
        offsets = torch.stack([right * self.spacing[0], down * -self.spacing[1]], -1).to(torch.float64)
        offsets = offsets.expand(self.num_nodes, -1, -1)[inside]
        return torch.stack([source, target]), offsets.to(dtype)

    def to_nodes(self, field: Tensor) -> Tensor:
        """A field as features of nodes, ``[B, C, H, W]`` to ``[B H W, C]``.

        Raises:
            ValueError: If the field has another height or width.
        """
        if field.dim() != 4 or field.shape[-2:] != (self.height, self.width):
            raise ValueError(f"expected a field [B, C, {self.height}, {self.width}], got {list(field.shape)}")
        return field.permute(0, 2, 3, 1).reshape(-1, field.size(1))

    def to_field(self, nodes: Tensor) -> Tensor:
        """Features of nodes as a field, ``[B H W, C]`` to ``[B, C, H, W]``.

        Raises:
            ValueError: If there are not as many nodes as on a number of lattices.
        """
        if nodes.dim() != 2 or nodes.size(0) % self.num_nodes:
            raise ValueError(f"expected features [B·{self.num_nodes}, C] of whole lattices, got {list(nodes.shape)}")
        return nodes.view(-1, self.height, self.width, nodes.size(1)).permute(0, 3, 1, 2)
