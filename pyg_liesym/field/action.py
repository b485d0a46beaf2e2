"""Turning, reflecting and scaling whole fields on lattices: exactly where the lattice allows it, else interpolated."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from pyg_liesym.field.representation import FieldType


def quarter_turn(field: Tensor, kind: FieldType, turns: int = 1) -> Tensor:
    r"""Turn a field counterclockwise by quarters about the middle of its lattice, exactly.

    .. math:: (g f)(x) = \rho(g)\, f(g^{-1} x)

    Args:
        field: The field; row 0 is the uppermost.
        kind: What its channels are.
        turns: Number of quarters.

    Shapes:
        - **field**: :math:`(B, C, H, W)`; **output**: :math:`(B, C, H, W)`, for an odd number of turns
          :math:`(B, C, W, H)`

    Example:
        >>> from pyg_liesym.field import PointGroup, vectors
        >>> right = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 2, 3)
        >>> up = quarter_turn(right, vectors(PointGroup.cyclic(4), 1))
        >>> up.shape, up[0, :, 0, 0].round().tolist()
        (torch.Size([1, 2, 3, 2]), [0.0, 1.0])
    """
    return kind.act(torch.rot90(field, turns, (-2, -1)), turns * math.pi / 2)


def reflect(field: Tensor, kind: FieldType) -> Tensor:
    """Turn a field over, y to −y, exactly; shapes as :func:`quarter_turn` with no turn."""
    return kind.act(field.flip(-2), 0.0, reflected=True)


def turn_interpolated(field: Tensor, kind: FieldType, angle: float) -> Tensor:
    r"""Turn a field counterclockwise by any angle about the middle of its lattice, with bilinear interpolation.

    What comes from outside the lattice is zero. A quarter turn is exact with :func:`quarter_turn` alone.

    Shapes:
        - **field**, **output**: :math:`(B, C, H, W)`
    """
    return kind.act(_resampled(field, angle, 1.0), angle)


def scale_interpolated(field: Tensor, factor: float) -> Tensor:
    r"""Scale a field of numbers about the middle of its lattice, :math:`(s f)(x) = f(x / s)`, bilinearly.

    Args:
        field: The field.
        factor: s; above one, things grow.

    Shapes:
        - **field**, **output**: :math:`(B, C, H, W)`

    Raises:
        ValueError: If the factor is not positive.
    """
    if factor <= 0:
        raise ValueError(f"a scaling needs a positive factor, got {factor}")
    return _resampled(field, 0.0, factor)


def _resampled(field: Tensor, angle: float, factor: float) -> Tensor:
    """Values of f(g⁻¹ x); affine_grid counts both axes from -1 to 1 and y down."""
    height, width = field.shape[-2:]
    cos, sin = math.cos(angle) / factor, math.sin(angle) / factor
    matrix = torch.tensor([[cos, -sin * height / width, 0.0], [sin * width / height, cos, 0.0]])
    grid = affine_grid(matrix.to(field).expand(field.size(0), -1, -1), list(field.shape), align_corners=False)
    return grid_sample(field, grid, align_corners=False)
