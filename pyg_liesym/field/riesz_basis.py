"""Functions on the frequencies of a lattice: of their direction, and of their octave."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def angular_multipliers(
    height: int, width: int, max_order: int, *, dtype: torch.dtype | None = None, device: torch.device | None = None
) -> tuple[Tensor, Tensor]:
    r"""Cosines and sines of the direction of a frequency: the symbols of the Riesz transforms.

    .. math:: 1,\; \sqrt2 \cos m\theta,\; \sqrt2 \sin m\theta \quad (m = 1 … N), \qquad k = |k| (\cos\theta, \sin\theta)

    Times :math:`i` where m is odd they are the symbols of real operators, those that commute with translations and
    scalings (E. M. Stein, *Singular Integrals and Differentiability Properties of Functions*, Princeton 1970, chapter
    III; up to a sign those of odd orders are the Riesz transforms and what they make of one another). The frequencies
    are those of :func:`torch.fft.rfft2`, with y upwards. All but the first vanish where there is no direction, at zero,
    and where a lattice cannot tell k from -k, at the highest frequency of an even number of rows or columns.

    Args:
        height: Rows.
        width: Columns.
        max_order: N.
        dtype: Of the results.
        device: Of the results.

    Returns:
        Those of even and those of odd order.

    Shapes:
        - **output**: :math:`(1 + 2 \lfloor N / 2 \rfloor, H, \lfloor W / 2 \rfloor + 1)` and
          :math:`(2 \lceil N / 2 \rceil, H, \lfloor W / 2 \rfloor + 1)`

    Example:
        >>> even, odd = angular_multipliers(4, 6, 3)
        >>> even.shape, odd.shape
        (torch.Size([3, 4, 4]), torch.Size([4, 4, 4]))
    """
    x, y = _frequencies(height, width, dtype, device)
    directed = ((x != 0) | (y != 0)) & (x != 0.5) & (y.abs() != 0.5)
    angle = torch.atan2(y, x)
    functions: tuple[list[Tensor], list[Tensor]] = ([torch.ones_like(angle)], [])
    for order in range(1, max_order + 1):
        for function in (torch.cos, torch.sin):
            functions[order % 2].append(math.sqrt(2) * function(order * angle) * directed)
    even, odd = functions
    return torch.stack(even), torch.stack(odd) if odd else angle.new_zeros(0, *angle.shape)


def octaves(
    height: int, width: int, count: int, *, dtype: torch.dtype | None = None, device: torch.device | None = None
) -> Tensor:
    r"""A partition of the frequencies of a lattice into octaves, linear in :math:`\log |k|` from one to the next.

    The first is one at half a cycle per cell and zero from a quarter on, the second one there, and so on; the first and
    last go on beyond their middles as one.

    Args:
        height: Rows.
        width: Columns.
        count: Number of octaves.
        dtype: Of the result.
        device: Of the result.

    Shapes:
        - **output**: :math:`(R, H, \lfloor W / 2 \rfloor + 1)`, over the frequencies of :func:`torch.fft.rfft2`

    Example:
        >>> octaves(8, 8, 2)[:, 0]  # 0, 1/8 … 4/8 cycles per cell
        tensor([[0.0000, 0.0000, 0.0000, 0.5850, 1.0000],
                [1.0000, 1.0000, 1.0000, 0.4150, 0.0000]])
    """
    x, y = _frequencies(height, width, dtype, device)
    below = (-1 - torch.hypot(x, y).clamp(min=2.0 ** -(count + 1)).log2()).clamp(0, count - 1)
    number = torch.arange(count, dtype=below.dtype, device=device)[:, None, None]
    return (1 - (below - number).abs()).clamp(min=0)


def frequencies(
    height: int, width: int, *, dtype: torch.dtype | None = None, device: torch.device | None = None
) -> Tensor:
    r"""The size :math:`|k|` of the frequencies of a lattice, in cycles per cell.

    Args:
        height: Rows.
        width: Columns.
        dtype: Of the result.
        device: Of the result.

    Shapes:
        - **output**: :math:`(H, \lfloor W / 2 \rfloor + 1)`, over the frequencies of :func:`torch.fft.rfft2`

    Example:
        >>> frequencies(1, 4)
        tensor([[0.0000, 0.2500, 0.5000]])
    """
    x, y = _frequencies(height, width, dtype, device)
    return torch.hypot(x, y)


def _frequencies(
    height: int, width: int, dtype: torch.dtype | None, device: torch.device | None
) -> tuple[Tensor, Tensor]:
    y = -torch.fft.fftfreq(height, dtype=dtype, device=device)[:, None]
    x = torch.fft.rfftfreq(width, dtype=dtype, device=device)
    return x.expand(height, -1), y.expand(-1, len(x))
