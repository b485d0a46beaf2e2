"""Group convolution on square lattices."""

from __future__ import annotations

from typing import Any

from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.kernels.group_kernel import GroupKernel
from pyg_liesym.nn.field.relaxed_group_conv2d import filter_basis


class GroupConv2d(FieldConv2d):
    r"""Group convolution on a square lattice, lifting scalars or mapping regular fields.

    .. math:: [f \star \Psi](g) = \sum_h f(h)\, \Psi(g^{-1} h)

    "Group Equivariant Convolutional Networks" (Cohen & Welling, ICML 2016, `arXiv:1602.07576
    <https://arxiv.org/abs/1602.07576>`_, eqs. 10 and 11), for rotations, reflections and translations.

    **Law**: equivariant to quarter turns and reflections of the group (exactly), regular fields being permuted, and to
    translations away from the border; approximately to other elements.

    Args:
        in_type: Scalars (lifting) or regular fields.
        out_type: Regular fields.
        kernel_size: Odd size of the kernel.
        **kwargs: ``padding`` and ``bias`` of :class:`~pyg_liesym.nn.field.FieldConv2d`.

    Shapes:
        As :class:`~pyg_liesym.nn.field.RelaxedGroupConv2d`.

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, regulars, scalars
        >>> d4 = PointGroup.dihedral(4)
        >>> GroupConv2d(scalars(d4, 1), regulars(d4, 2), 3)(torch.ones(1, 1, 5, 6)).shape
        torch.Size([1, 16, 5, 6])
    """

    def __init__(self, in_type: FieldType, out_type: FieldType, kernel_size: int, **kwargs: Any) -> None:
        super().__init__(
            GroupKernel(in_type, out_type, filter_basis(in_type.group, kernel_size)), kernel_size, **kwargs
        )
