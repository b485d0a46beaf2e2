"""Steerable convolution on square lattices, strict or relaxed."""

from __future__ import annotations

from pyg_liesym.field.offset_basis import StencilBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.field.lattice_conv import Padding


class SteerableConv2d(FieldConv2d):
    r"""Steerable convolution of fields on a square lattice, whose weights may differ from place to place if relaxed.

    .. math:: y(x) = \sum_o \sum_l \bigl(w_l(o) \odot \Phi_l(o)\bigr)\, f(x + o), \qquad
        \Phi_l(g\,o) = \rho_{out}(g)\, \Phi_l(o)\, \rho_{in}(g)^{-1}

    Strict, with one weight for each orbit of the stencil's places: "General E(2)-Equivariant Steerable CNNs" (Weiler &
    Cesa, NeurIPS 2019, `arXiv:1911.08251 <https://arxiv.org/abs/1911.08251>`_, eq. 2). Relaxed: `"Approximately
    Equivariant Networks for Imperfectly Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu,
    ICML 2022, eq. 10); the weights are written as their mean over each orbit of the group, where they start, and
    deviations from it, which start at zero.

    **Law**: equivariant to the quarter turns and reflections of the group at any height and width (exactly), and to
    translations away from the border; approximately to other elements. Relaxed: so at the start and after
    :meth:`make_strict`, in between as far as :meth:`relaxation` is small; always equivariant to translations.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        kernel_size: Odd size of the kernel.
        max_frequency: Highest angular frequency of :math:`\Phi_l` (default: of both fields together).
        relaxed: Whether weights may depend on the place of the stencil.
        padding: What is outside the lattice: ``"zeros"``, or ``"circular"`` for a lattice that closes on itself.
        bias: Whether to add a constant to the invariant fields of the output.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, scalars, vectors
        >>> c4 = PointGroup.cyclic(4)
        >>> conv = SteerableConv2d(scalars(c4, 1), vectors(c4, 3), 3, relaxed=True)
        >>> conv(torch.ones(2, 1, 5, 7)).shape, float(conv.relaxation())
        (torch.Size([2, 6, 5, 7]), 0.0)
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int,
        *,
        max_frequency: int | None = None,
        relaxed: bool = False,
        padding: Padding = "zeros",
        bias: bool = True,
    ) -> None:
        basis = StencilBasis(stencil(kernel_size))
        kernel = SteerableKernel(in_type, out_type, basis, max_frequency, relaxed=relaxed)
        super().__init__(kernel, kernel_size, padding=padding, bias=bias)
