"""Relaxed steerable convolution on points of the plane."""

from __future__ import annotations

from typing import Any

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel, default_frequency


class RelaxedSteerableConv(FieldConv):
    r"""Steerable convolution on points of the plane whose weights may depend on the offset.

    .. math:: y_i = \sum_{j \to i} \sum_l \bigl(w_l(r_j - r_i) \odot \Phi_l(r_j - r_i)\bigr)\, x_j

    Equation 10 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022), there on grids, with :math:`w_l(o) =
    \sum_k w_{lk} b_k(o)` in modes of the offset. On a lattice, with
    :class:`~pyg_liesym.field.StencilBasis`, it is :class:`~pyg_liesym.nn.field.RelaxedSteerableConv2d`.

    **Law**: strict as :class:`~pyg_liesym.nn.SteerableConv` at the start and after :meth:`make_strict`; in between,
    approximately equivariant as far as :meth:`relaxation` is small. Always equivariant to translations.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        basis: The functions of the offset; a ring basis needs room for the modes:
            ``RingBasis.up_to(radius, count=3, max_frequency=2, relaxed_frequency=2)``.
        max_frequency: Highest angular frequency of :math:`\Phi_l` (default: of both fields together).
        **kwargs: ``aggr``, ``bias`` and others of :class:`~pyg_liesym.nn.FieldConv`.

    Shapes:
        As :class:`~pyg_liesym.nn.SteerableConv`.

    Example:
        >>> from pyg_liesym.field import PointGroup, RingBasis, scalars, vectors
        >>> so2 = PointGroup.so2()
        >>> basis = RingBasis.up_to(1.5, count=3, max_frequency=1, relaxed_frequency=1)
        >>> conv = RelaxedSteerableConv(scalars(so2, 4), vectors(so2, 2), basis)
        >>> float(conv.relaxation())
        0.0
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        basis: OffsetBasis,
        *,
        max_frequency: int | None = None,
        **kwargs: Any,
    ) -> None:
        frequency = default_frequency(in_type, out_type) if max_frequency is None else max_frequency
        super().__init__(SteerableKernel(in_type, out_type, basis, frequency, relaxed=True), **kwargs)
