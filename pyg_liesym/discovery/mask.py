"""Known block structure of a basis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra


def block_mask(sizes: Sequence[int]) -> Tensor:
    """Mask that lets only square blocks on the diagonal differ from zero, as in LieGAN, section 5.

    Two planar bodies with state ``(q₁, q₂, p₁, p₂)`` and one planar action for each: ``block_mask([2] * 4)``.
    Positions and momenta apart, bodies allowed to mix (LieGAN-ES): ``block_mask([4, 4])``.

    Args:
        sizes: Sizes of the blocks, positive; their sum is n.

    Shapes:
        - **output**: ``[n, n]``, 0 and 1

    Raises:
        ValueError: If there is no block or a size is not positive.

    Example:
        >>> block_mask([1, 2]).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]
    """
    if len(sizes) == 0 or min(sizes) < 1:
        raise ValueError(f"sizes must be positive block sizes such as [2, 2], got {list(sizes)}")
    mask: Tensor = torch.block_diag(*[torch.ones(size, size) for size in sizes])
    return mask


def matrices_within(mask: Tensor) -> LieAlgebra:
    """All matrices with entries where a mask has them: what to look among where a structure is known.

    Args:
        mask: ``[n, n]`` of 0 and 1, such as `block_mask`.

    Raises:
        ValueError: If the mask is no square matrix, or has no entry.

    Example:
        >>> matrices_within(block_mask([1, 2]))
        LieAlgebra(dim=5, n=3)
    """
    if mask.ndim != 2 or mask.shape[0] != mask.shape[1] or not bool(mask.any()):
        raise ValueError(f"mask must be [n, n] with at least one non-zero entry, got shape {list(mask.shape)}")
    places = torch.nonzero(mask)
    basis = torch.zeros(len(places), *mask.shape, dtype=torch.float64)
    basis[torch.arange(len(places)), places[:, 0], places[:, 1]] = 1.0
    return LieAlgebra(basis)
