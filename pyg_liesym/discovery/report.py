"""A discovered symmetry in words."""

from __future__ import annotations

from typing import Any, Protocol

import torch

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.finite import FiniteTurn
from pyg_liesym.lie.invariant import InvariantMetric

_WEAK = 0.1
_DOUBTFUL = 0.6
_VISIBLE = 0.85
_LARGEST_PRINTED = 6
LARGEST_IDENTIFIED = 10


class Found(Protocol):
    """What a report reads of a result; see :class:`~pyg_liesym.discovery.DiscoveredSymmetry`."""

    @property
    def algebra(self) -> LieAlgebra:
        """The matrices."""

    @property
    def metric(self) -> InvariantMetric:
        """Their invariant form."""

    @property
    def diagnostics(self) -> dict[str, Any]:
        """Numbers about the fit."""

    @property
    def settings(self) -> dict[str, Any]:
        """How the method was set."""

    @property
    def discrete(self) -> bool:
        """Whether a finite group was looked for."""

    @property
    def turns(self) -> list[FiniteTurn]:
        """Its elements."""

    @property
    def seed(self) -> int:
        """Seed of the run."""


_ROUNDING = 1e-12
"""Errors of J below this say how it was computed, not how it was found."""


def report(found: Found) -> str:
    """What was found, what it is called, which forms it keeps, and what could not be decided.

    Example:
        >>> from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
        >>> print(report(DiscoveredSymmetry.of(LieAlgebra.rotation(3))))
        Candidate: only `certify`, on samples that it was not fitted to, tells whether data have this symmetry
        Fit: seed 0
        Generators: 3 of 3 directions matter (relative strengths 1.00 1.00 1.00)
        Algebra: so(3), same subspace, largest angle 0.0°
        Forms kept: 1 symmetric and 0 antisymmetric invariant forms
        Metric: invariant metric, signature (3, 0), residual ...
        J is known to rounding
           0.577    0.000    0.000
           0.000    0.577    0.000
           0.000    0.000    0.577
    """
    diagnostics = found.diagnostics
    read = reading(diagnostics.get("reading", ""), diagnostics.get("other_reading", ""))
    lines = [*read, _standing(diagnostics.get("claim")), _fit(found)]
    if found.algebra.rank() == 0 and not found.turns:
        return "\n".join([*lines, "Nothing found: no channel moves the data"])
    lines += _doubts(diagnostics)
    if found.discrete:
        lines += [f"Discrete: {turn}" for turn in found.turns]
        lines.append("No continuous group was looked for: there is no algebra here, and no metric for a network")
    else:
        lines += _generators(judged_algebra(found))
        lines.append(f"Forms kept: {judged_algebra(found).invariant_forms()}")
        lines += _metric(found)
    if "visibility" in diagnostics:
        values = " ".join(f"{value:.2f}" for value in diagnostics["visibility"])
        lines.append(f"Visible to the discriminator, per channel (0 not at all, 1 always): {values}")
    lines += _undecided(found)
    return "\n".join(lines)


def nothing_found(diagnostics: dict[str, Any]) -> bool:
    """Whether every channel is either switched off or seen through by the discriminator."""
    return least_visible(diagnostics) > _VISIBLE


def least_visible(diagnostics: dict[str, Any]) -> float:
    """The visibility of the channel that the discriminator sees worst, of those that matter; 0 if unknown."""
    visibility, rates = diagnostics.get("visibility"), diagnostics.get("rates")
    if not visibility or not rates:
        return 0.0
    return min((seen for seen, rate in zip(visibility, rates, strict=True) if rate > _WEAK), default=1.0)


def judged_algebra(found: Found) -> LieAlgebra:
    """The algebra in the units in which it is judged: those of the whitened data, where they were whitened."""
    whitening = found.diagnostics.get("whitening")
    if whitening is None:
        return found.algebra
    return found.algebra.conjugate(torch.tensor(whitening, dtype=torch.float64))


def reading(read: str, other: str) -> list[str]:
    """How x and y were read, and a warning if y could be something else."""
    lines = [read] if read else []
    if other:
        lines.append(f"Warning: y was read by its shape and type; it could also be {other}")
    return lines


def _standing(claim: dict[str, Any] | None) -> str:
    if claim is None:
        return "Candidate: only `certify`, on samples that it was not fitted to, tells whether data have this symmetry"
    return f"{claim['question'].capitalize()}: {claim['status']} on {claim['samples']} samples that were kept aside"


def _doubts(diagnostics: dict[str, Any]) -> list[str]:
    if nothing_found(diagnostics):
        return [
            "Nothing found: the discriminator recognises data moved along any channel; what follows is the "
            "transformation that comes closest, not a symmetry"
        ]
    if least_visible(diagnostics) > _DOUBTFUL:
        return [
            "Doubtful: data moved along any channel are often recognised; either there is no symmetry, or the data "
            "cover its orbits unevenly, or the fit has not found it (try other seeds, or a mask)"
        ]
    return []


def _fit(found: Found) -> str:
    diagnostics = found.diagnostics
    parts = [f"seed {found.seed}"]
    if "steps" in diagnostics:
        parts = [f"{found.settings.get('method', 'fit')}, seed {found.seed}", f"{diagnostics['num_samples']} samples"]
        ended = "at rest" if diagnostics["stopped"] == "stable" else "cut off, not at rest,"
        parts.append(f"{ended} after {diagnostics['steps']} steps ({diagnostics['seconds']:.0f} s)")
    return "Fit: " + ", ".join(parts)


def _generators(algebra: LieAlgebra) -> list[str]:
    values = algebra.singular_values()
    relative = (values / values[0]).tolist()
    strong = sum(value > _WEAK for value in relative)
    strengths = " ".join(f"{value:.2f}" for value in relative)
    lines = [f"Generators: {strong} of {algebra.dim} directions matter (relative strengths {strengths})"]
    if algebra.n <= LARGEST_IDENTIFIED:
        lines.append(f"Algebra: {algebra.identify()[0]}")
    return lines


def _metric(found: Found) -> list[str]:
    lines = [f"Metric: {found.metric}"]
    if found.metric.null_dim == 1:
        error = found.metric.error
        known = f"about {100 * error:.2g} % of its norm" if error > _ROUNDING else "rounding"
        lines.append(f"J is known to {known}")
    if found.diagnostics.get("whitening") is not None:
        lines.append(
            "The data spread more than ten times further along some directions than along others: fit, strengths, "
            "name, residual and signature are of the whitened data, the matrices and J in the units given"
        )
    if found.metric.null_dim == 0:
        basis = found.algebra.basis
        traces = basis.diagonal(dim1=1, dim2=2).mean(dim=1).view(-1, 1, 1)
        traceless = LieAlgebra(basis - traces * torch.eye(found.algebra.n).to(basis)).invariant_metric()
        if traceless.null_dim:
            lines.append(f"Kept up to a factor; without the scaling (trace) in the channels: {traceless}")
    if found.algebra.n <= _LARGEST_PRINTED:
        lines += [" ".join(f"{value + 0.0:8.3f}".rstrip() for value in row) for row in found.metric.J.tolist()]
    return lines


def _undecided(found: Found) -> list[str]:
    lines = []
    rank, n = found.diagnostics.get("data_rank"), found.algebra.n
    if rank is not None and rank < n:
        lines.append(
            f"Not decided: the data span {rank} of {n} dimensions; matrices that agree there do the same to every "
            "sample, so compare with weighted_cosine and the data's second moments, not entry by entry"
        )
    if not found.discrete and found.metric.null_dim > 1:
        lines.append(
            f"Not decided: {found.metric.null_dim} independent metrics are kept; networks take all of them (`forms`), "
            "and if several vectors move alike, restrict the algebra to one of them first"
        )
    if found.diagnostics.get("stopped") == "max_steps":
        lines.append("Not decided: the basis was still turning at the last step; raise max_steps")
    return lines
