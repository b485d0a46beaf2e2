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
        field_type: What the channels are.
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
    sizes: Tensor
    counts: Tensor

    def __init__(self, field_type: FieldType, *, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__()
        self.field_type, self.eps, self.momentum = field_type, eps, momentum
        dims = torch.tensor([rep.dim for rep, count in field_type for _ in range(count)])
        self.register_buffer("owner", torch.arange(len(dims)).repeat_interleave(dims), persistent=False)
        self.register_buffer("sizes", dims.to(torch.get_default_dtype()), persistent=False)
        self.bias = FieldBias(field_type)
        self.register_buffer("counts", self.bias.directions.sum(0), persistent=False)
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
        self.field_type.check(field)
        flat, dtype = field.movedim(1, -1), self.power.dtype
        if field.dtype == dtype and not torch.is_autocast_enabled(field.device.type):
            return self._normalise(flat).movedim(-1, 1)
        # Sums over a batch in half precision would lose what they add.
        with without_autocast(field.device):
            out = self._normalise(flat.to(torch.promote_types(field.dtype, dtype)))
        return out.to(field.dtype).movedim(-1, 1)

    def _normalise(self, flat: Tensor) -> Tensor:
        has_invariant, power = self.mean.numel() > 0, self.power
        if has_invariant:
            flat = flat - self.bias.directions @ self._means(flat)
        if self.training:
            squares = flat.square().flatten(0, -2).mean(0)
            power = squares.new_zeros(power.shape).index_add(0, self.owner, squares) / self.sizes
            self._follow(self.power, power)
        scale = self.weight * (power + self.eps).rsqrt()
        if not has_invariant:
            # An empty bias adds nothing, but several processes ask for its gradient.
            scale = torch.cat([scale, self.bias.weight])
        out: Tensor = flat * scale[self.owner]
        return out + self.bias() if has_invariant else out

    def _means(self, flat: Tensor) -> Tensor:
        """Of what is invariant in the fields: of the batch in training, else the running ones."""
        if not self.training:
            return self.mean
        mean = (flat @ self.bias.directions / self.counts).flatten(0, -2).mean(0)
        self._follow(self.mean, mean)
        return mean

    @torch.no_grad()
    def _follow(self, running: Tensor, of_batch: Tensor) -> None:
        running.lerp_(of_batch.to(running.dtype), self.momentum)

    def extra_repr(self) -> str:
        """The field type."""
        return str(self.field_type)
