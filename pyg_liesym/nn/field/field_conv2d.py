"""Convolution of fields on a square lattice with a kernel that has a symmetry."""

from __future__ import annotations

from torch import Tensor

from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.kernels.constants import WithConstants
from pyg_liesym.nn.field.kernels.field_bias import FieldBias
from pyg_liesym.nn.field.kernels.kernel import Kernel
from pyg_liesym.nn.field.kernels.kernel_layer import KernelLayer
from pyg_liesym.nn.field.lattice_conv import Padding, check_padding, lattice_conv


class FieldConv2d(KernelLayer, WithConstants):
    r"""Convolve a field with a kernel on the stencil of a square lattice, :math:`(K f)(x) = \sum_o K(o)\, f(x + o)`.

    The layer beneath the convolutions of this package, and what shares a kernel with its twin on graphs,
    :class:`~pyg_liesym.nn.FieldConv`. A kernel of size k keeps the height and width.

    **Law**: that of the kernel, for the elements of its group that take the lattice to itself: quarter turns and
    reflections, exactly, at any height and width. Other angles are approximate: the lattice itself is not symmetric.

    Args:
        kernel: The kernel.
        kernel_size: Odd size of the stencil.
        padding: What is outside the lattice: ``"zeros"``, or ``"circular"`` for a lattice that closes on itself.
        spacing: Distance of neighbours, in the units of the kernel's basis.
        bias: Whether to add a constant to the invariant fields of the output.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: On an unknown padding, an even size, or a field with other channels.
    """

    kernel: Kernel
    on_stencil: Tensor

    def __init__(
        self,
        kernel: Kernel,
        kernel_size: int,
        *,
        padding: Padding = "zeros",
        spacing: float = 1.0,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_padding(padding)
        self.kernel, self.relaxed, self.kernel_size, self.padding = kernel, kernel.relaxed, kernel_size, padding
        self.bias = FieldBias(kernel.out_type) if bias else None
        self._constant("on_stencil", kernel.basis(stencil(kernel_size, spacing)))

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        self.kernel.reset_parameters()
        if self.bias is not None:
            self.bias.reset_parameters()

    def stencil_kernel(self) -> Tensor:
        """The kernel on the stencil, ``[C_out, C_in, k, k]``."""
        matrices = self.kernel.matrices()
        values = (self.on_stencil @ matrices.flatten(1)).view(-1, *matrices.shape[1:])
        kernel: Tensor = values.permute(1, 2, 0).unflatten(2, (self.kernel_size, self.kernel_size))
        return kernel

    def forward(self, field: Tensor) -> Tensor:
        """Convolve a field."""
        channels = self.kernel.in_type.channels
        if field.dim() != 4 or field.size(1) != channels:
            raise ValueError(
                f"expected a field [B, {channels}, H, W] of {self.kernel.in_type}, got {list(field.shape)}"
            )
        return lattice_conv(field, self.stencil_kernel(), None if self.bias is None else self.bias(), self.padding)

    def extra_repr(self) -> str:
        """Size, padding, and whether it is relaxed."""
        return f"kernel_size={self.kernel_size}, padding={self.padding!r}{self._relaxed_or_not()}"
