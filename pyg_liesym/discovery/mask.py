"""Known block structure of a basis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


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
