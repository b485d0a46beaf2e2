"""Convolution with all scalings, relaxed by weights of the octave."""

from __future__ import annotations

from typing import Literal

from pyg_liesym.nn.field.kernels.riesz_kernel import RieszKernel
from pyg_liesym.nn.field.riesz_conv2d import RieszConv2d
from pyg_liesym.nn.field.scaling_conv2d import ScalingConv2d


class RelaxedRieszConv2d(RieszConv2d):
    r"""Convolution on a lattice with Riesz transforms whose weights may differ from octave to octave.

    .. math:: \hat y(k) = \sum_l w_l(|k|) \odot c_l\, \Phi_l(k / |k|)\, \hat f(k)

    Equation 10 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022), carried over to scalings; the kernel is
    :class:`~pyg_liesym.nn.field.kernels.RieszKernel`.

    **Law**: that of :class:`~pyg_liesym.nn.field.RieszConv2d` as long as all octaves have equal weights, as they do at
    the start and after :meth:`make_strict`. Always equivariant to translations of a periodic lattice.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        num_octaves: How many octaves of the frequency, from half a cycle per cell downwards, have weights of their own.
        max_order: Highest order of the Riesz transforms.
        padding: What is outside the lattice: ``"zeros"`` or ``"circular"``.
        bias: Whether to add a constant to each channel.

    Shapes:
        As :class:`~pyg_liesym.nn.field.RieszConv2d`.

    Example:
        >>> float(RelaxedRieszConv2d(1, 4).relaxation())
        0.0
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        num_octaves: int = 5,
        max_order: int = 3,
        padding: Literal["zeros", "circular"] = "zeros",
        bias: bool = True,
    ) -> None:
        ScalingConv2d.__init__(self, RieszKernel(in_channels, out_channels, max_order, num_octaves), padding, bias)
