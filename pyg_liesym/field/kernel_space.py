"""Kernels between two fields, expanded in steerable functions times relaxation modes."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.field.angular_basis import angular_basis
from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import Representation


class KernelSpace:
    r"""The functions :math:`B_a(o) = b_k(o)\, \Phi_l(o / |o|)` that kernels between two fields are made of.

    A relaxed steerable kernel gives every steerable function a weight that depends on the offset (Wang, Walters, Yu,
    `arXiv:2201.11969 <https://arxiv.org/abs/2201.11969>`_, eq. 10), here expanded in modes:

    .. math:: K(o) = \sum_l w_l(o)\, \Phi_l(o) = \sum_{l, k} w_{lk}\, b_k(o)\, \Phi_l(o).

    With coefficients for the invariant modes alone, K obeys the steerability constraint: it is strict. The group
    average :math:`\bar K` of any K, :math:`\bar K(o) = \frac1{|G|} \sum_g \rho_{out}(g)^{-1} K(g\,o)\, \rho_{in}(g)`,
    is what is left when the other coefficients are zero, as their modes average to zero.

    Functions that are combinations of others of lower frequency on the same ring, which happens on the few places of
    a lattice, are left out; all have the norm one.

    Args:
        rep_in: Representation of one input field.
        rep_out: Representation of one output field.
        basis: The scalar functions :math:`q_p` of the offset.
        max_frequency: Highest angular frequency of :math:`\Phi_l`.
        relaxed: Whether to have the modes that are not invariant.

    Example:
        >>> from pyg_liesym.field.offset_basis import StencilBasis
        >>> from pyg_liesym.field.point_group import PointGroup
        >>> from pyg_liesym.field.stencil import stencil
        >>> regular = Representation.regular(PointGroup.cyclic(4))
        >>> len(KernelSpace(regular, regular, StencilBasis(stencil(3)), 4))  # 4² on two orbits of 4 places, 4 amid
        36
    """

    def __init__(
        self,
        rep_in: Representation,
        rep_out: Representation,
        basis: OffsetBasis,
        max_frequency: int,
        *,
        relaxed: bool = False,
    ) -> None:
        angular = angular_basis(rep_in, rep_out, max_frequency)
        modes = basis.modes(rep_in.group, max_frequency, relaxed=relaxed)
        gram = basis.gram()
        parts, invariant = [], []
        for ring in modes.ring.unique():
            on_ring = (modes.ring == ring).nonzero()[:, 0]
            coefficients = angular.coefficients
            if bool(modes.central[on_ring[0]]):
                coefficients = coefficients[angular.frequencies == 0]
            functions = torch.einsum("loim,kmp->klpoi", coefficients, modes.products[on_ring])
            kept = _independent(torch.einsum("lpoi,pq,nqoi->ln", functions[0], gram, functions[0]))
            parts.append(functions[:, kept].flatten(0, 1))
            invariant.append(modes.invariant[on_ring].repeat_interleave(len(kept)))
        elements = torch.cat(parts)
        size = torch.einsum("apoi,pq,aqoi->a", elements, gram, elements).clamp(min=0).sqrt()
        there = size > 1e-6 * size.max().clamp(min=1e-300) if len(size) else size.bool()
        self.elements = elements[there] / size[there][:, None, None, None]
        """Coefficients of the functions in those of the basis, ``[A, P, d_out, d_in]`` float64."""
        self.invariant = torch.cat(invariant)[there]
        """Which belong to the strict part, ``[A]`` bool."""

    def __len__(self) -> int:
        return len(self.elements)


def _independent(gram: Tensor) -> list[int]:
    """The functions that are no combination of earlier ones, from their inner products (a Cholesky decomposition)."""
    kept: list[int] = []
    rest = gram / gram.diagonal().max().clamp(min=1e-300) if len(gram) else gram
    for index in range(len(rest)):
        pivot = float(rest[index, index])
        if pivot > 1e-9:
            kept.append(index)
            rest = rest - rest[:, index, None] * rest[index] / pivot
    return kept
