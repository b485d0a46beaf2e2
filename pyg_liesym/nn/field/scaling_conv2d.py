"""What the convolutions with scalings have in common."""

from __future__ import annotations

import torch
from torch import nn

from pyg_liesym.nn.field.kernels.kernel_layer import KernelLayer
from pyg_liesym.nn.field.kernels.riesz_kernel import RieszKernel
from pyg_liesym.nn.field.kernels.scale_kernel import ScaleKernel
from pyg_liesym.nn.field.lattice_conv import Padding, check_padding


class ScalingConv2d(KernelLayer):
    """A kernel, what is outside the lattice, and a constant for each channel.

    Args:
        kernel: The kernel.
        padding: ``"zeros"`` or ``"circular"``.
        bias: Whether to add a constant to each channel.

    Raises:
        ValueError: On an unknown padding.
    """

    kernel: ScaleKernel | RieszKernel

    def __init__(self, kernel: ScaleKernel | RieszKernel, *, padding: Padding, bias: bool) -> None:
        super().__init__()
        check_padding(padding)
        self.kernel, self.relaxed, self.padding = kernel, kernel.relaxed, padding
        self.bias = nn.Parameter(torch.zeros(kernel.out_channels)) if bias else None

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        self.kernel.reset_parameters()
        if self.bias is not None:
            nn.init.zeros_(self.bias)
