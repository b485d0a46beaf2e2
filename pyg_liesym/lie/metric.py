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
        - **output**: ``[n, n]``

    Raises:
        ValueError: If ``n`` is smaller than 1.

    Example:
        >>> minkowski(3).diagonal().tolist()
        [1.0, -1.0, -1.0]

    **Law**: ``gᵀ J g = J`` exactly for the Lorentz transformations ``g`` of ``LieAlgebra.lorentz()``.
    """
    metric = -euclidean_metric(n, dtype=dtype)
    metric[0, 0] = 1
    return metric


def scaled(form: Tensor) -> Tensor:
    r"""The form scaled to the Frobenius norm of the identity, :math:`\sqrt n`, which Minkowski's metric has too.

    A symmetry determines its metric up to a factor, but a network sees the factor: metrics are compared at one norm.

    Args:
        form: One form ``[n, n]``, or several ``[F, n, n]``, each of which is scaled.

    Shapes:
        - **output**: that of ``form``

    Raises:
        ValueError: If a form is zero.

    Example:
        >>> scaled(minkowski(4) / 7).diagonal().tolist()
        [1.0, -1.0, -1.0, -1.0]
    """
    norms: Tensor = form.flatten(-2).norm(dim=-1)[..., None, None]
    if not bool((norms > 0).all()):
        raise ValueError("a form of zeros cannot be scaled: give a non-zero form")
    on_sphere: Tensor = form * (form.shape[-1] ** 0.5 / norms)
    return on_sphere


def euclidean_metric(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """Euclidean metric: the identity matrix.

    Args:
        n: Number of coordinates.
        dtype: Floating type of the result.

    Shapes:
        - **output**: ``[n, n]``

    Raises:
        ValueError: If ``n`` is smaller than 1.

    Example:
        >>> euclidean_metric(2).tolist()
        [[1.0, 0.0], [0.0, 1.0]]

    **Law**: ``gᵀ J g = J`` exactly for the rotations ``g`` of ``LieAlgebra.rotation(n)``.
    """
    if n < 1:
        raise ValueError(f"a metric needs at least one coordinate: expected n >= 1, got n = {n}")
    return torch.eye(n, dtype=dtype)
