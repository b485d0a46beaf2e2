"""Offsets of a lattice around a place, and which of them a group takes to each other."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.field.point_group import PointGroup


def stencil(kernel_size: int, spacing: float = 1.0) -> Tensor:
    r"""The offsets of a square kernel, in the order of its entries.

    Row 0 is the uppermost, as in an image: entry (r, c) of a kernel of size k = 2h + 1 has the offset
    :math:`(c - h, h - r)` times the spacing.

    Shapes:
        - **output**: :math:`(k^2, 2)` float64

    Raises:
        ValueError: If the size is even, so that it has no middle.

    Example:
        >>> stencil(3)[0].tolist(), stencil(3)[5].tolist()
        ([-1.0, 1.0], [1.0, 0.0])
    """
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise ValueError(f"a kernel needs an odd size, to have a middle, got {kernel_size}")
    half = kernel_size // 2
    steps = torch.arange(-half, half + 1, dtype=torch.float64) * spacing
    return torch.stack([steps.repeat(kernel_size), steps.flip(0).repeat_interleave(kernel_size)], -1)


def orbits(offsets: Tensor, group: PointGroup) -> Tensor:
    r"""The number of each offset's orbit: two have the same if an element of the group takes one to the other.

    Orbits are numbered by radius, then by angle.

    Shapes:
        - **offsets**: :math:`(S, 2)`; **output**: :math:`(S)`

    Example:
        >>> orbits(stencil(3), PointGroup.cyclic(4)).view(3, 3)
        tensor([[2, 1, 2],
                [1, 0, 1],
                [2, 1, 2]])
    """
    offsets = offsets.double()
    radius = offsets.norm(dim=-1)
    scale = float(radius.max().clamp(min=1e-300))
    angle = torch.atan2(offsets[:, 1], offsets[:, 0])
    if group.order is None:
        place = torch.zeros_like(angle)
    else:
        sector = 2 * torch.pi / group.order
        place = angle % sector
        if group.reflections:
            place = torch.minimum(place, (-angle) % sector)
        place = torch.where((place - sector).abs() < 1e-9, 0.0, place)
    place = torch.where(radius <= 1e-9 * scale, 0.0, place)
    key = torch.stack([(radius / scale * 1e7).round(), (place * 1e7).round()], -1)
    number: Tensor = key.unique(dim=0, return_inverse=True)[1]
    return number
