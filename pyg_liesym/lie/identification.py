"""What an algebra is called: comparison with the named ones, as it stands and up to change of basis.

Two questions are asked of every named algebra of the right size and dimension. Is it *the same subspace* of
matrices? Principal angles answer that. Is it *conjugate*, the same after some ``L ↦ MLM⁻¹``? Numbers that no
change of basis alters answer that: the signatures of the Killing form and of the trace form tr(XY), whether
all traces vanish, how many symmetric and antisymmetric forms are preserved, the signature of a single one,
and how many matrices commute with everything. They are first taken at rounding precision; where that finds
nothing, at the tolerance for learned bases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from pyg_liesym.lie.catalogue import Entry, catalogue, embedded
from pyg_liesym.lie.conjugacy import ConjugacyInvariants
from pyg_liesym.lie.products import product
from pyg_liesym.lie.structure import closure_error, killing_form, signature
from pyg_liesym.lie.subspace import count_zeros, principal_angles, span

_EXACT = 1e-6
_LARGEST_NESTED = 12  # beyond this size, containment in the large algebras costs more than it tells

Relation = Literal["same subspace", "conjugate", "contains", "inside", "same dimension", "none"]


@dataclass(frozen=True)
class Identification:
    """One entry of the ranked comparison of an algebra with the named ones.

    Attributes:
        name: The named algebra, or several that act on separate coordinates, ``so(2) on coordinates (0, 1) ⊕ …``;
            or ``"no named algebra"``.
        relation: ``"same subspace"``; ``"conjugate"`` (the same up to change of basis); ``"contains"`` or
            ``"inside"`` (of larger or smaller dimension than the named one, and the smaller span lies in the
            larger); ``"same dimension"`` (listed with its angle, but not a match); ``"none"``: nothing fits.
        largest_angle: Largest principal angle to the named one, in radians; None where none was compared.
        dim: Dimension of the given algebra, as determined numerically.
        named_dim: Dimension of the named one; that of the given algebra for ``"none"``.
        closure_error: Of the given algebra, see `pyg_liesym.lie.structure.closure_error`.
        killing_signature: Numbers of positive, negative and zero eigenvalues of its Killing form.
        left_out: Strengths, relative to the strongest, of directions that the name does not cover though they are
            stronger than noise; empty as a rule.
    """

    name: str
    relation: Relation
    largest_angle: float | None
    dim: int
    named_dim: int
    closure_error: float
    killing_signature: tuple[int, int, int]
    left_out: tuple[float, ...] = ()

    @property
    def matches(self) -> bool:
        """Whether the algebra is the named one, as it stands or after a change of basis, and nothing was left out."""
        return self.relation in ("same subspace", "conjugate") and not self.left_out

    def __str__(self) -> str:
        if not self.left_out:
            return self._named()
        strengths = ", ".join(f"{strength:.2g}" for strength in self.left_out)
        directions = "a direction" if len(self.left_out) == 1 else f"{len(self.left_out)} directions"
        return f"{self._named()}; left out: {directions} of relative strength {strengths}"

    def _named(self) -> str:
        angle = "" if self.largest_angle is None else f", largest angle {math.degrees(self.largest_angle):.1f}°"
        if self.relation == "conjugate":
            return f"{self.name}, conjugate"
        if self.relation == "none":
            return (
                f"{self.name}: dimension {self.dim}, closure error {self.closure_error:.1g}, "
                f"Killing signature {self.killing_signature}"
            )
        if self.relation in ("contains", "inside"):
            return f"{self.relation} {self.name}: dimension {self.dim}, not {self.named_dim}{angle}"
        return f"{self.name}, {self.relation}{angle}"


def identify(basis: Tensor, *, max_angle: float = 0.15, tol: float = 0.1) -> list[Identification]:
    """Compare a basis with the named algebras, best first.

    Args:
        basis: Matrices ``[K, n, n]``, exact or learned; they may depend on each other or be close to zero.
        max_angle: Largest principal angle, in radians, up to which two spans count as the same.
        tol: For learned bases: the relative singular value below which a direction counts as noise, the
            closure error up to which a span counts as an algebra, the residual up to which a form counts as
            preserved.

    Returns:
        At least one entry. Without a match the first one says so and gives the numbers; entries for algebras
        that contain this one or lie in it, and those of the same dimension, follow.

    Example:
        >>> from pyg_liesym.lie.named import lorentz
        >>> noise = 0.01 * torch.randn(7, 4, 4, generator=torch.Generator().manual_seed(0))
        >>> learned = torch.cat([lorentz(), torch.zeros(1, 4, 4)]) + noise
        >>> print(identify(learned)[0])
        so(1,3), same subspace, largest angle 2.0°
        >>> print(identify(torch.diag(torch.tensor([1.0, 2.0, 3.0])).unsqueeze(0))[0])
        no named algebra: dimension 1, closure error 0, Killing signature (0, 0, 1)
    """
    relative, tangents = _spans(basis, tol)
    spans = [_Found.of(tangent, tol) for tangent in tangents]
    found = spans[0]
    if len(found.basis) == 0:
        return [found.entry("trivial algebra", "same subspace", 0, 0.0)]
    for candidate in spans:
        matches = [i for i in candidate.same_dimension() if (i.largest_angle or 0.0) <= max_angle]
        matches = [replace(i, relation="same subspace") for i in matches] or candidate.product(max_angle, tol)
        if matches:
            return [replace(i, left_out=relative[len(candidate.basis) :]) for i in matches]
    conjugates = found.conjugates(tol) if found.closure_error <= tol else []
    if conjugates:
        return [replace(i, left_out=relative[len(found.basis) :]) for i in conjugates]
    nothing = found.entry("no named algebra", "none", len(found.basis), None)
    return [nothing, *found.nested(max_angle), *found.same_dimension()]


@dataclass(frozen=True, eq=False)
class _Found:
    """The given algebra, cleaned: an orthonormal basis of a dimension that it may have."""

    basis: Tensor
    closure_error: float
    killing_signature: tuple[int, int, int]
    entries: list[Entry]

    @classmethod
    def of(cls, tangent: Tensor, tol: float) -> _Found:
        n = tangent.shape[-1]
        error = closure_error(tangent)
        # noise in the brackets is noise in the Killing form
        zero = _EXACT if error <= _EXACT else tol
        # an inactive coordinate is neither read nor written
        activity = tangent.square().sum(dim=(0, 1)) + tangent.square().sum(dim=(0, 2))
        active = [i for i, a in enumerate(activity.tolist()) if a > tol**2 * float(activity.max())]
        entries = catalogue(n)
        if 1 < len(active) < n:
            entries += embedded(n, active, f"on coordinates ({', '.join(map(str, active))})")
        return cls(tangent, error, signature(killing_form(tangent), zero, scale=1.0), entries)

    def angle(self, entry: Entry) -> float:
        return float(principal_angles(self.basis, span(entry.build())[1])[0])

    def entry(self, name: str, relation: Relation, named_dim: int, angle: float | None) -> Identification:
        return Identification(
            name, relation, angle, len(self.basis), named_dim, self.closure_error, self.killing_signature
        )

    def same_dimension(self) -> list[Identification]:
        fitting = [(e, self.angle(e)) for e in self.entries if e.dim == len(self.basis)]
        fitting.sort(key=lambda pair: pair[1])
        return [self.entry(e.name, "same dimension", e.dim, angle) for e, angle in fitting]

    def conjugates(self, tol: float) -> list[Identification]:
        n, dim = self.basis.shape[-1], len(self.basis)
        smaller = [e for m in range(2, n) for e in embedded(n, list(range(m)), f"on {m} of {n} dimensions")]
        candidates = [e for e in (*catalogue(n), *smaller) if e.dim == dim and e.kind != "rigid"]
        for precision in (_EXACT, tol):
            ours = ConjugacyInvariants.of(self.basis, precision)
            families: dict[str, Identification] = {}
            for e in candidates:
                theirs = ConjugacyInvariants.of(span(e.build())[1], _EXACT)
                if e.family not in families and ours.agrees(theirs, by_form=e.kind == "form"):
                    families[e.family] = self.entry(e.name, "conjugate", dim, self.angle(e))
            if families:
                return list(families.values())
        return []

    def product(self, max_angle: float, tol: float) -> list[Identification]:
        """What acts on separate coordinates, each named by itself."""
        parts = product(self.basis, tol, max_angle)
        if parts is None:
            return []
        named = [identify(factor.basis, max_angle=max_angle, tol=tol)[0] for factor in parts.factors]
        if not all(part.matches for part in named):
            return []
        places = [", ".join(map(str, factor.coordinates)) for factor in parts.factors]
        name = " ⊕ ".join(f"{part.name} on coordinates ({place})" for part, place in zip(named, places, strict=True))
        angles = [part.largest_angle or 0.0 for part in named]
        relation: Relation = "same subspace" if all(i.relation == "same subspace" for i in named) else "conjugate"
        dim = len(self.basis)
        return [self.entry(f"{name} + scaling" if parts.scaling else name, relation, dim, max(angles))]

    def nested(self, max_angle: float) -> list[Identification]:
        """Entries that lie in this span (the largest first) or around it (the smallest first)."""
        n, dim = self.basis.shape[-1], len(self.basis)
        if n > _LARGEST_NESTED:
            return []
        preserving = [e for e in self.entries if e.preserves_form and e.dim != dim and 2 * e.dim > dim]
        close = [(e, angle) for e in preserving if (angle := self.angle(e)) <= max_angle]
        close.sort(key=lambda pair: (pair[0].dim > dim, abs(pair[0].dim - dim), pair[1]))
        return [self.entry(e.name, "inside" if e.dim > dim else "contains", e.dim, angle) for e, angle in close]


def _spans(basis: Tensor, tol: float) -> tuple[tuple[float, ...], list[Tensor]]:
    """The relative strengths of what is not noise, and orthonormal bases of what may be the span, best first.

    Everything above rounding, if that closes at rounding precision (all matrices always close, so there it
    means nothing); what is stronger than the widest gap of the singular values; other cuts, by the width of
    their gap.
    """
    values, everything = span(basis)
    rank = len(everything)
    if rank == 0:
        return (), [everything]
    relative = values[:rank] / values[0]
    strong = rank - count_zeros(relative.flip(0), tol)
    weak = [d for d in range(1, rank) if float(relative[d]) <= 3 * tol]
    cuts = [strong, *sorted(weak, key=lambda d: float(relative[d] / relative[d - 1]))]
    all_matrices = rank == basis.shape[-1] ** 2
    clear = int((relative > tol).sum())
    if strong < rank and not all_matrices:
        exact = closure_error(everything) <= max(_EXACT, 100 * torch.finfo(basis.dtype).eps)
        cuts = [rank, *cuts] if exact else [*cuts, rank]
        clear = rank if exact else clear
    return tuple(relative[:clear].tolist()), [everything[:d] for d in dict.fromkeys(cuts)]
