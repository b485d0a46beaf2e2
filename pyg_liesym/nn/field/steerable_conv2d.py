"""Steerable convolution on square lattices, strict and relaxed."""

from __future__ import annotations

from typing import Any

from pyg_liesym.field.offset_basis import StencilBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel, default_frequency


class SteerableConv2d(FieldConv2d):
    r"""Steerable convolution of fields on a square lattice, with one weight for each steerable function and orbit.

    .. math:: y(x) = \sum_o \sum_l w_l(|o|)\, \Phi_l(o)\, f(x + o), \qquad
        \Phi_l(g\,o) = \rho_{out}(g)\, \Phi_l(o)\, \rho_{in}(g)^{-1}

    "General E(2)-Equivariant Steerable CNNs" (Weiler & Cesa, NeurIPS 2019, `arXiv:1911.08251
    <https://arxiv.org/abs/1911.08251>`_, eq. 2) with free weights on every orbit of the stencil's places.

    **Law**: equivariant to the quarter turns and reflections of the group at any height and width (exactly), and to
    translations away from the border; approximately to other elements.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        kernel_size: Odd size of the kernel.
        max_frequency: Highest angular frequency of :math:`\Phi_l` (default: of both fields together).
        **kwargs: ``padding`` and ``bias`` of :class:`~pyg_liesym.nn.field.FieldConv2d`.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: :math:`(B, C_{out}, H, W)`

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, scalars, vectors
        >>> c4 = PointGroup.cyclic(4)
        >>> SteerableConv2d(scalars(c4, 1), vectors(c4, 3), 3)(torch.ones(2, 1, 5, 7)).shape
        torch.Size([2, 6, 5, 7])
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
        kernel = SteerableKernel(in_type, out_type, StencilBasis(stencil(kernel_size)), frequency)
        super().__init__(kernel, kernel_size, **kwargs)
