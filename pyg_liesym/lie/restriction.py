"""Reading an action off some of its coordinates, with the checks that make this meaningful."""

from __future__ import annotations

import torch
from torch import Tensor


def restrict(basis: Tensor, kept: list[int], copies: int, tol: float) -> Tensor:
    """The block of a basis on some coordinates; see `pyg_liesym.lie.LieAlgebra.restrict`.

    Raises:
        ValueError: If the coordinates are not a block, mix with others, or the copies differ.

    Example:
        >>> restrict(torch.eye(4).unsqueeze(0), [0, 1], copies=2, tol=0.0).tolist()
        [[[1.0, 0.0], [0.0, 1.0]]]
    """
    n, size = basis.shape[-1], len(kept)
    _check_indices(kept, n, copies)
    blocks = [list(range(s, s + size)) for s in range(0, n, size)] if copies > 1 else [kept]
    exact = basis.detach().double()
    target = exact[:, kept][:, :, kept]
    norm = max(float(target.norm()), torch.finfo(torch.float64).tiny)

    outside = exact.clone()
    for block in blocks:
        outside[:, torch.tensor(block)[:, None], torch.tensor(block)] = 0
    if copies == 1:
        others = [i for i in range(n) if i not in kept]
        outside[:, torch.tensor(others, dtype=torch.long)[:, None], others] = 0
    mixing = float(outside.norm()) / norm
    if mixing > tol:
        raise ValueError(
            f"coordinates {kept} mix with the others: the entries that couple them have {mixing:.2g} of the "
            f"norm of the block, more than tol = {tol:g}. Choose an invariant block, or allow this with tol"
        )
    difference = max(float((exact[:, b][:, :, b] - target).norm()) for b in blocks) / norm
    if difference > tol:
        raise ValueError(
            f"the {copies} blocks do not agree: they differ from coordinates {kept} by up to {difference:.2g} "
            f"of their norm, more than tol = {tol:g}. Restrict with copies=1, or allow this with tol"
        )
    return basis[:, kept][:, :, kept]


def _check_indices(kept: list[int], n: int, copies: int) -> None:
    if not kept or len(set(kept)) != len(kept) or min(kept) < 0 or max(kept) >= n:
        raise ValueError(f"block must name distinct coordinates out of 0 … {n - 1}, got {kept}")
    if copies < 1:
        raise ValueError(f"copies must be at least 1, got {copies}")
    size = len(kept)
    consecutive = kept == list(range(kept[0], kept[0] + size)) and kept[0] % size == 0
    if copies > 1 and not (consecutive and size * copies == n):
        raise ValueError(
            f"with copies={copies} the block must be one of {copies} consecutive blocks of equal size that "
            f"fill 0 … {n - 1}, got {kept}"
        )
