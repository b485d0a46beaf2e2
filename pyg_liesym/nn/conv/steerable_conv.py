"""Steerable convolution on points of the plane."""

from __future__ import annotations

from typing import Any

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel, default_frequency


class SteerableConv(FieldConv):
    r"""Steerable convolution of fields on any points of the plane.

    .. math:: y_i = \sum_{j \to i} K(r_j - r_i)\, x_j, \qquad K(g\,o) = \rho_{out}(g)\, K(o)\, \rho_{in}(g)^{-1}

    "General E(2)-Equivariant Steerable CNNs" (Weiler & Cesa, NeurIPS 2019, `arXiv:1911.08251
    <https://arxiv.org/abs/1911.08251>`_, eq. 2) with the integral over points that a graph connects.

    **Law**: equivariant to every element of the group acting on ``pos`` and, by the field types, on ``x``, and to
    translations, because the kernel obeys the constraint above; exact in exact arithmetic, at any angle.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        basis: The functions of the offset, such as ``RingBasis.up_to(radius, count=3, max_frequency=2)``.
        max_frequency: Highest angular frequency of the kernel (default: of both fields together).
        **kwargs: ``aggr``, ``bias`` and others of :class:`~pyg_liesym.nn.FieldConv`.

    Shapes:
        - **x**: :math:`(N, C_{in})`; **pos**: :math:`(N, 2)`; **edge_index**: :math:`(2, |E|)`
        - **output**: :math:`(N, C_{out})`

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, RingBasis, scalars, vectors
        >>> so2 = PointGroup.so2()
        >>> conv = SteerableConv(scalars(so2, 4), vectors(so2, 2), RingBasis.up_to(1.5, count=3, max_frequency=1))
        >>> conv(torch.ones(3, 4), torch.randn(3, 2), torch.tensor([[0, 1, 2], [1, 2, 0]])).shape
        torch.Size([3, 4])
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
        super().__init__(SteerableKernel(in_type, out_type, basis, frequency), **kwargs)
