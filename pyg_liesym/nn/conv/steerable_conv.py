"""Steerable convolution on points of the plane, strict or relaxed."""

from __future__ import annotations

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.conv.field_conv import Aggregation, FieldConv, Flow
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel


class SteerableConv(FieldConv):
    r"""Steerable convolution of fields on any points of the plane, whose weights may depend on the offset if relaxed.

    .. math:: y_i = \sum_{j \to i} \sum_l \bigl(w_l(r_j - r_i) \odot \Phi_l(r_j - r_i)\bigr)\, x_j, \qquad
        \Phi_l(g\,o) = \rho_{out}(g)\, \Phi_l(o)\, \rho_{in}(g)^{-1}

    Strict, with weights of the distance: "General E(2)-Equivariant Steerable CNNs" (Weiler & Cesa, NeurIPS 2019,
    `arXiv:1911.08251 <https://arxiv.org/abs/1911.08251>`_, eq. 2), the integral over points that a graph connects.
    Relaxed, with :math:`w_l(o) = \sum_k w_{lk} b_k(o)` in modes of the offset: `"Approximately Equivariant Networks for
    Imperfectly Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, eq. 10), there
    on grids. With :class:`~pyg_liesym.field.StencilBasis`, on a lattice, it is
    :class:`~pyg_liesym.nn.field.SteerableConv2d`.

    **Law**: equivariant to every element of the group acting on ``pos`` and, by the field types, on ``x``, and to
    translations, because the kernel obeys the constraint above; exact in exact arithmetic, at any angle. Relaxed: so at
    the start and after :meth:`make_strict`, in between as far as :meth:`relaxation` is small; always equivariant to
    translations.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        basis: The functions of the offset, such as ``RingBasis.up_to(radius, count=3, max_frequency=2)``; relaxed, a
            ring basis needs room for the modes, ``relaxed_frequency=2``.
        max_frequency: Highest angular frequency of :math:`\Phi_l` (default: of both fields together).
        relaxed: Whether weights may depend on the direction of the offset.
        aggr: ``"sum"``, or ``"mean"`` over the edges that arrive, for points that are not equally dense.
        bias: Whether to add a constant to the invariant fields of the output.
        flow: Which row of ``edge_index`` the edges arrive at.

    Shapes:
        - **x**: :math:`(N, C_{in})`; **pos**: :math:`(N, 2)`; **edge_index**: :math:`(2, |E|)`
        - **output**: :math:`(N, C_{out})`

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, RingBasis, scalars, vectors
        >>> so2 = PointGroup.so2()
        >>> basis = RingBasis.up_to(1.5, count=3, max_frequency=1, relaxed_frequency=1)
        >>> conv = SteerableConv(scalars(so2, 4), vectors(so2, 2), basis, relaxed=True)
        >>> conv(torch.ones(3, 4), torch.randn(3, 2), torch.tensor([[0, 1, 2], [1, 2, 0]])).shape
        torch.Size([3, 4])
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
        relaxed: bool = False,
        aggr: Aggregation = "sum",
        bias: bool = True,
        flow: Flow = "source_to_target",
    ) -> None:
        kernel = SteerableKernel(in_type, out_type, basis, max_frequency, relaxed=relaxed)
        super().__init__(kernel, aggr=aggr, bias=bias, flow=flow)
