"""Invariants that tell apart algebras which no change of basis can map onto each other."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pyg_liesym.lie.solving import invariant_forms, invariant_metric
from pyg_liesym.lie.structure import bracket, killing_form, signature
from pyg_liesym.lie.subspace import count_zeros


@dataclass(frozen=True)
class ConjugacyInvariants:
    """What a change of basis ``L ↦ MLM⁻¹`` leaves unchanged.

    Attributes:
        forms: Numbers of symmetric and antisymmetric forms preserved.
        form_signature: Signature of the symmetric one, up to sign; empty unless there is exactly one.
        killing: Signature of the Killing form.
        trace_form: Signature of tr(XY).
        traceless: Whether all traces vanish.
        commutant: Number of matrices that commute with everything.
    """

    forms: tuple[int, int]
    form_signature: tuple[int, ...]
    killing: tuple[int, int, int]
    trace_form: tuple[int, int, int]
    traceless: bool
    commutant: int

    @classmethod
    def of(cls, basis: Tensor, tol: float) -> ConjugacyInvariants:
        """Invariants of an orthonormal basis, numbers up to ``tol`` counting as zero."""
        forms, metric = invariant_forms(basis, tol), invariant_metric(basis, tol)
        positive, negative, zeros = metric.signature
        traces = basis.diagonal(dim1=1, dim2=2).sum(dim=1)
        return cls(
            forms=(len(forms.symmetric), len(forms.antisymmetric)),
            form_signature=(*sorted((positive, negative)), zeros) if metric.null_dim == 1 else (),
            killing=signature(killing_form(basis), tol, scale=1.0),
            trace_form=signature(torch.einsum("aij,bji->ab", basis, basis), tol, scale=1.0),
            traceless=bool(traces.norm() <= tol * math.sqrt(basis.shape[-1])),
            commutant=_commutant_dim(basis, tol),
        )

    def agrees(self, other: ConjugacyInvariants, *, by_form: bool) -> bool:
        """Equality; of the form alone where the dimension and a non-degenerate form decide."""
        if by_form and self.forms[0] == other.forms[0] == 1:
            return self.form_signature == other.form_signature
        return self == other


def _commutant_dim(basis: Tensor, tol: float) -> int:
    n = basis.shape[-1]
    units = torch.eye(n * n, dtype=torch.float64).view(n * n, 1, n, n)
    system = bracket(basis / basis.norm(), units).flatten(1)
    return count_zeros(torch.linalg.svdvals(system).flip(0), tol)
