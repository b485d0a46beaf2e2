"""Group convolution on points of the plane, strict or relaxed by filter banks."""

from __future__ import annotations

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.conv.field_conv import Aggregation, FieldConv, Flow
from pyg_liesym.nn.field.kernels.group_kernel import GroupKernel


class GroupConv(FieldConv):
    r"""Group convolution on points of the plane, with filter banks mixed by weights of the rotation if relaxed.

    .. math:: [f \star \Psi](g) = \sum_h f(h)\, \Psi(g^{-1} h), \qquad
        [f \,\tilde\star\, \Psi](g) = \sum_h f(h) \sum_l w_l(h)\, \Psi_l(g^{-1} h)

    Strict: "Group Equivariant Convolutional Networks" (Cohen & Welling, ICML 2016, `arXiv:1602.07576
    <https://arxiv.org/abs/1602.07576>`_, eqs. 10 and 11). Relaxed: `"Approximately Equivariant Networks for Imperfectly
    Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, eq. 8). Both are there on
    grids; here h runs over the neighbours' places and rotations, and a rotated filter is exact: its harmonics turn. The
    kernel is :class:`~pyg_liesym.nn.field.kernels.GroupKernel`.

    **Law**: equivariant to the elements of the finite group acting on ``pos``, with regular fields permuted, and to
    translations. Relaxed: so as long as the weights of each bank are equal, which they are at the start and after
    :meth:`make_strict`; always equivariant to translations.

    Args:
        in_type: Scalars (lifting) or regular fields.
        out_type: Regular fields.
        basis: The functions of the offset.
        relaxed: Whether filter banks are mixed by weights.
        num_banks: Number of filter banks L, if relaxed.
        aggr: ``"sum"``, or ``"mean"`` over the edges that arrive, for points that are not equally dense.
        bias: Whether to add a constant to the fields of the output.
        flow: Which row of ``edge_index`` the edges arrive at.

    Shapes:
        As :class:`~pyg_liesym.nn.SteerableConv`; a regular field has a channel for each element of the group.

    Example:
        >>> from pyg_liesym.field import PointGroup, RingBasis, regulars, scalars
        >>> c8 = PointGroup.cyclic(8)
        >>> lift = GroupConv(scalars(c8, 1), regulars(c8, 4), RingBasis.up_to(1.5, count=3, max_frequency=3))
        >>> lift.kernel.matrices().shape[1:]
        torch.Size([32, 1])
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        basis: OffsetBasis,
        *,
        relaxed: bool = False,
        num_banks: int = 3,
        aggr: Aggregation = "sum",
        bias: bool = True,
        flow: Flow = "source_to_target",
    ) -> None:
        kernel = GroupKernel(in_type, out_type, basis, relaxed=relaxed, num_banks=num_banks)
        super().__init__(kernel, aggr=aggr, bias=bias, flow=flow)
