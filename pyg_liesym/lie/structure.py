"""The bracket and what it says about an algebra: closure, structure constants, Killing form."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pyg_liesym.lie.subspace import span


def bracket(a: Tensor, b: Tensor) -> Tensor:
    """Commutator ``[A, B] = AB − BA`` of matrices, batched and differentiable.

    Args:
        a: Matrices ``[..., n, n]``.
        b: Matrices ``[..., n, n]``, broadcast against ``a``.

    Shapes:
        - **output**: ``[..., n, n]``

    Example:
        >>> bracket(torch.tensor([[0.0, 1.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [1.0, 0.0]])).tolist()
        [[1.0, 0.0], [0.0, -1.0]]
    """
    return a @ b - b @ a


def closure_error(basis: Tensor) -> float:
    """How far the brackets leave the span, relative to how large they could be: a number in [0, 1].

    ``(Σᵢⱼ ‖[Lᵢ,Lⱼ]⊥‖² / Σᵢⱼ 2‖Lᵢ‖²‖Lⱼ‖²)^½`` over i ≠ j, with ⊥ the part orthogonal to the span.

    The denominator is the largest that the brackets could be (Böttcher & Wenzel, Linear Algebra Appl. 429,
    1864 (2008)), so that an almost commuting basis is not judged by the direction of its rounding errors.

    Args:
        basis: Matrices ``[K, n, n]``.

    Returns:
        0 for a Lie algebra.

    Example:
        >>> closure_error(torch.tensor([[[0.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]]))
        1.0
    """
    exact = basis.detach().double().cpu()
    norms = exact.square().sum(dim=(1, 2))
    largest = 2 * float(norms.sum() ** 2 - norms.square().sum())
    if len(basis) < 2 or largest <= 0:
        return 0.0
    tangent = span(basis)[1].flatten(1)
    brackets = bracket(exact[:, None], exact[None, :]).flatten(2)
    outside = brackets - (brackets @ tangent.T) @ tangent
    return min(1.0, math.sqrt(float(outside.square().sum()) / largest))


def structure_constants(basis: Tensor) -> Tensor:
    """Structure constants ``[Lᵢ, Lⱼ] = Σₖ cᵢⱼᵏ Lₖ`` by least squares (of least norm).

    Args:
        basis: Matrices ``[K, n, n]``.

    Shapes:
        - **output**: ``c[i, j, k]``, ``[K, K, K]``, float64

    Example:
        >>> heisenberg = torch.zeros(3, 3, 3)
        >>> heisenberg[0, 0, 1] = heisenberg[1, 1, 2] = heisenberg[2, 0, 2] = 1
        >>> structure_constants(heisenberg)[0, 1].tolist()
        [0.0, 0.0, 1.0]
    """
    exact = basis.detach().double().cpu()
    brackets = bracket(exact[:, None], exact[None, :]).flatten(2)
    rounding = max(len(basis), exact[0].numel() if len(exact) else 1) * torch.finfo(basis.dtype).eps
    inverse: Tensor = torch.linalg.pinv(exact.flatten(1), rtol=rounding)
    return brackets @ inverse


def killing_form(basis: Tensor) -> Tensor:
    """Killing form ``Bᵢⱼ = tr(ad Lᵢ ad Lⱼ) = Σₖₗ cᵢₖˡ cⱼₗᵏ``.

    Args:
        basis: Matrices ``[K, n, n]``; a dependent basis gives the form of its span in those coordinates.

    Shapes:
        - **output**: ``[K, K]``, float64

    Example:
        >>> from pyg_liesym.lie.named import rotation
        >>> killing_form(rotation(3)).diagonal().round().tolist()
        [-2.0, -2.0, -2.0]
    """
    constants = structure_constants(basis)
    return torch.einsum("ikl,jlk->ij", constants, constants)


def signature(form: Tensor, tol: float, scale: float = 0.0) -> tuple[int, int, int]:
    """Numbers of positive, negative and zero eigenvalues of a symmetric matrix.

    Args:
        form: Symmetric matrix ``[n, n]``.
        tol: Eigenvalues of size at most ``tol`` times the largest size (or ``scale``) count as zero.
        scale: A size to compare with where the form itself may be zero up to rounding.

    Example:
        >>> signature(torch.diag(torch.tensor([2.0, -1.0, 0.0])), 1e-6)
        (1, 1, 1)
    """
    values = torch.linalg.eigvalsh(form.detach().double().cpu())
    threshold = tol * max([scale, *values.abs().tolist()])
    positive = int((values > threshold).sum())
    negative = int((values < -threshold).sum())
    return positive, negative, len(values) - positive - negative
