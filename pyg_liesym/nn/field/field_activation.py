"""Nonlinearities that keep to the symmetry of a field."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn.resolver import activation_resolver

from pyg_liesym.field.representation import FieldType, Representation


class FieldActivation(nn.Module):
    r"""Apply an activation to scalars and regular fields, and to the lengths of all others.

    .. math:: f \mapsto f\, \sigma\bigl(a\,|f| + b\bigr) \quad\text{with the logistic } \sigma

    for fields whose components turn among themselves; a length is never divided by.

    **Law**: equivariant to the group: a permutation of numbers does not mind a function of each, and lengths are
    invariant.

    Args:
        field_type: What the channels are.
        act: Activation of scalars and regular fields, by name or as a module without parameters.

    Shapes:
        - **field**: :math:`(B, C, \ldots)`, as nodes :math:`(N, C)` too; **output**: the same

    Example:
        >>> from pyg_liesym.field import PointGroup, scalars
        >>> FieldActivation(scalars(PointGroup.so2(), 2), act="relu")(torch.tensor([[-1.0, 2.0]]))
        tensor([[0., 2.]])
    """

    def __init__(self, field_type: FieldType, *, act: str | nn.Module = "relu") -> None:
        super().__init__()
        self.field_type = field_type
        self.act = activation_resolver(act)
        lengths = sum(count for rep, count in field_type if not _pointwise(rep))
        self.weight = nn.Parameter(torch.ones(lengths)) if lengths else None
        self.bias = nn.Parameter(torch.zeros(lengths)) if lengths else None

    def reset_parameters(self) -> None:
        """Set a to one and b to zero."""
        if self.weight is not None and self.bias is not None:
            nn.init.ones_(self.weight)
            nn.init.zeros_(self.bias)

    def forward(self, field: Tensor) -> Tensor:
        """Apply the nonlinearity.

        Raises:
            ValueError: If the field has other channels.
        """
        self.field_type.check(field)
        parts, first = [], 0
        for (rep, count), channels in zip(self.field_type, self.field_type.slices(), strict=True):
            part = field[:, channels]
            if _pointwise(rep):
                parts.append(self.act(part))
                continue
            assert self.weight is not None
            assert self.bias is not None
            fields = part.unflatten(1, (count, rep.dim))
            square = fields.square().sum(2)
            length = torch.where(square > 0, square, 1.0).sqrt() * (square > 0)
            own = slice(first, first + count)
            shape = (-1, *[1] * (length.dim() - 2))
            gate = torch.sigmoid(self.weight[own].view(shape) * length + self.bias[own].view(shape))
            parts.append((fields * gate.unsqueeze(2)).flatten(1, 2))
            first += count
        return torch.cat(parts, 1)

    def extra_repr(self) -> str:
        """The field type."""
        return str(self.field_type)


def _pointwise(rep: Representation) -> bool:
    """Whether the group permutes the numbers at most."""
    return rep.is_trivial or rep.is_regular
