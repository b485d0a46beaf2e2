"""Spans of matrices as subspaces of ``R^{n·n}`` with the Frobenius inner product."""

from __future__ import annotations

import math

import scipy.linalg
import torch
from torch import Tensor


def span(basis: Tensor, tol: float | None = None) -> tuple[Tensor, Tensor]:
    """Singular values and right singular matrices of a set of matrices, seen as vectors.

    The norms of the matrices act as weights: a matrix close to zero adds a small singular value and nothing
    else.

    Args:
        basis: Matrices ``[K, n, n]``; they may depend on each other.
        tol: Directions with a singular value at most ``tol`` times the largest are left out; default: the
            rounding error of the dtype.

    Shapes:
        - **output**: all singular values ``[min(K, n²)]``, descending, float64; orthonormal matrices ``[r, n,
          n]``, float64, strongest first.

    Example:
        >>> values, matrices = span(torch.tensor([[[3.0]], [[4.0]]]))
        >>> round(values.item(), 6), matrices.shape
        (5.0, torch.Size([1, 1, 1]))
    """
    num, n, _ = basis.shape
    flat = basis.detach().double().cpu().reshape(num, n * n)
    _, values, vectors = torch.linalg.svd(flat, full_matrices=False)
    if tol is None:
        tol = max(num, n * n) * torch.finfo(basis.dtype).eps
    largest = float(values[0]) if len(values) else 0.0
    rank = int((values > tol * largest).sum()) if largest > 0 else 0
    return values, vectors[:rank].view(rank, n, n)


def null_vectors(system: Tensor, tol: float) -> Tensor:
    """Orthonormal rows spanning the null space of a matrix: singular values at most ``tol`` × the largest.

    Example:
        >>> null_vectors(torch.tensor([[1.0, 0.0]]), 1e-6).abs().tolist()
        [[0.0, 1.0]]
    """
    _, values, vectors = torch.linalg.svd(system, full_matrices=True)
    largest = float(values[0]) if len(values) else 0.0
    rank = int((values > tol * largest).sum()) if largest > 0 else 0
    null: Tensor = vectors[rank:]
    return null


def count_zeros(values: Tensor, tol: float) -> int:
    """How many ascending singular values are zero: of those up to ``tol``, the ones before the widest gap.

    A fixed threshold either calls small exact values noise or learned noise a value; the gap (of ratios)
    tells them apart.

    Args:
        values: Non-negative, ascending, of order one at most ``[r]``.
        tol: Nothing above counts as zero.

    Example:
        >>> [count_zeros(torch.tensor(values), 0.1) for values in ([1e-16, 0.05, 0.8], [0.03, 0.05, 0.8])]
        [1, 2]
    """
    below = int((values <= tol).sum())
    if below == 0:
        return 0
    rounding = 1e-12
    padded = torch.cat([values.clamp(min=rounding), values.new_tensor([2.0])])
    return int((padded[1 : below + 1] / padded[:below]).argmax()) + 1


def principal_angles(a: Tensor, b: Tensor) -> Tensor:
    """Principal angles between the spans of two sets of orthonormal matrices, largest first, in radians.

    Computed from sines and cosines both (Knyazev & Argentati, SIAM J. Sci. Comput. 23, 2009 (2002), Alg.
    3.1), so that angles near zero keep their digits.

    Args:
        a: Orthonormal matrices ``[r, n, n]``.
        b: Orthonormal matrices ``[s, n, n]``.

    Shapes:
        - **output**: ``[min(r, s)]``, float64

    Units:
        Radians.

    Example:
        >>> principal_angles(torch.eye(2).view(2, 1, 2), torch.eye(2)[:1].view(1, 1, 2)).tolist()
        [0.0]
    """
    if min(len(a), len(b)) == 0:
        return torch.zeros(0, dtype=torch.float64)
    angles = scipy.linalg.subspace_angles(a.flatten(1).T.numpy(), b.flatten(1).T.numpy())
    return torch.as_tensor(angles, dtype=torch.float64).clamp(0, math.pi / 2)


def weighted_cosine(a: Tensor, b: Tensor, covariance: Tensor) -> float:
    """Cosine of two basis matrices as the data see them: ``tr(AΣBᵀ) / (‖A‖_Σ ‖B‖_Σ)``, ``‖A‖²_Σ = tr(AΣAᵀ)``.

    ``tr(AΣBᵀ)`` is the mean of ``⟨Ax, Bx⟩`` over data of (uncentred) covariance Σ. Where the data span less
    than n dimensions, two matrices that differ only off that span do the same to every sample: no method can
    tell them apart, and their cosine is 1 here whatever their entries are. With Σ = 1 it is the plain
    Frobenius cosine.

    Args:
        a: Matrix ``[n, n]``.
        b: Matrix ``[n, n]``.
        covariance: Second moments of the data ``Σ = mean(x xᵀ)``, ``[n, n]``, symmetric and non-negative.

    Returns:
        A number in [−1, 1], negative for opposite directions.

    Raises:
        ValueError: If the shapes differ, or if one matrix moves none of the data.

    Example:
        >>> turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        >>> shear = torch.tensor([[0.0, 0.0], [1.0, 0.0]])
        >>> weighted_cosine(turn, shear, torch.diag(torch.tensor([1.0, 0.0])))  # data on the first axis only
        1.0
    """
    if not a.shape == b.shape == covariance.shape or a.ndim != 2 or a.shape[0] != a.shape[1]:
        shapes = f"{list(a.shape)}, {list(b.shape)} and {list(covariance.shape)}"
        raise ValueError(f"two matrices and a covariance of one shape [n, n] are expected, got {shapes}")
    a, b, covariance = (t.detach().double().cpu() for t in (a, b, covariance))
    product = float(((a @ covariance) * b).sum())
    norms = float(((a @ covariance) * a).sum() * ((b @ covariance) * b).sum())
    if not norms > 0:
        raise ValueError("the cosine is undefined: one of the matrices maps all of these data to zero")
    return max(-1.0, min(1.0, product / math.sqrt(norms)))
