"""From fields to scalars."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from pyg_liesym.field.representation import FieldType


class GroupPool(nn.Module):
    r"""Make a scalar of each field: of regular fields the largest number or the mean, of others the length.

    **Law**: the output is invariant to the group acting on the numbers of the fields; their places still move.

    Args:
        field_type: What the channels are; scalars stay as they are.
        reduce: ``"max"`` or ``"mean"`` over the elements of regular fields.

    Shapes:
        - **field**: :math:`(B, C, \ldots)`; **output**: :math:`(B, F, \ldots)` with the number of fields F

    Raises:
        ValueError: On an unknown ``reduce``.

    Example:
        >>> from pyg_liesym.field import PointGroup, regulars
        >>> GroupPool(regulars(PointGroup.cyclic(4), 1))(torch.tensor([[1.0, 4.0, 2.0, 3.0]]))
        tensor([[4.]])
    """

    def __init__(self, field_type: FieldType, *, reduce: Literal["max", "mean"] = "max") -> None:
        super().__init__()
        if reduce not in ("max", "mean"):
            raise ValueError(f"expected `reduce` to be 'max' or 'mean', got {reduce!r}")
        self.field_type, self.reduce = field_type, reduce

    def forward(self, field: Tensor) -> Tensor:
        """Pool a field.

        Raises:
            ValueError: If it has other channels.
        """
        self.field_type.check(field)
        parts = []
        for (rep, count), channels in zip(self.field_type, self.field_type.slices(), strict=True):
            fields = field[:, channels].unflatten(1, (count, rep.dim))
            if rep.is_regular:
                parts.append(fields.amax(2) if self.reduce == "max" else fields.mean(2))
            elif rep.is_trivial:
                parts.append(fields[:, :, 0])
            else:
                square = fields.square().sum(2)
                parts.append(torch.where(square > 0, square, 1.0).sqrt() * (square > 0))
        return torch.cat(parts, 1)

    def extra_repr(self) -> str:
        """The field type."""
        return str(self.field_type)
