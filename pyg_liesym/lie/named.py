"""Bases of the named matrix Lie algebras, as pure functions from sizes to tensors ``[K, n, n]``.

Matrices act on column vectors, ``x ↦ L x`` (a row of a batch: ``x @ L.mT``). `LieAlgebra` offers each of them
as a constructor; the order of the basis matrices is part of what is promised here.
"""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from pyg_liesym.lie.subspace import null_vectors


def rotation(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """so(n): ``Eⱼᵢ − Eᵢⱼ`` for i < j in lexicographic order, each turning axis i towards axis j.

    Example:
        >>> rotation(2).tolist()
        [[[0.0, -1.0], [1.0, 0.0]]]
    """
    return indefinite_rotation(n, 0, dtype=dtype)


def indefinite_rotation(p: int, q: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """so(p,q), preserving ``diag(1_p, −1_q)``: rotations and boosts of the planes (i, j), i < j.

    A plane inside one block turns (``Eⱼᵢ − Eᵢⱼ``), a plane across the blocks is boosted (``Eᵢⱼ + Eⱼᵢ``).

    Example:
        >>> indefinite_rotation(1, 1).tolist()
        [[[0.0, 1.0], [1.0, 0.0]]]
    """
    _at_least("p", p, 0)
    _at_least("q", q, 0)
    n = _at_least("p + q", p + q, 1)
    basis = torch.zeros(n * (n - 1) // 2, n, n, dtype=dtype)
    for k, (i, j) in enumerate(combinations(range(n), 2)):
        basis[k, j, i] = 1
        basis[k, i, j] = 1 if i < p <= j else -1
    return basis


def lorentz(*, dtype: torch.dtype = torch.float64) -> Tensor:
    """so(1,3) on ``(E, px, py, pz)``, in the order ``(Kx, Ky, Kz, Jx, Jy, Jz)``.

    ``Kx, Ky, Kz`` boost along an axis; ``Jx, Jy, Jz`` turn around it by the right-hand rule, so that ``[Jx,
    Jy] = Jz``, ``[Jx, Ky] = Kz`` and ``[Kx, Ky] = −Jz``.

    Example:
        >>> kx, ky, kz, jx, jy, jz = lorentz()
        >>> bool((kx @ ky - ky @ kx == -jz).all())
        True
    """
    # planes in lexicographic order: tx, ty, tz, xy, xz, yz; Jy turns z towards x, hence the sign
    kx, ky, kz, xy, xz, yz = indefinite_rotation(1, 3, dtype=dtype)
    return torch.stack([kx, ky, kz, yz, -xz, xy])


def general_linear(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """gl(n): all matrices, the units ``Eᵢⱼ`` row by row.

    Example:
        >>> general_linear(3).shape
        torch.Size([9, 3, 3])
    """
    _at_least("n", n, 1)
    return torch.eye(n * n, dtype=dtype).view(n * n, n, n)


def special_linear(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """sl(n), the trace-free matrices: ``Eᵢⱼ`` (i ≠ j, row by row), then ``Eᵢᵢ − Eᵢ₊₁,ᵢ₊₁``.

    Example:
        >>> special_linear(3).shape
        torch.Size([8, 3, 3])
    """
    units = general_linear(n, dtype=dtype).view(n, n, n, n)
    off_diagonal = [units[i, j] for i in range(n) for j in range(n) if i != j]
    diagonal = [units[i, i] - units[i + 1, i + 1] for i in range(n - 1)]
    return torch.stack(off_diagonal + diagonal) if n > 1 else units.new_zeros(0, n, n)


def symplectic(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """sp(n) for an even matrix size n, acting on ``(q, p)`` and preserving ``Ω = [[0, 1], [−1, 0]]``.

    The linear flows of Hamiltonian mechanics. Order: ``q ↦ Aq, p ↦ −Aᵀp`` for the units A, then the symmetric
    maps p → q, then the symmetric maps q → p; n(n + 1)/2 matrices.

    Example:
        >>> symplectic(4).shape
        torch.Size([10, 4, 4])
    """
    if n < 2 or n % 2:
        raise ValueError(f"sp(n) acts on positions and momenta: expected an even size n >= 2, got n = {n}")
    half = n // 2
    units = general_linear(half, dtype=dtype)
    pairs = [(i, j) for i in range(half) for j in range(i, half)]
    basis = torch.zeros(half * half + 2 * len(pairs), n, n, dtype=dtype)
    basis[: half * half, :half, :half] = units
    basis[: half * half, half:, half:] = -units.mT
    for k, (i, j) in enumerate(pairs, start=half * half):
        basis[k, i, half + j] = basis[k, j, half + i] = 1
        basis[k + len(pairs), half + i, j] = basis[k + len(pairs), half + j, i] = 1
    return basis


def scaling(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """The dilations of ``n`` coordinates by one common factor: the identity matrix.

    Example:
        >>> scaling(2).tolist()
        [[[1.0, 0.0], [0.0, 1.0]]]
    """
    _at_least("n", n, 1)
    return torch.eye(n, dtype=dtype).unsqueeze(0)


def euclidean(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """e(n) on homogeneous ``(x, 1)``, size n + 1: those of `rotation`, then n translations.

    Example:
        >>> euclidean(3).shape
        torch.Size([6, 4, 4])
    """
    return _affine(rotation(n, dtype=dtype))


def galilei(n: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """Galilei algebra on homogeneous space-time ``(x, t, 1)``, matrices of size n + 2.

    Order: the rotations of `rotation`, n boosts ``x += v t``, n translations of space, the translation of
    time.

    Example:
        >>> galilei(3).shape
        torch.Size([10, 5, 5])
    """
    turns = rotation(n, dtype=dtype)
    linear = torch.zeros(len(turns) + n, n + 1, n + 1, dtype=dtype)
    linear[: len(turns), :n, :n] = turns
    for i in range(n):
        linear[len(turns) + i, i, n] = 1
    return _affine(linear)


def poincare(*, dtype: torch.dtype = torch.float64) -> Tensor:
    """Poincaré algebra on homogeneous ``(t, x, y, z, 1)``: the six of `lorentz`, then four translations.

    Example:
        >>> poincare().shape
        torch.Size([10, 5, 5])
    """
    return _affine(lorentz(dtype=dtype))


def repeated(basis: Tensor, copies: int) -> Tensor:
    """Block-diagonal copies of one action, ``1 ⊗ L``.

    Example:
        >>> repeated(scaling(1), 3).diagonal(dim1=1, dim2=2).tolist()
        [[1.0, 1.0, 1.0]]
    """
    _at_least("copies", copies, 1)
    num, n, _ = basis.shape
    identity = torch.eye(copies, dtype=basis.dtype, device=basis.device)
    return torch.einsum("ab,kij->kaibj", identity, basis).reshape(num, copies * n, copies * n)


def preserving(form: Tensor, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """The algebra ``{L : LᵀJ + JL = 0}`` of one bilinear form J, as an orthonormal basis (null space by SVD).

    Args:
        form: J ``[n, n]``: symmetric, antisymmetric or general; a general J must have both its parts
            preserved.
        dtype: Floating type of the result.

    Raises:
        ValueError: If J is not a finite square matrix.

    Example:
        >>> preserving(torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))).shape
        torch.Size([6, 4, 4])
    """
    if form.ndim != 2 or form.shape[0] != form.shape[1] or form.shape[0] == 0:
        raise ValueError(f"J must be a square matrix [n, n], got shape {list(form.shape)}")
    if not form.is_floating_point() or not bool(torch.isfinite(form).all()):
        raise ValueError(f"J must hold finite floating-point numbers, got {form.dtype}: {form.tolist()}")
    n = form.shape[0]
    exact = form.detach().double().cpu()
    units = general_linear(n)
    # column k: LᵀJ + JL for the k-th unit matrix
    system = (units.mT @ exact + exact @ units).flatten(1).T
    tol = max(system.shape) * torch.finfo(form.dtype).eps
    return null_vectors(system, tol).view(-1, n, n).to(device=form.device, dtype=dtype)


def _affine(linear: Tensor) -> Tensor:
    """Linear maps of n coordinates in homogeneous coordinates ``(x, 1)``, then n translations."""
    num, n, _ = linear.shape
    basis = linear.new_zeros(num + n, n + 1, n + 1)
    basis[:num, :n, :n] = linear
    for i in range(n):
        basis[num + i, i, n] = 1
    return basis


def _at_least(name: str, value: int, least: int) -> int:
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {name} = {value}")
    return value
