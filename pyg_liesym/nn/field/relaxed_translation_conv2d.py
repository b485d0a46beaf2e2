"""Convolution whose kernel changes from place to place, of low rank."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.field.offset_basis import StencilBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.kernels.field_bias import FieldBias
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.field.lattice_conv import Padding, check_padding, lattice_conv
from pyg_liesym.nn.relaxable import Relaxable


class RelaxedTranslationConv2d(Relaxable):
    r"""Convolution of a field with filter banks whose mixture depends on the place.

    .. math:: y(x) = \sum_o \sum_l w_l(x)\, \Psi_l(o)\, f(x + o), \qquad w_l(r, c) = \sum_q a_{lq}(r)\, b_{lq}(c)

    The relaxed group convolution for translations of `"Approximately Equivariant Networks for Imperfectly Symmetric
    Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, eq. 8), with weights of low rank. The
    filters are steerable kernels: with a group other than C₁ rotations are kept, or relaxed as well.

    **Law**: equivariant to translations (of a periodic lattice exactly, else away from the border) and to the quarter
    turns and reflections of the group as long as the weights do not depend on the place, which they do not at the start
    and after :meth:`make_strict`.

    Args:
        in_type: What the channels of the input are; ``scalars(PointGroup.cyclic(1), C)`` for C channels without any
            rotations.
        out_type: What those of the output are.
        kernel_size: Odd size of the kernel.
        size: Height and width of the lattice, to which the weights belong.
        num_banks: Number of filter banks L.
        rank: Number of terms q.
        relaxed_rotation: Whether the filters are relaxed steerable kernels.
        max_frequency: Highest angular frequency of the filters (default: of both fields together).
        padding: What is outside the lattice: ``"zeros"`` or ``"circular"``.
        bias: Whether to add a constant to the invariant fields of the output.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Raises:
        ValueError: On numbers that are not positive, an unknown padding, or a field of another shape.

    Example:
        >>> from pyg_liesym.field import PointGroup, scalars
        >>> plain = PointGroup.cyclic(1)
        >>> RelaxedTranslationConv2d(scalars(plain, 2), scalars(plain, 3), 3, (5, 6))(torch.ones(1, 2, 5, 6)).shape
        torch.Size([1, 3, 5, 6])
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int,
        size: tuple[int, int],
        *,
        num_banks: int = 2,
        rank: int = 2,
        relaxed_rotation: bool = False,
        max_frequency: int | None = None,
        padding: Padding = "zeros",
        bias: bool = True,
    ) -> None:
        super().__init__()
        if min(num_banks, rank, *size) < 1:
            raise ValueError(f"num_banks, rank and size must be positive, got {num_banks}, {rank} and {size}")
        check_padding(padding)
        self.kernel_size, self.size, self.padding = kernel_size, size, padding
        basis = StencilBasis(stencil(kernel_size))
        self.kernels = nn.ModuleList(
            SteerableKernel(in_type, out_type, basis, max_frequency, relaxed=relaxed_rotation) for _ in range(num_banks)
        )
        self.rows = nn.Parameter(torch.empty(num_banks, rank, size[0]))
        self.columns = nn.Parameter(torch.empty(num_banks, rank, size[1]))
        self.bias = FieldBias(out_type) if bias else None
        self.in_type, self.out_type = in_type, out_type
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new filters; the weights are the same everywhere, and free to leave that in all terms."""
        for kernel in self._banks():
            kernel.reset_parameters()
        if self.bias is not None:
            self.bias.reset_parameters()
        with torch.no_grad():
            # Terms of rank one whose one factor is zero add nothing and have a gradient.
            self.rows.normal_()
            self.columns.zero_()
            self.rows[:, 0] = len(self.kernels) ** -0.5
            self.columns[:, 0] = 1.0

    def weights(self) -> Tensor:
        """The weights w, ``[L, H, W]``."""
        return torch.einsum("lqh,lqw->lhw", self.rows, self.columns)

    def relaxation_penalty(self) -> Tensor:
        r"""The square of :math:`\|K - \bar K\| / \|K\|` with the average over places and rotations, for a loss."""
        weights = self.weights().flatten(1)
        mean = weights.mean(1, keepdim=True).expand_as(weights)
        banks = torch.stack([kernel.matrices().flatten() for kernel in self._banks()])
        strict = torch.stack([kernel.strict_matrices().flatten() for kernel in self._banks()])
        # |Σ_l w_l(x) Ψ_l - Σ_l w̄_l Ψ̄_l|² summed over places, by inner products alone: Σ_l (w_l(x) - w̄_l) Ψ_l is
        # perpendicular to Σ_l w̄_l (Ψ_l - Ψ̄_l), and apart neither is a difference of large numbers.
        distance = _square(weights - mean, banks) + _square(mean, banks - strict)
        return distance / _square(weights, banks).clamp(min=1e-30)

    def make_strict(self) -> None:
        """Put the average in the kernel's place."""
        for kernel in self._banks():
            kernel.make_strict()
        with torch.no_grad():
            mean = self.weights().mean((1, 2))
            self.columns.zero_()
            self.rows[:, 0] = mean[:, None]
            self.columns[:, 0] = 1.0

    def forward(self, field: Tensor) -> Tensor:
        """Convolve a field."""
        expected = [self.in_type.channels, *self.size]
        if field.dim() != 4 or list(field.shape[1:]) != expected:
            raise ValueError(f"expected a field [B, {', '.join(map(str, expected))}], got {list(field.shape)}")
        side = (self.kernel_size, self.kernel_size)
        banks = [kernel.matrices().permute(1, 2, 0).unflatten(2, side) for kernel in self._banks()]
        out = lattice_conv(field, torch.cat(banks), None, self.padding)
        first, *others = zip(out.chunk(len(banks), 1), self.weights(), strict=True)
        out = first[0] * first[1]
        for bank, weight in others:
            out = torch.addcmul(out, bank, weight)
        return out if self.bias is None else out + self.bias()[:, None, None]

    def _banks(self) -> list[SteerableKernel]:
        return [kernel for kernel in self.kernels if isinstance(kernel, SteerableKernel)]

    def extra_repr(self) -> str:
        """Size and padding."""
        return f"kernel_size={self.kernel_size}, size={self.size}, padding={self.padding!r}"


def _square(weights: Tensor, banks: Tensor) -> Tensor:
    """The sum over places x of |Σ_l w_l(x) Ψ_l|²."""
    return ((weights @ weights.mT) * (banks @ banks.mT)).sum()
