"""Algebras that act on separate coordinates, one after the other: so(2) ⊕ so(1,1) and the like."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from pyg_liesym.lie.subspace import principal_angles, span


@dataclass(frozen=True, eq=False)
class Factor:
    """What an algebra does to one set of coordinates.

    Attributes:
        coordinates: Which.
        basis: Orthonormal matrices ``[d, m, m]`` on them alone.
    """

    coordinates: list[int]
    basis: Tensor


@dataclass(frozen=True, eq=False)
class Product:
    """An algebra as a direct sum of factors on separate coordinates, perhaps with a scaling of all of them.

    Attributes:
        factors: At least two, or one and `scaling`; those of the strongest directions first.
        scaling: Whether multiples of the identity belong to it.
    """

    factors: list[Factor]
    scaling: bool


def product(basis: Tensor, tol: float, max_angle: float) -> Product | None:
    """Take an algebra apart into what it does to separate coordinates.

    Args:
        basis: Orthonormal matrices ``[d, n, n]``, strongest first.
        tol: Entries up to this size relative to the largest count as noise.
        max_angle: The angle to the span, in radians, up to which the identity counts as part of it.

    Returns:
        None where coordinates cannot be told apart, or where what happens to some goes along with what happens to
        others: copies of one rotation are not a product.

    Example:
        >>> turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]]).double() / 2**0.5
        >>> apart = torch.stack([torch.block_diag(turn, 0 * turn), torch.block_diag(0 * turn, turn)])
        >>> [factor.coordinates for factor in product(apart, tol=0.1, max_angle=0.1).factors]
        [[0, 1], [2, 3]]
        >>> product(torch.block_diag(turn, turn)[None], tol=0.1, max_angle=0.1) is None
        True
    """
    factors = _factors(basis, tol)
    if len(factors) > 1 and sum(len(factor.basis) for factor in factors) == len(basis):
        return Product(factors, scaling=False)
    n = basis.shape[-1]
    identity = torch.eye(n, dtype=basis.dtype)
    if len(basis) < 2 or float(principal_angles(basis, identity[None] / n**0.5)[0]) > max_angle:
        return None
    traces = basis.diagonal(dim1=1, dim2=2).mean(dim=1)
    rest = span(basis - traces[:, None, None] * identity, tol)[1]
    factors = _factors(rest, tol)
    fits = len(rest) == len(basis) - 1 == sum(len(factor.basis) for factor in factors)
    return Product(factors, scaling=True) if fits and (len(factors) > 1 or len(factors[0].coordinates) < n) else None


def _factors(basis: Tensor, tol: float) -> list[Factor]:
    coupling = basis.square().sum(dim=0).sqrt()
    linked = coupling > tol * coupling.max()
    _, labels = connected_components(linked.numpy(), directed=False)
    factors = []
    for label in dict.fromkeys(labels.tolist()):
        coordinates = [i for i, other in enumerate(labels.tolist()) if other == label]
        if bool(linked[coordinates][:, coordinates].any()):
            factors.append(Factor(coordinates, span(basis[:, coordinates][:, :, coordinates], tol)[1]))
    return sorted(factors, key=lambda factor: _first(basis, factor.coordinates))


def _first(basis: Tensor, coordinates: list[int]) -> int:
    """The position of the strongest direction that moves these coordinates most."""
    return int(basis[:, coordinates][:, :, coordinates].flatten(1).norm(dim=1).round(decimals=6).argmax())
