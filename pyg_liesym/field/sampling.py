"""Fields of a lattice at places that are not on it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from pyg_liesym.field.lattice import Lattice


def perturbed_positions(lattice: Lattice, share: float, generator: torch.Generator) -> Tensor:
    r"""The places of a lattice, each moved by a random part of its cell: the points of an irregular mesh.

    Args:
        lattice: The lattice.
        share: Largest move in x and in y, in spacings; from one half on, cells may overlap.
        generator: Source of the moves, uniform and independent.

    Shapes:
        - **output**: :math:`(H W, 2)`

    Raises:
        ValueError: If ``share`` is negative.

    Example:
        >>> lattice = Lattice(2, 2)
        >>> moved = perturbed_positions(lattice, 0.3, torch.Generator().manual_seed(0)) - lattice.positions()
        >>> bool((moved.abs() <= 0.3).all() and (moved != 0).all())
        True
    """
    if not share >= 0:
        raise ValueError(f"expected a share of zero or more, got {share}")
    moves = (2 * torch.rand(lattice.num_nodes, 2, generator=generator) - 1) * share
    return lattice.positions() + moves * torch.tensor(lattice.spacing)


def values_at(field: Tensor, lattice: Lattice, places: Tensor) -> Tensor:
    r"""Interpolate a field of a lattice bilinearly; beyond the outermost places it goes on as a constant.

    **Law**: exact for fields that are constant or linear in x and in y, between the places of the lattice; what is as
    small as a cell is smoothed.

    Args:
        field: The field, row 0 uppermost.
        lattice: Where its places are; not periodic.
        places: (x, y) in the units of the lattice.

    Shapes:
        - **field**: :math:`(B, C, H, W)`; **places**: :math:`(N, 2)`; **output**: :math:`(B, N, C)`

    Raises:
        ValueError: If the field has another height or width, or the lattice closes on itself.

    Example:
        >>> field = torch.tensor([[0.0, 1.0], [10.0, 11.0]])[None, None]
        >>> values_at(field, Lattice(2, 2), torch.tensor([[0.5, 1.0], [1.0, 0.0]])).flatten().tolist()
        [0.5, 11.0]
    """
    if field.dim() != 4 or field.shape[-2:] != (lattice.height, lattice.width):
        raise ValueError(f"expected a field [B, C, {lattice.height}, {lattice.width}], got {list(field.shape)}")
    if lattice.periodic:
        raise ValueError("expected a lattice with borders: interpolation across a periodic border is not done")
    steps = (places.to(field) - field.new_tensor(lattice.origin)) / field.new_tensor(lattice.spacing)
    size = field.new_tensor([lattice.width, lattice.height])
    # grid_sample counts from -1 to 1 between the outer sides of the outermost cells, and y down.
    grid = ((2 * steps + 1) / size - 1) * field.new_tensor([1.0, -1.0])
    grid = grid.expand(field.size(0), 1, -1, -1)
    sampled = grid_sample(field, grid, padding_mode="border", align_corners=False)
    return sampled[:, :, 0].transpose(1, 2)
