"""Group convolution on points of the plane, strict or relaxed by filter banks."""

from __future__ import annotations

from typing import Any

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.field.kernels.group_kernel import GroupKernel


class RelaxedGroupConv(FieldConv):
    r"""Group convolution on points of the plane, with filter banks mixed by weights that depend on the rotation.

    .. math:: [f \,\tilde\star\, \Psi](g) = \sum_h f(h) \sum_l w_l(h)\, \Psi_l(g^{-1} h)

    Equation 8 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022), there on grids; here h runs over the
    neighbours' places and rotations, and a rotated filter is exact: its harmonics turn. The kernel is
    :class:`~pyg_liesym.nn.field.kernels.GroupKernel`.

    **Law**: equivariant to the elements of the finite group acting on ``pos``, with regular fields permuted, as long as
    the weights of each bank are equal, which they are at the start and after :meth:`make_strict`; and to translations.

    Args:
        in_type: Scalars (lifting) or regular fields.
        out_type: Regular fields.
        basis: The functions of the offset.
        num_banks: Number of filter banks L; None for the strict convolution, without weights.
        **kwargs: ``aggr``, ``bias`` and others of :class:`~pyg_liesym.nn.FieldConv`.

    Shapes:
        As :class:`~pyg_liesym.nn.SteerableConv`; a regular field has a channel for each element of the group.

    Example:
        >>> from pyg_liesym.field import PointGroup, RingBasis, regulars, scalars
        >>> c8 = PointGroup.cyclic(8)
        >>> lift = RelaxedGroupConv(scalars(c8, 1), regulars(c8, 4), RingBasis.up_to(1.5, count=3, max_frequency=3))
        >>> lift.kernel.matrices().shape[1:]
        torch.Size([32, 1])
    """

    def __init__(
        self, in_type: FieldType, out_type: FieldType, basis: OffsetBasis, *, num_banks: int | None = 3, **kwargs: Any
    ) -> None:
        super().__init__(GroupKernel(in_type, out_type, basis, num_banks=num_banks), **kwargs)
