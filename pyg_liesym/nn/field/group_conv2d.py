"""Group convolution on square lattices, strict or relaxed by filter banks."""

from __future__ import annotations

from pyg_liesym.field.offset_basis import OffsetBasis, RingBasis, StencilBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.kernels.group_kernel import GroupKernel
from pyg_liesym.nn.field.lattice_conv import Padding


class GroupConv2d(FieldConv2d):
    r"""Group convolution on a square lattice, with filter banks mixed by weights of the rotation if relaxed.

    .. math:: [f \star \Psi](g) = \sum_h f(h)\, \Psi(g^{-1} h), \qquad
        [f \,\tilde\star\, \Psi](g) = \sum_h f(h) \sum_l w_l(h)\, \Psi_l(g^{-1} h)

    Strict: "Group Equivariant Convolutional Networks" (Cohen & Welling, ICML 2016, `arXiv:1602.07576
    <https://arxiv.org/abs/1602.07576>`_, eqs. 10 and 11), for rotations, reflections and translations. Relaxed:
    `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics" <https://arxiv.org/abs/2201.11969>`_ (Wang,
    Walters, Yu, ICML 2022, eq. 8). The kernel is :class:`~pyg_liesym.nn.field.kernels.GroupKernel`. Filters are free on
    the stencil for C_n and D_n whose n divides 4, else made of rings and harmonics, which can be turned by any angle.

    **Law**: equivariant to quarter turns and reflections of the group (exactly), regular fields being permuted, and to
    translations away from the border; approximately to other elements. Relaxed: so as long as the weights of each bank
    are equal, which they are at the start and after :meth:`make_strict`; always equivariant to translations.

    Args:
        in_type: Scalars (lifting) or regular fields.
        out_type: Regular fields.
        kernel_size: Odd size of the kernel.
        relaxed: Whether filter banks are mixed by weights.
        num_banks: Number of filter banks L, if relaxed.
        padding: What is outside the lattice: ``"zeros"``, or ``"circular"`` for a lattice that closes on itself.
        bias: Whether to add a constant to the fields of the output.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`; a regular field has a channel
          for each element of the group

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, regulars, scalars
        >>> d4 = PointGroup.dihedral(4)
        >>> GroupConv2d(scalars(d4, 1), regulars(d4, 2), 3)(torch.ones(1, 1, 5, 6)).shape
        torch.Size([1, 16, 5, 6])
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        kernel_size: int,
        *,
        relaxed: bool = False,
        num_banks: int = 3,
        padding: Padding = "zeros",
        bias: bool = True,
    ) -> None:
        basis = _filter_basis(in_type.group, kernel_size)
        kernel = GroupKernel(in_type, out_type, basis, relaxed=relaxed, num_banks=num_banks)
        super().__init__(kernel, kernel_size, padding=padding, bias=bias)


def _filter_basis(group: PointGroup, kernel_size: int) -> OffsetBasis:
    """What filters are made of: the places of the stencil where the group permutes them, else rings and harmonics."""
    if 4 % group.rotations == 0:
        return StencilBasis(stencil(kernel_size))
    half = kernel_size // 2
    return RingBasis.up_to(half + 0.5, count=half + 1, max_frequency=2 * half)
