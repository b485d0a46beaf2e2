"""Directions of matrices, measured by how far they move the data."""

from __future__ import annotations

import torch
from torch import Tensor

_UNMOVED = 1e-10
"""Share of the largest squared displacement below which a direction does nothing to the data."""
STEPS = (0.5, 0.25, 0.1)
"""How far claims move the data, in root mean squares of the vectors (0.5: a turn by half a radian); the largest that
leaves enough of them where something is known."""


def moving_directions(span: Tensor, vectors: Tensor) -> Tensor:
    r"""A basis of a span of matrices in which every unit direction moves the data by their root mean square.

    Orthonormal in :math:`\langle A, B \rangle = E[(A v) \cdot (B v)] / E|v|^2`: combinations with coefficients on the
    unit sphere are all equally large to the data, whatever their units. Directions that leave every vector in its
    place are dropped, since no data can decide about them.

    Args:
        span: Matrices.
        vectors: The data.

    Shapes:
        - **span**: :math:`(P, n, n)`; **vectors**: :math:`(S, n)`; **output**: :math:`(R, n, n)` with :math:`R \le P`

    Example:
        >>> flat = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
        >>> moving_directions(torch.eye(4, dtype=torch.float64).view(4, 2, 2), flat).shape
        torch.Size([2, 2, 2])
    """
    moments = vectors.mT @ vectors / len(vectors)
    squares = torch.einsum("pab,bc,qac->pq", span, moments, span)
    values, axes = torch.linalg.eigh(squares)
    moves = values > _UNMOVED * values[-1]
    coordinates = axes[:, moves] / values[moves].sqrt() * moments.trace().sqrt()
    return torch.einsum("pr,pab->rab", coordinates, span)


def by_ladder(directions: Tensor, gram: Tensor) -> tuple[Tensor, Tensor]:
    r"""Turn a basis so that a quadratic form of its coefficients is diagonal, smallest first.

    Shapes:
        - **directions**: :math:`(R, n, n)`; **gram**: :math:`(R, R)`
        - **output**: the values :math:`(R)`, ascending, and the turned basis :math:`(R, n, n)`
    """
    values, axes = torch.linalg.eigh((gram + gram.mT) / 2)
    return values.clamp(min=0), torch.einsum("pr,pab->rab", axes, directions)


def combined(directions: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Random directions of a span, uniform on its unit sphere, ``[count, n, n]``."""
    coefficients = torch.randn(count, len(directions), generator=generator, dtype=directions.dtype)
    return torch.einsum("cr,rab->cab", coefficients / coefficients.norm(dim=1, keepdim=True), directions)
