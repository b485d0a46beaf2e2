"""Convolution with all scalings, strict or relaxed by weights of the octave."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.nn.field.kernels.riesz_kernel import RieszKernel
from pyg_liesym.nn.field.lattice_conv import Padding
from pyg_liesym.nn.field.scaling_conv2d import ScalingConv2d


class RieszConv2d(ScalingConv2d):
    r"""Convolution on a lattice with the kernels that scalings leave as they are: sums of Riesz transforms.

    .. math:: \hat y(k) = \sum_l w_l(|k|) \odot c_l\, \Phi_l(k / |k|)\, \hat f(k)

    Strict, with :math:`w = 1`, it is the layer of "Riesz networks: scale invariant neural networks in a single forward
    pass" (Barisin, Schladitz, Redenbach, `arXiv:2305.04665 <https://arxiv.org/abs/2305.04665>`_), here with harmonics
    of the direction of any order. Relaxed, weights may differ from octave to octave, as equation 10 of `"Approximately
    Equivariant Networks for Imperfectly Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu,
    ICML 2022) has it for rotations. The kernel is :class:`~pyg_liesym.nn.field.kernels.RieszKernel`. Unlike
    :class:`~pyg_liesym.nn.field.ScaleConv2d` it has no row of scales that ends, and channels are ordinary fields. Every
    output depends on all places: the order 2 holds what takes the divergence out of a flow.

    **Law**: :math:`f(x / \lambda) \mapsto \lambda^{-d} y(x / \lambda)` for every :math:`\lambda > 0`, with d = 0 unless
    derivatives are asked for; on a lattice exact to rounding
    for whole :math:`1 / \lambda`, fields that the finer picture still resolves and ``padding="circular"``, else up to
    what lattice and border cut off. Equivariant to translations of a periodic lattice. Relaxed: so as long as all
    octaves have equal weights, which they have at the start and after :meth:`make_strict`; always equivariant to
    translations of a periodic lattice.

    Args:
        in_channels: Channels of the input.
        out_channels: Channels of the output.
        max_order: Highest order of the Riesz transforms.
        relaxed: Whether octaves of the frequency have weights of their own.
        num_octaves: How many, if relaxed, from half a cycle per cell downwards.
        degree: d, order of the derivative that is taken besides, in units of half a cycle per cell.
        padding: What is outside the lattice: ``"zeros"`` or ``"circular"``.
        bias: Whether to add a constant to each channel.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: If the order is negative, or there is less than one octave; on an unknown padding, or a field of
            another shape.

    Example:
        >>> import torch
        >>> conv = RieszConv2d(1, 4, relaxed=True)
        >>> conv(torch.ones(1, 1, 9, 8)).shape, float(conv.relaxation())
        (torch.Size([1, 4, 9, 8]), 0.0)
    """

    kernel: RieszKernel

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        max_order: int = 3,
        relaxed: bool = False,
        num_octaves: int = 5,
        degree: int = 0,
        padding: Padding = "zeros",
        bias: bool = True,
    ) -> None:
        kernel = RieszKernel(
            in_channels, out_channels, max_order, relaxed=relaxed, num_octaves=num_octaves, degree=degree
        )
        super().__init__(kernel, padding=padding, bias=bias)

    def forward(self, field: Tensor) -> Tensor:
        """Convolve a field."""
        if field.dim() != 4 or field.size(1) != self.kernel.in_channels:
            raise ValueError(f"expected a field [B, {self.kernel.in_channels}, H, W], got {list(field.shape)}")
        # Fourier transforms need single precision or better, inside autocast too.
        with without_autocast(field.device):
            out = self._convolve(field.to(torch.promote_types(field.dtype, torch.float32)))
        return out.to(field.dtype)

    def _convolve(self, field: Tensor) -> Tensor:
        height, width = field.shape[-2:]
        rows, columns = (height, width) if self.padding == "circular" else (2 * height, 2 * width)
        out: Tensor
        if len(field) == 0:  # of nothing there is no Fourier transform on the CPU
            out = field.new_zeros(0, self.kernel.out_channels, height, width)
        else:
            spectrum = _product(*self.kernel.parts(rows, columns), torch.fft.rfft2(field, s=(rows, columns)))
            out = torch.fft.irfft2(spectrum, s=(rows, columns))[..., :height, :width]
        return out if self.bias is None else out + self.bias[:, None, None]

    def extra_repr(self) -> str:
        """Channels, order, and whether it is relaxed."""
        kernel = self.kernel
        return f"{kernel.in_channels}, {kernel.out_channels}, max_order={kernel.max_order}{self._relaxed_or_not()}"


def _product(real: Tensor, imaginary: Tensor, spectrum: Tensor) -> Tensor:
    """``einsum("hwoi,bihw->bohw")`` in real numbers: on the CPU complex matrices are multiplied one by one."""
    waves = torch.view_as_real(spectrum).permute(2, 3, 1, 4, 0).flatten(3)  # real ones beside imaginary ones
    (first, second), (third, fourth) = ((matrix @ waves).chunk(2, -1) for matrix in (real, imaginary))
    product = torch.stack([first - fourth, second + third], -1).permute(3, 2, 0, 1, 4)
    return torch.view_as_complex(product.contiguous())
