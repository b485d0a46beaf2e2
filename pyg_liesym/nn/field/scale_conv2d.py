"""Scale convolution on square lattices, strict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from torch import Tensor
from torch.nn.functional import conv2d, pad

from pyg_liesym.nn.field.kernels.scale_kernel import ScaleKernel
from pyg_liesym.nn.field.scaling_conv2d import ScalingConv2d


class ScaleConv2d(ScalingConv2d[ScaleKernel]):
    r"""Convolution over places and scales.

    .. math:: [f \star \Psi](x, s) = \sum_{y, s'} f(y, s')\, \Psi\bigl(s^{-1} (y - x), s' / s\bigr)

    "Scale-Equivariant Steerable Networks" (Sosnovik, Szmaja, Smeulders, ICLR 2020, `arXiv:1910.11093
    <https://arxiv.org/abs/1910.11093>`_, eqs. 12 and 13); the kernel is
    :class:`~pyg_liesym.nn.field.kernels.ScaleKernel`.

    **Law**: scaling a field by the ratio of neighbouring scales moves the output by one scale; approximately, as a
    lattice has no scalings and the row of scales has ends. Equivariant to translations away from the border, exactly.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd size of the stencil, some five times the largest scale.
        scales: The scales, a geometric series, in units of the lattice's spacing.
        lifting: Whether the input has no scales.
        interaction: How many scales further up or down a filter reaches.
        max_order: Order of the Hermite polynomials.
        padding: What is outside the lattice: ``"zeros"`` or ``"circular"``.
        bias: Whether to add a constant to each channel.

    Shapes:
        - **field**: :math:`(B, C_{in}, S, H, W)`, with ``lifting`` :math:`(B, C_{in}, H, W)`
        - **output**: :math:`(B, C_{out}, S, H, W)`

    Raises:
        ValueError: If the scales are no rising geometric series, on an unknown padding, or a field of another shape.

    Example:
        >>> import torch
        >>> lift = ScaleConv2d(1, 4, 7, (1.0, 1.5), lifting=True)
        >>> ScaleConv2d(4, 2, 7, (1.0, 1.5))(lift(torch.ones(1, 1, 9, 8))).shape
        torch.Size([1, 2, 2, 9, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        scales: Sequence[float],
        *,
        lifting: bool = False,
        interaction: int = 1,
        max_order: int = 3,
        padding: Literal["zeros", "circular"] = "zeros",
        bias: bool = True,
    ) -> None:
        super().__init__(
            ScaleKernel(
                in_channels, out_channels, kernel_size, scales,
                lifting=lifting, interaction=interaction, max_order=max_order,
            ),
            padding,
            bias,
        )  # fmt: skip

    def forward(self, field: Tensor) -> Tensor:
        """Convolve a field."""
        kernel, num_scales = self.kernel, len(self.kernel.scales)
        expected = [kernel.in_channels] if kernel.lifting else [kernel.in_channels, num_scales]
        if field.dim() != 3 + len(expected) or list(field.shape[1:-2]) != expected:
            raise ValueError(f"expected a field [B, {', '.join(map(str, expected))}, H, W], got {list(field.shape)}")
        flat = field if kernel.lifting else field.flatten(1, 2)
        weight = kernel.stencil_kernel().flatten(0, 1).flatten(1, 2)
        bias = None if self.bias is None else self.bias.repeat_interleave(num_scales)
        half = kernel.kernel_size // 2
        if self.padding == "circular":
            flat, half = pad(flat, (half, half, half, half), mode="circular"), 0
        out: Tensor = conv2d(flat, weight, bias, padding=half).unflatten(1, (kernel.out_channels, num_scales))
        return out

    def extra_repr(self) -> str:
        """Channels, size and scales."""
        kernel = self.kernel
        return f"{kernel.in_channels}, {kernel.out_channels}, kernel_size={kernel.kernel_size}, scales={kernel.scales}"
