"""Relaxed steerable convolution on square lattices."""

from __future__ import annotations

from typing import Any

from pyg_liesym.field.offset_basis import StencilBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel, default_frequency


class RelaxedSteerableConv2d(FieldConv2d):
    r"""Steerable convolution on a square lattice whose weights may differ from place to place of the stencil.

    .. math:: y(x) = \sum_o \sum_l \bigl(w_l(o) \odot \Phi_l(o)\bigr)\, f(x + o)

    Equation 10 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022). The weights are written as their mean over each
    orbit of the group, where they start, and deviations from it, which start at zero.

    **Law**: strict as :class:`~pyg_liesym.nn.field.SteerableConv2d` at the start and after :meth:`make_strict`; in
    between, approximately equivariant as far as :meth:`relaxation` is small. Always equivariant to translations away
    from the border.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        kernel_size: Odd size of the kernel.
        max_frequency: Highest angular frequency of :math:`\Phi_l` (default: of both fields together).
        **kwargs: ``padding`` and ``bias`` of :class:`~pyg_liesym.nn.field.FieldConv2d`.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Example:
        >>> from pyg_liesym.field import PointGroup, scalars, vectors
        >>> c4 = PointGroup.cyclic(4)
        >>> float(RelaxedSteerableConv2d(scalars(c4, 1), vectors(c4, 3), 3).relaxation())
        0.0
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int,
        *,
        max_frequency: int | None = None,
        **kwargs: Any,
    ) -> None:
        frequency = default_frequency(in_type, out_type) if max_frequency is None else max_frequency
        kernel = SteerableKernel(in_type, out_type, StencilBasis(stencil(kernel_size)), frequency, relaxed=True)
        super().__init__(kernel, kernel_size, **kwargs)
