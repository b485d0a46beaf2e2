"""A kernel of its own for every place of a lattice."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import unfold

from pyg_liesym.field.group_average import group_average
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.field.kernels.field_bias import FieldBias
from pyg_liesym.nn.relaxable import Relaxable


class LocallyConnectedConv2d(Relaxable):
    r"""Apply a kernel of its own at each place, all held near one by a penalty (constrained locally connected).

    .. math:: y(x) = \sum_o K(x, o)\, f(x + o)

    The baseline CLCNN of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, section 5), after Elsayed et al., "Revisiting
    Spatial Invariance with Low-Rank Local Connectivity" (ICML 2020, `arXiv:2002.02959
    <https://arxiv.org/abs/2002.02959>`_). The symmetry is a soft constraint alone: :meth:`relaxation_penalty` is the
    squared distance from the average :math:`\bar K(o)` over the places and over the quarter turns of the group.

    **Law**: equivariant to translations (away from the border) and to the quarter turns of the group as long as all
    kernels are :math:`\bar K`, which they are at the start and after :meth:`make_strict`.

    Args:
        in_type: What the channels of the input are; ``scalars(PointGroup.cyclic(1), C)`` for C plain channels.
        out_type: What those of the output are.
        kernel_size: Odd size of the kernels.
        size: Height and width of the lattice.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: On an even size, or a field of another shape.

    Example:
        >>> from pyg_liesym.field import PointGroup, scalars
        >>> plain = PointGroup.cyclic(1)
        >>> LocallyConnectedConv2d(scalars(plain, 2), scalars(plain, 3), 3, (5, 6))(torch.ones(1, 2, 5, 6)).shape
        torch.Size([1, 3, 5, 6])
    """

    def __init__(self, in_type: FieldType, out_type: FieldType, kernel_size: int, size: tuple[int, int]) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"expected an odd size of the kernels, got {kernel_size}")
        self.in_type, self.out_type, self.kernel_size, self.size = in_type, out_type, kernel_size, size
        self.weight = nn.Parameter(torch.empty(*size, out_type.channels, in_type.channels, kernel_size, kernel_size))
        self.bias = FieldBias(out_type)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw one kernel for all places."""
        draw = torch.randn(self.weight.shape[2:]) * (self.weight[0, 0, 0].numel()) ** -0.5
        average = group_average(draw, self.in_type, self.out_type)
        with torch.no_grad():
            # the average over a group of n elements is about 1/√n as large as what was drawn
            self.weight.copy_(average * (draw.norm() / average.norm().clamp(min=1e-30)))
        self.bias.reset_parameters()

    def strict_kernel(self) -> Tensor:
        r"""The average :math:`\bar K`, ``[C_out, C_in, k, k]``."""
        return group_average(self.weight.mean((0, 1)), self.in_type, self.out_type)

    def relaxation_penalty(self) -> Tensor:
        r"""The square of :math:`\|K - \bar K\| / \|K\|`, how far the kernels are from their average, for a loss."""
        return (self.weight - self.strict_kernel()).square().sum() / self.weight.square().sum().clamp(min=1e-30)

    def make_strict(self) -> None:
        """Put the average in the place of all kernels."""
        with torch.no_grad():
            self.weight.copy_(self.strict_kernel().expand_as(self.weight))

    def forward(self, field: Tensor) -> Tensor:
        """Apply the kernels."""
        expected = [self.in_type.channels, *self.size]
        if field.dim() != 4 or list(field.shape[1:]) != expected:
            raise ValueError(f"expected a field [B, {', '.join(map(str, expected))}], got {list(field.shape)}")
        # [H W, C_in k k, B]
        windows = unfold(field, self.kernel_size, padding=self.kernel_size // 2).permute(2, 1, 0)
        out = torch.bmm(self.weight.flatten(3).flatten(0, 1).flatten(2), windows)
        fields: Tensor = out.permute(2, 1, 0).unflatten(2, self.size) + self.bias()[:, None, None]
        return fields

    def extra_repr(self) -> str:
        """The field types and sizes."""
        return f"{self.in_type} -> {self.out_type}, kernel_size={self.kernel_size}, size={self.size}"
