"""Scale convolution on square lattices, strict or relaxed by filter banks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pyg_liesym.nn.field.kernels.scale_kernel import ScaleKernel
from pyg_liesym.nn.field.lattice_conv import Padding, lattice_conv
from pyg_liesym.nn.field.scaling_conv2d import ScalingConv2d


class ScaleConv2d(ScalingConv2d):
    r"""Convolution over places and scales, with filter banks mixed by weights of the scale if relaxed.

    .. math::
        [f \star \Psi](x, s) &= \sum_{y, s'} f(y, s')\, \Psi(s^{-1} (y - x), s' / s)

        [f \,\tilde\star\, \Psi](x, s) &= \sum_{y, s'} f(y, s') \sum_l w_l(s')\, \Psi_l(s^{-1} (y - x), s' / s)

    Strict: "Scale-Equivariant Steerable Networks" (Sosnovik, Szmaja, Smeulders, ICLR 2020, `arXiv:1910.11093
    <https://arxiv.org/abs/1910.11093>`_, eqs. 12 and 13). Relaxed: `"Approximately Equivariant Networks for Imperfectly
    Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, eq. 8) for scalings. The
    kernel is :class:`~pyg_liesym.nn.field.kernels.ScaleKernel`.

    **Law**: scaling a field by the ratio of neighbouring scales moves the output by one scale; approximately, as a
    lattice has no scalings and the row of scales has ends. Equivariant to translations away from the border, exactly.
    Relaxed: so as long as the weights of each bank are equal, which they are at the start and after
    :meth:`make_strict`; always equivariant to translations.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd size of the stencil, some five times the largest scale.
        scales: The scales, a geometric series, in units of the lattice's spacing.
        lifting: Whether the input has no scales.
        interaction: How many scales further up or down a filter reaches.
        max_order: Order of the Hermite polynomials.
        relaxed: Whether filter banks are mixed by weights.
        num_banks: Number of filter banks L, if relaxed.
        zero_mean: Whether filters do not see a constant, such as uniform motion.
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

    kernel: ScaleKernel

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
        relaxed: bool = False,
        num_banks: int = 3,
        zero_mean: bool = False,
        padding: Padding = "zeros",
        bias: bool = True,
    ) -> None:
        kernel = ScaleKernel(
            in_channels, out_channels, kernel_size, scales,
            lifting=lifting, interaction=interaction, max_order=max_order, relaxed=relaxed, num_banks=num_banks,
            zero_mean=zero_mean,
        )  # fmt: skip
        super().__init__(kernel, padding=padding, bias=bias)

    def stencil_kernel(self) -> Tensor:
        """The kernel on the stencil, ``[C_out, S, C_in, S or 1, k, k]``."""
        return self.kernel.stencil_kernel()

    def forward(self, field: Tensor) -> Tensor:
        """Convolve a field."""
        kernel, num_scales = self.kernel, len(self.kernel.scales)
        expected = [kernel.in_channels] if kernel.lifting else [kernel.in_channels, num_scales]
        if field.dim() != 3 + len(expected) or list(field.shape[1:-2]) != expected:
            raise ValueError(f"expected a field [B, {', '.join(map(str, expected))}, H, W], got {list(field.shape)}")
        flat = field if kernel.lifting else field.flatten(1, 2)
        weight = self.stencil_kernel().flatten(0, 1).flatten(1, 2)
        bias = None if self.bias is None else self.bias.repeat_interleave(num_scales)
        out: Tensor = lattice_conv(flat, weight, bias, self.padding).unflatten(1, (kernel.out_channels, num_scales))
        return out

    def extra_repr(self) -> str:
        """Channels, size, scales, and whether it is relaxed."""
        kernel = self.kernel
        sizes = f"{kernel.in_channels}, {kernel.out_channels}, kernel_size={kernel.kernel_size}, scales={kernel.scales}"
        return sizes + self._relaxed_or_not()
