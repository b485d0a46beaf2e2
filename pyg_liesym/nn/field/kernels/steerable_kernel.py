"""Steerable kernels, strict or relaxed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.field.kernel_space import KernelSpace
from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType, Representation
from pyg_liesym.nn.field.kernels.kernel import Kernel


class SteerableKernel(Kernel):
    r"""A kernel whose weights depend on the offset, :math:`K(o) = \sum_l (w_l(o) \odot \Phi_l(o))`.

    Equation 10 of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022), with :math:`\Phi_l` the solutions of the
    steerability constraint and :math:`w_l(o) = \sum_k w_{lk} b_k(o)` in modes of the offset. Weights of modes that the
    group does not leave alone start at zero, so that a relaxed kernel starts strict.

    **Law**: :math:`K(g\,o) = \rho_{out}(g)\, K(o)\, \rho_{in}(g)^{-1}` for all g of the group as long as these weights
    are zero; on a stencil for those g that take it to itself.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        basis: The functions of the offset that modes and harmonics are made of.
        max_frequency: Highest angular frequency of :math:`\Phi_l` (default: of both fields together, beyond which a
            continuous group has no more kernels).
        relaxed: Whether weights may depend on more than the ring.

    Raises:
        ValueError: If the fields are of different groups, or no kernel between them is possible.
    """

    def __init__(
        self,
        in_type: FieldType,
        out_type: FieldType,
        basis: OffsetBasis,
        max_frequency: int | None = None,
        *,
        relaxed: bool = False,
    ) -> None:
        super().__init__(in_type, out_type, basis)
        self.max_frequency = _of_both(in_type, out_type) if max_frequency is None else max_frequency
        self.relaxed = relaxed
        self.weights = nn.ParameterList()
        spaces: dict[tuple[object, object], tuple[Tensor, Tensor]] = {}
        for row, (rep_out, count_out) in enumerate(out_type):
            for column, (rep_in, count_in) in enumerate(in_type):
                if (rep_in, rep_out) not in spaces:
                    spaces[rep_in, rep_out] = self._elements(rep_in, rep_out)
                elements, invariant = spaces[rep_in, rep_out]
                self._constant(f"elements_{row}_{column}", elements)
                self._constant(f"invariant_{row}_{column}", invariant)
                self.weights.append(nn.Parameter(torch.empty(len(elements), count_out, count_in)))
        if all(weight.numel() == 0 for weight in self.weights):
            raise ValueError(
                f"no kernel from {in_type} to {out_type} obeys the symmetry up to frequency {self.max_frequency}"
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the invariant weights so that outputs are as large as inputs; the others are zero."""
        for (row, column), weight in zip(self._pairs(), self.weights, strict=True):
            invariant = getattr(self, f"invariant_{row}_{column}")
            fan_in = sum(self._fan_in(row, other) for other in range(len(self.in_type)))
            with torch.no_grad():
                weight.normal_(std=(self.out_type[row][0].dim / max(fan_in, 1)) ** 0.5)
                weight *= invariant[:, None, None]

    def matrices(self) -> Tensor:
        """The matrices M, ``[P, C_out, C_in]``."""
        return self._assemble(list(self.weights))

    def strict_matrices(self) -> Tensor:
        r"""Those of :math:`\bar K`: the weights of the modes of average zero are left out."""
        return self._assemble([weight * mask for weight, mask in zip(self.weights, self._masks(), strict=True)])

    def make_strict(self) -> None:
        r"""Put :math:`\bar K` in the place of K."""
        with torch.no_grad():
            for weight, mask in zip(self.weights, self._masks(), strict=True):
                weight *= mask

    def _elements(self, rep_in: Representation, rep_out: Representation) -> tuple[Tensor, Tensor]:
        """Coefficients of the kernels between two fields, ``[A, P, d_out, d_in]``, and which are strict, ``[A]``."""
        space = KernelSpace(rep_in, rep_out, self.basis, self.max_frequency, relaxed=self.relaxed)
        return space.elements, space.invariant

    def _pairs(self) -> list[tuple[int, int]]:
        return [(row, column) for row in range(len(self.out_type)) for column in range(len(self.in_type))]

    def _masks(self) -> list[Tensor]:
        return [getattr(self, f"invariant_{row}_{column}")[:, None, None] for row, column in self._pairs()]

    def _fan_in(self, row: int, column: int) -> int:
        return int(getattr(self, f"invariant_{row}_{column}").sum()) * self.in_type[column][1]

    def _assemble(self, weights: list[Tensor]) -> Tensor:
        rows: list[list[Tensor]] = [[] for _ in self.out_type]
        for (row, column), weight in zip(self._pairs(), weights, strict=True):
            elements = getattr(self, f"elements_{row}_{column}")
            num_functions, dim_out, dim_in = elements.shape[1:]
            block = weight.flatten(1).mT @ elements.flatten(1)
            block = block.view(*weight.shape[1:], num_functions, dim_out, dim_in)
            rows[row].append(block.permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2))
        return torch.cat([torch.cat(blocks, 2) for blocks in rows], 1)


def _of_both(in_type: FieldType, out_type: FieldType) -> int:
    return max(rep.frequency for rep, _ in in_type) + max(rep.frequency for rep, _ in out_type)
