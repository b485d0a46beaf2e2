"""Named metrics: the invariant forms that physics and geometry start from."""

from __future__ import annotations

import torch
from torch import Tensor


def minkowski(n: int = 4, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """Minkowski metric ``diag(1, −1, …, −1)`` with signature (+, −, …, −), for vectors ``(E, px, py, pz)``.

    Args:
        n: Number of coordinates, the first being time or energy.
        dtype: Floating type of the result.

    Shapes:
        - output: ``[n, n]``

    Raises:
        ValueError: If ``n`` is smaller than 1.

    Example:
        >>> minkowski(3).diagonal().tolist()
        [1.0, -1.0, -1.0]

    The law: ``gᵀ J g = J`` exactly for the Lorentz transformations ``g`` of ``LieAlgebra.lorentz()``.
    """
    metric = -euclidean_metric(n, dtype=dtype)
    metric[0, 0] = 1
    return metric


def euclidean_metric(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """Euclidean metric: the identity matrix.

    Args:
        n: Number of coordinates.
        dtype: Floating type of the result.

    Shapes:
        - output: ``[n, n]``

    Raises:
        ValueError: If ``n`` is smaller than 1.

    Example:
        >>> euclidean_metric(2).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    The law: ``gᵀ J g = J`` exactly for the rotations ``g`` of ``LieAlgebra.rotation(n)``.
    """
    if n < 1:
        raise ValueError(f"a metric needs at least one coordinate: expected n >= 1, got n = {n}")
    return torch.eye(n, dtype=dtype)
