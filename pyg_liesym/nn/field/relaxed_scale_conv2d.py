"""Scale convolution on square lattices, relaxed by filter banks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pyg_liesym.nn.field.kernels.scale_kernel import ScaleKernel
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.field.scaling_conv2d import ScalingConv2d


class RelaxedScaleConv2d(ScaleConv2d):
    r"""Convolution over places and scales, with filter banks mixed by weights that depend on the scale.

    .. math:: [f \,\tilde\star\, \Psi](x, s) = \sum_{y, s'} f(y, s') \sum_l w_l(s')\, \Psi_l(s^{-1} (y - x), s' / s)

    Equation 8 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022) for scalings; the kernel is
    :class:`~pyg_liesym.nn.field.kernels.ScaleKernel`.

    **Law**: that of :class:`~pyg_liesym.nn.field.ScaleConv2d` as long as the weights of each bank are equal, which they
    are at the start and after :meth:`make_strict`.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        kernel_size: Odd size of the stencil.
        scales: The scales, a geometric series, in units of the lattice's spacing.
        num_banks: Number of filter banks L.
        lifting: Whether the input has no scales.
        interaction: How many scales further up or down a filter reaches.
        max_order: Order of the Hermite polynomials.
        padding: What is outside the lattice: ``"zeros"`` or ``"circular"``.
        bias: Whether to add a constant to each channel.

    Shapes:
        As :class:`~pyg_liesym.nn.field.ScaleConv2d`.

    Example:
        >>> import torch
        >>> RelaxedScaleConv2d(1, 4, 7, (1.0, 1.5), lifting=True)(torch.ones(1, 1, 9, 8)).shape
        torch.Size([1, 4, 2, 9, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        scales: Sequence[float],
        *,
        num_banks: int = 3,
        lifting: bool = False,
        interaction: int = 1,
        max_order: int = 3,
        padding: Literal["zeros", "circular"] = "zeros",
        bias: bool = True,
    ) -> None:
        ScalingConv2d.__init__(
            self,
            ScaleKernel(
                in_channels, out_channels, kernel_size, scales,
                lifting=lifting, interaction=interaction, max_order=max_order, num_banks=num_banks,
            ),
            padding,
            bias,
        )  # fmt: skip
