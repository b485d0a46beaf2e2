"""Whether a matrix is reached from the identity along the matrices of an algebra."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy  # whose parts load where they are used
import torch
from torch import Tensor

_STARTS, _COSETS = 6, 8
_LARGEST = 4
_MANY = 100
_CLOSE = 0.05
_FLAT = 1e-3
"""A search ends where a step gains less than that share: those that lead nowhere crawl."""


def is_exponential(g: Tensor, basis: Tensor, tol: float = _CLOSE) -> bool:
    """Whether some ``exp(Σ wᵢLᵢ)`` is g, up to a tolerance: then g is no symmetry beside those of the algebra.

    Least squares from the logarithm of g and from random starts of up to half a turn. Matrices larger than four rows,
    for which that takes long, and those of negative determinant are said to be none.

    Args:
        g: The matrix.
        basis: The algebra.
        tol: Distance, relative to the norm of g.

    Shapes:
        - **g**: :math:`(n, n)`; **basis**: :math:`(K, n, n)`

    Example:
        >>> from pyg_liesym.lie import LieAlgebra
        >>> turns = LieAlgebra.rotation(2).basis
        >>> is_exponential(-torch.eye(2), turns), is_exponential(torch.diag(torch.tensor([1.0, -1.0])), turns)
        (True, False)
    """
    return any(_exponential(g, basis, tol, random) for random in (False, True))


def _exponential(g: Tensor, basis: Tensor, tol: float, random: bool) -> bool:
    """`is_exponential` by the search from the logarithm of g, which finds most, or by those from random starts."""
    size = len(g)
    target = g.double().cpu().numpy()
    close = tol * float(np.linalg.norm(target))
    if len(basis) == 0 or float(np.linalg.norm(target - np.eye(size))) <= close:
        return float(np.linalg.norm(target - np.eye(size))) <= close
    if size > _LARGEST or float(np.linalg.det(target)) <= 0:
        return False
    flat = torch.linalg.qr(basis.double().cpu().flatten(1).mT)[0].numpy()  # orthonormal columns
    starts = [flat.T @ np.real(scipy.linalg.logm(target)).ravel()]
    if random:
        directions = np.random.default_rng(0).standard_normal((_STARTS, flat.shape[1]))
        starts = list(math.pi * math.sqrt(2) * directions / np.linalg.norm(directions, axis=1, keepdims=True))

    def off(weights: np.ndarray) -> np.ndarray:
        distance: np.ndarray = (scipy.linalg.expm((flat @ weights).reshape(size, size)) - target).ravel()
        return distance

    return any(
        float(np.linalg.norm(off(scipy.optimize.least_squares(off, start, ftol=_FLAT).x))) <= close for start in starts
    )


def generated(matrices: Sequence[Tensor], basis: Tensor) -> list[bool]:
    """Which matrices add nothing to the group of an algebra and of those that come before them.

    Products of what was added are followed exactly without an algebra, and up to one factor of each beside one. Beside
    one they are eight at most, twice as many as a metric's group has components: where there are more, the algebra is
    too coarse to tell, and the search is short.

    Args:
        matrices: In the order in which they are preferred.
        basis: The algebra; it may be empty.

    Shapes:
        - **matrices**: :math:`(n, n)` each; **basis**: :math:`(K, n, n)`

    Example:
        >>> quarter, flip = torch.tensor([[0.0, -1.0], [1.0, 0.0]]), torch.diag(torch.tensor([1.0, -1.0]))
        >>> generated([quarter, -torch.eye(2), flip, quarter @ flip], torch.zeros(0, 2, 2))
        [False, True, False, True]
    """
    adds: list[Tensor] = []
    found, follows = [torch.eye(basis.size(-1), dtype=torch.float64)], []
    for matrix in (matrix.double() for matrix in matrices):
        quotients = [torch.linalg.solve(other, matrix) for other in found]
        searches = (False, True) if len(found) < _COSETS else (False,)
        known = any(_exponential(g, basis, _CLOSE, random) for random in searches for g in quotients)
        follows.append(known)
        if known:
            continue
        adds.append(matrix)
        if len(basis) == 0:
            found = _products(found, adds)
        elif len(found) < _COSETS:
            found += [other @ matrix for other in found]
    return follows


def _products(found: list[Tensor], factors: Sequence[Tensor]) -> list[Tensor]:
    """All products, as far as they are few."""
    group, last = list(found), list(found)
    while last and len(group) < _MANY:
        products = (one @ factor for one in last for factor in factors)
        last = []
        for product in products:
            if not any(torch.allclose(product, other, atol=1e-6) for other in group):
                group.append(product)
                last.append(product)
    return group
