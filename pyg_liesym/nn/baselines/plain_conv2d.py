"""Convolution of plain channels, as the free path of a layer with a symmetry."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.field.offset_basis import StencilBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import scalars
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.baselines.free_path import FreePath
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel


class PlainConv2d(FieldConv2d, FreePath):
    r"""Convolve channels that no rotation mixes, without a bias.

    The free path of the residual pathway prior for rotations and scalings: a
    :class:`~pyg_liesym.nn.field.SteerableConv2d` of the trivial group, so with any kernel.

    **Law**: equivariant to translations away from the border.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd size of the kernel.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Example:
        >>> PlainConv2d(2, 3, 3)(torch.ones(1, 2, 4, 5)).shape
        torch.Size([1, 3, 4, 5])
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        trivial, basis = PointGroup.cyclic(1), StencilBasis(stencil(kernel_size))
        kernel = SteerableKernel(scalars(trivial, in_channels), scalars(trivial, out_channels), basis)
        super().__init__(kernel, kernel_size, bias=False)

    def power(self) -> Tensor:
        """Mean square of the output at a place for white noise, summed over its channels."""
        return self.stencil_kernel().square().sum()

    @torch.no_grad()
    def silence(self) -> None:
        """Set the kernel to zero."""
        for parameter in self.kernel.parameters():
            parameter.zero_()
