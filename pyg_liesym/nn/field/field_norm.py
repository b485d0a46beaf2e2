"""Batch normalisation that keeps to the symmetry of a field."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.nn.field.kernels.field_bias import FieldBias


class FieldNorm(nn.Module):
    r"""Scale each field to a mean squared length of one per component, over a batch and all its places.

    .. math:: y = \gamma\, f / \sqrt{\langle |f|^2 \rangle / d + \epsilon} + \beta

    What is invariant in a field (scalars, the sum over a regular field) has its mean taken away first, and a bias
    β. In evaluation the running means of training are used, as :class:`torch.nn.BatchNorm2d` does.

    **Law**: equivariant to the group of the field, as lengths are invariant.

    Args:
        kind: What the channels are.
        eps: ε.
        momentum: Share of a new batch in the running means.

    Shapes:
        - **field**: :math:`(B, C, \ldots)`, as nodes :math:`(N, C)` too; **output**: the same

    Example:
        >>> from pyg_liesym.field import PointGroup, vectors
        >>> FieldNorm(vectors(PointGroup.so2(), 1))(torch.tensor([[3.0, 0.0], [0.0, 3.0]])).detach()
        tensor([[1.4142, 0.0000],
                [0.0000, 1.4142]])
    """

    mean: Tensor
    power: Tensor
    owner: Tensor

    def __init__(self, kind: FieldType, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.kind, self.eps, self.momentum = kind, eps, momentum
        dims = torch.tensor([rep.dim for rep, count in kind for _ in range(count)])
        self.register_buffer("owner", torch.arange(len(dims)).repeat_interleave(dims), persistent=False)
        self.bias = FieldBias(kind)
        self.weight = nn.Parameter(torch.ones(len(dims)))
        self.register_buffer("mean", torch.zeros(self.bias.directions.size(1)))
        self.register_buffer("power", torch.ones(len(dims)))

    def reset_parameters(self) -> None:
        """Forget the running means and all parameters."""
        nn.init.ones_(self.weight)
        self.bias.reset_parameters()
        self.mean.zero_()
        self.power.fill_(1.0)

    def forward(self, field: Tensor) -> Tensor:
        """Normalise a field.

        Raises:
            ValueError: If it has other channels.
        """
        if field.size(1) != self.kind.channels:
            raise ValueError(f"expected {self.kind.channels} channels of {self.kind}, got {list(field.shape)}")
        # Sums over a batch in half precision would lose what they add.
        with without_autocast(field.device):
            out = self._normalise(field.movedim(1, -1).to(torch.promote_types(field.dtype, self.power.dtype)))
        return out.to(field.dtype).movedim(-1, 1)

    def _normalise(self, flat: Tensor) -> Tensor:
        directions = self.bias.directions
        mean, power = self.mean, self.power
        if self.training:
            mean = (flat @ directions / directions.sum(0)).flatten(0, -2).mean(0)
        flat = flat - directions @ mean
        if self.training:
            squares = flat.square().flatten(0, -2).mean(0)
            power = squares.new_zeros(self.power.shape).index_add(0, self.owner, squares) / self.owner.bincount()
            with torch.no_grad():
                self.mean.lerp_(mean.to(self.mean.dtype), self.momentum)
                self.power.lerp_(power.to(self.power.dtype), self.momentum)
        scale = (self.weight * (power + self.eps).rsqrt())[self.owner]
        out: Tensor = flat * scale + self.bias()  # with no invariant field too, so that each parameter has a gradient
        return out

    def extra_repr(self) -> str:
        """The field type."""
        return str(self.kind)
