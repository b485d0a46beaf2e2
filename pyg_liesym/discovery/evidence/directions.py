"""Directions of matrices, measured by how far they move the data."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.lift import FLAT, QuadraticLift

_UNMOVED = 1e-10
"""Share of the largest squared displacement below which a direction does nothing to the data."""
LEAVE_PLANE = "all data lie on one plane, and every matrix among those looked at moves them off it"
STEPS = (0.5, 0.25, 0.1)
"""How far claims move the data, in root mean squares of the vectors (0.5: a turn by half a radian); the largest that
leaves enough of them where something is known."""


def second_moments(vectors: Tensor) -> Tensor:
    """Mean products of the components of vectors ``[S, n]``, ``[n, n]``."""
    moments: Tensor = vectors.mT @ vectors / len(vectors)
    return moments


def moving_directions(span: Tensor, moments: Tensor, unmoved: float = _UNMOVED) -> Tensor:
    r"""A basis of a span of matrices in which every unit direction moves the data by their root mean square.

    Orthonormal in :math:`\langle A, B \rangle = E[(A v) \cdot (B v)] / E|v|^2`: combinations with coefficients on the
    unit sphere are all equally large to the data, whatever their units. Directions that leave every vector in its
    place are dropped, since no data can decide about them.

    Args:
        span: Matrices.
        moments: Second moments of the data.
        unmoved: Share of the largest squared displacement below which a direction does nothing to the data.

    Shapes:
        - **span**: :math:`(P, n, n)`; **moments**: :math:`(n, n)`; **output**: :math:`(R, n, n)` with :math:`R \le P`

    Example:
        >>> flat = torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
        >>> moving_directions(torch.eye(4, dtype=torch.float64).view(4, 2, 2), flat).shape
        torch.Size([2, 2, 2])
    """
    squares = torch.einsum("pab,qab->pq", span @ moments, span)
    values, axes = torch.linalg.eigh(squares)
    moves = values > unmoved * values[-1]
    coordinates = axes[:, moves] / values[moves].sqrt() * moments.trace().sqrt()
    return torch.einsum("pr,pab->rab", coordinates, span)


def keeping_plane(directions: Tensor, flat: Tensor, moments: Tensor, tol: float = FLAT) -> tuple[Tensor, Tensor]:
    r"""Split directions into those that keep the plane on which all data lie, and the rest.

    Conserved totals, such as a centre of mass at rest, are exact relations :math:`a \cdot w = c` between coordinates.
    Multiplied by anything they vanish too, and would outweigh all other relations; so what keeps them is sought first.

    Args:
        directions: An orthonormal basis (`moving_directions`).
        flat: The relations, rows a.
        moments: Second moments of all vectors of a sample together.
        tol: Squared distance from the plane, relative to the data, up to which it is kept, by a hundredth.

    Shapes:
        - **directions**: :math:`(R, n, n)`; **flat**: :math:`(r, V n)`; **moments**: :math:`(V n, V n)`
        - **output**: two bases, together of the same span
    """
    if len(flat) == 0:
        return directions, directions[:0]
    n = directions.size(-1)
    rows = torch.linalg.qr(flat.mT)[0].mT.unflatten(1, (-1, n))
    moved = torch.einsum("rva,pab->rpvb", rows, directions).flatten(2)
    off = torch.einsum("rpb,rqb->pq", moved @ moments, moved)
    values, axes = torch.linalg.eigh((off + off.mT) / 2)
    kept = values <= 100 * tol * float(moments.trace())
    turned = torch.einsum("pr,pab->rab", axes, directions)
    return turned[kept], turned[~kept]


def directions_of(span: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """The directions of a span that keep the plane on which samples of vectors ``[S, V, n]`` lie, and the rest."""
    directions = moving_directions(span, second_moments(vectors.flatten(0, 1)))
    flat = vectors.flatten(1)
    covariance = torch.cov(flat.mT, correction=0).view(flat.size(1), flat.size(1))
    lift = QuadraticLift(flat.mean(0), covariance, flat.size(1), flat=FLAT)
    return keeping_plane(directions, lift.flat, second_moments(flat))


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
