r"""Functions of a distance: rings in the plane, shells in space.

.. math:: R_p(r) = e^{-(r - r_p)^2 / 2 \sigma^2} \bigl(1 - e^{-r^2 / 2 \sigma^2}\bigr), \qquad
          R_0(r) = e^{-r^2 / 2 \sigma^2}

The second factor makes all but the first vanish at the offset zero, which has no direction.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def spaced(radius: float, count: int) -> tuple[tuple[float, ...], float]:
    """Radii from the centre out to a radius, equally spaced, and their width, half of the distance between two.

    Raises:
        ValueError: If the radius or the number is not positive.
    """
    if radius <= 0 or count < 1:
        raise ValueError(f"rings and shells need a positive radius and number, got {radius} and {count}")
    step = radius / max(count - 0.5, 0.5)
    return tuple(step * number for number in range(count)), 0.5 * step


def radial(offsets: Tensor, radii: Sequence[float], width: float) -> Tensor:
    """The functions at offsets.

    Shapes:
        - **offsets**: ``[E, dim]``; **output**: ``[E, R]``
    """
    square = offsets.square().sum(-1, keepdim=True)
    # The gradient of a square root at zero is not finite.
    radius = torch.where(square > 0, square, 1.0).sqrt() * (square > 0)
    middle = torch.tensor(radii, dtype=offsets.dtype, device=offsets.device)
    values = (-((radius - middle) ** 2) / (2 * width**2)).exp()
    return torch.where(middle > 0, values * (1 - (-square / (2 * width**2)).exp()), values)


def radial_overlap(radii: Sequence[float], width: float, dim: int) -> Tensor:
    """Their inner products, integrals over the plane (``dim=2``) or space (3), ``[R, R]`` float64."""
    step = width / 16
    radius = torch.arange(0.5 * step, max(radii) + 6 * width, step, dtype=torch.float64)[:, None]
    values = radial(radius, radii, width)
    circumference = 2 * (dim - 1) * torch.pi * radius ** (dim - 1)
    return step * (values * circumference).mT @ values


def layout(radii: Sequence[float], num_harmonics: int) -> tuple[Tensor, Tensor]:
    """Ring and harmonic of each product of both, ``[P]``; where the radius is zero there is the constant one alone."""
    counts = [num_harmonics if radius > 0 else 1 for radius in radii]
    rings = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    return rings, torch.cat([torch.arange(count) for count in counts])
