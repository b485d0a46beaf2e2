"""A constant added to a field without breaking its symmetry."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.field.representation import FieldType, Representation


class FieldBias(nn.Module):
    """One number for each field that has an invariant direction: scalars, and regular fields (the same everywhere).

    Args:
        field_type: What the channels are.
    """

    directions: Tensor

    def __init__(self, field_type: FieldType) -> None:
        super().__init__()
        parts = []
        for rep, count in field_type:
            direction = invariant_direction(rep)
            columns = (
                torch.zeros(count * rep.dim, 0)
                if direction is None
                else torch.kron(torch.eye(count), direction[:, None])
            )
            parts.append(columns)
        directions = torch.block_diag(*parts)
        self.register_buffer("directions", directions, persistent=False)
        self.weight = nn.Parameter(torch.zeros(directions.size(1)))

    def reset_parameters(self) -> None:
        """Set the constants to zero."""
        nn.init.zeros_(self.weight)

    def forward(self) -> Tensor:
        """The constant of each channel."""
        return self.directions @ self.weight


def invariant_direction(rep: Representation) -> Tensor | None:
    """The numbers of a field that a group leaves alone, if there are such: scalars and sums over a regular field."""
    if rep.is_regular:
        return torch.ones(rep.dim)
    return torch.ones(1) if rep.is_trivial else None
