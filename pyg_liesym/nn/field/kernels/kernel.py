"""What all kernels between two fields have in common."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.field.kernels.constants import WithConstants
from pyg_liesym.nn.relaxable import Relaxable


class Kernel(Relaxable, WithConstants):
    r"""A kernel :math:`K(o) = \sum_p q_p(o)\, M_p` from one field to another, and how far it breaks its symmetry.

    Subclasses give the matrices :math:`M_p` and their group average. A grid layer evaluates K on its stencil, a graph
    layer at the offsets of its edges, with the same parameters.

    Args:
        in_type: What the channels of the input are.
        out_type: What those of the output are.
        basis: The functions :math:`q_p`.

    Raises:
        ValueError: If the two fields are of different groups.
    """

    gram: Tensor

    def __init__(self, in_type: FieldType, out_type: FieldType, basis: OffsetBasis) -> None:
        super().__init__()
        if in_type.group != out_type.group:
            raise ValueError(f"a kernel needs two fields of one group, got {in_type} and {out_type}")
        self.in_type, self.out_type, self.basis = in_type, out_type, basis
        self._constant("gram", basis.gram())

    @abstractmethod
    def reset_parameters(self) -> None:
        """Draw new parameters, those of a strict kernel."""

    @abstractmethod
    def matrices(self) -> Tensor:
        """The matrices M, ``[P, C_out, C_in]``."""

    @abstractmethod
    def strict_matrices(self) -> Tensor:
        r"""Those of :math:`\bar K`, ``[P, C_out, C_in]``."""

    def relaxation_penalty(self) -> Tensor:
        r"""The square of :math:`\|K - \bar K\| / \|K\|`, to be added to a loss."""
        whole = self.matrices()
        return self._square(whole - self.strict_matrices()) / self._square(whole).clamp(min=1e-30)

    def _square(self, matrices: Tensor) -> Tensor:
        flat = matrices.flatten(1)
        return ((self.gram.to(flat) @ flat) * flat).sum()

    def extra_repr(self) -> str:
        """The two field types."""
        return f"{self.in_type} -> {self.out_type}"
