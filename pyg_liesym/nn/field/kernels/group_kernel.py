"""Kernels of group convolutions, strict or relaxed by filter banks."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.field.kernels.kernel import Kernel


class GroupKernel(Kernel):
    r"""Kernel of the relaxed group convolution, a mixture of filter banks that depends on the group element.

    .. math:: [f \,\tilde\star\, \Psi](g) = \sum_h f(h) \sum_l w_l(h)\, \Psi_l(g^{-1} h)

    Equation 8 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022) for rotations and reflections: the weights
    depend on that part of h, not on the place. With an input of scalars (lifting) h has no such part, and the weights
    go with g. All weights of a bank start equal, so that the convolution starts strict.

    **Law**: :math:`K(g\,o) = \rho_{out}(g)\, K(o)\, \rho_{in}(g)^{-1}` for all g of the group as long as the weights of
    each bank are equal; on a stencil for those g that take it to itself.

    Args:
        in_type: Scalars, or regular fields.
        out_type: Regular fields.
        basis: The functions of the offset that the filters are made of; of a square stencil only for C_n and D_n
            whose n divides 4.
        relaxed: Whether filter banks are mixed by weights; the strict kernel is one bank without.
        num_banks: Number L of filter banks, if relaxed.

    Raises:
        ValueError: If the fields are none of these, or there is no bank.
    """

    turns: Tensor
    relative: Tensor

    def __init__(
        self, in_type: FieldType, out_type: FieldType, basis: OffsetBasis, *, relaxed: bool = False, num_banks: int = 3
    ) -> None:
        super().__init__(in_type, out_type, basis)
        (rep_in, self.count_in), (rep_out, self.count_out) = in_type[0], out_type[0]
        self.lifting = not rep_in.is_regular
        if (
            len(in_type) > 1
            or len(out_type) > 1
            or not rep_out.is_regular
            or not (rep_in.is_regular or rep_in.is_trivial)
        ):
            raise ValueError(
                f"a group convolution takes scalars or regular fields to regular fields, got {in_type} -> {out_type}"
            )
        if relaxed and num_banks < 1:
            raise ValueError(f"expected at least one filter bank, got num_banks={num_banks}")
        self.relaxed, num_banks = relaxed, num_banks if relaxed else 1
        group = in_type.group
        size = group.size
        inverse = group.inverses()
        self._constant("turns", torch.stack([basis.moved(matrix) for matrix in group.matrices()[inverse]]))
        self._constant(
            "relative", group.products()[inverse] if not self.lifting else torch.zeros(size, 1, dtype=torch.long)
        )
        self.filters = nn.Parameter(
            torch.empty(num_banks, self.count_out, self.count_in, 1 if self.lifting else size, len(basis))
        )
        self.mixing = nn.Parameter(torch.empty(num_banks, size)) if relaxed else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the filters so that outputs are as large as inputs; each bank has equal weights."""
        size = self.gram.diagonal().sum() * self.count_in * self.filters.size(3)
        with torch.no_grad():
            self.filters.normal_(std=float(size) ** -0.5)
            if self.mixing is not None:
                self.mixing.fill_(self.mixing.size(0) ** -0.5)

    def matrices(self) -> Tensor:
        """The matrices M, ``[P, C_out, C_in]``."""
        return self._assemble(self.mixing)

    def strict_matrices(self) -> Tensor:
        r"""Those of :math:`\bar K`: every bank with its mean weight."""
        return self._assemble(None if self.mixing is None else self._mean_mixing(self.mixing))

    def make_strict(self) -> None:
        r"""Put :math:`\bar K` in the place of K."""
        if self.mixing is not None:
            with torch.no_grad():
                self.mixing.copy_(self._mean_mixing(self.mixing))

    @staticmethod
    def _mean_mixing(mixing: Tensor) -> Tensor:
        return mixing.mean(1, keepdim=True).expand_as(mixing)

    def _assemble(self, mixing: Tensor | None) -> Tensor:
        # [L, o, i, g, h, p]: the filters at g⁻¹h.
        filters = self.filters[:, :, :, self.relative]
        if mixing is None:
            mixed = filters[0]
        elif self.lifting:
            mixed = torch.einsum("lg,loighp->oighp", mixing, filters)
        else:
            mixed = torch.einsum("lh,loighp->oighp", mixing, filters)
        turned = torch.einsum("oighp,gpq->qogih", mixed, self.turns)
        return turned.flatten(3).flatten(1, 2)
