"""Where do the data lie? Maps that keep the quadrics on which all samples lie."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.claim import surfaces
from pyg_liesym.discovery.evidence.moments import CannotTell, Moments
from pyg_liesym.discovery.evidence.question import Question, halves, moved
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.discovery.samples import Noise
from pyg_liesym.lie.algebra import LieAlgebra

_ROUNDED = 1e-5
"""Breaking of exact relations that may be rounding."""
_RESOLVED = 1e-9
"""Breaking with which directions are known that keep relations to rounding."""
_JUDGED, _NUMBERS = 4000, 1_000_000
"""Samples that are judged, and numbers that their features may be."""


def support_halves(units: Tensor, size: int, degree: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """The samples that a support is fitted to, all of one half, and those by which it is judged, some of the other.

    Args:
        units: Unit of every sample, from 0.
        size: Numbers of a sample.
        degree: Of the polynomials.
        generator: Source of randomness.
    """
    return halves(units, generator, most=(None, min(_JUDGED, _NUMBERS // (math.comb(size + degree, degree) - 1))))


class Support(Question):
    r"""Quadrics, or sets of a higher degree D, on which the data lie, and the linear maps that leave them in place.

    The ladder is that of `Relations`, fitted to one half of the samples. Claims are judged at finite g, on samples that
    were not used, by :math:`\sum_k \psi_k(g w)^2 / \lambda_k` with every :math:`\psi_k` divided by
    :math:`(1 + |u|^2 / d)^{D/2}`: bounded, and blind to a common factor. Of the relations those before the widest gap
    in their thickness are judged by, and exact linear ones, with which a sample that leaves the data's plane shows.

    Args:
        moments: Of the samples that are fitted, as `support_halves` draws them; or raises `CannotTell`.
        judged: The samples that are judged: vectors one after the other, then numbers that nothing moves.
        units: The independent unit of each, or the pool of units.
        num: Number of all samples.
        span: Matrices among which to look.
        noise: As in `Relations`.
        degree: Of the polynomials, two or more.

    Shapes:
        - **judged**: :math:`(S, V n + F)`; **units**: :math:`(S)`; **span**: :math:`(P, n, n)`
    """

    name = "support"
    coarsest = 0.1

    def __init__(
        self,
        moments: Callable[[], Moments],
        judged: Tensor,
        units: Tensor,
        num: int,
        span: Tensor,
        noise: Noise = 0.0,
        degree: int = 2,
    ) -> None:
        self.degree, self.n = degree, span.size(-1)
        self.units, self.judged = units, judged
        self.directions, self.ladder = span, judged.new_zeros(len(span))
        try:
            self.relations = Relations(moments(), noise)
        except CannotTell as error:
            self.reason = str(error)
            return
        lift, self.num_moved = self.relations.lift, self.relations.moments.num_moved
        if self.relations.moments.count < 2 * lift.num_features:
            self.reason = (
                f"{lift.num_features} monomials need at least {4 * lift.num_features} samples, half of them to fit, "
                f"and there are {num}"
            )
            return
        kept, left, self.ladder = self.relations.directions(span)
        self.directions = torch.cat([kept, left])
        self.num_relations = self.relations.num_exact
        self.yardsticks = kept if self.num_relations and len(kept) else None
        if self.num_relations + len(lift.flat) == 0:
            self.reason = f"the data lie on no {surfaces(degree)}: every place is allowed, so nothing is kept there"
            return
        self.off = self._off(self.judged)

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        """See :meth:`Question.defect`."""
        there = moved(self.judged, g, self.num_moved)
        return self.average(self._off(there) - self.off, weights)

    def resolution(self, weights: Tensor) -> Tensor:
        """See :meth:`Question.resolution`."""
        return self.average(self.off, weights)

    def _off(self, values: Tensor) -> Tensor:
        """How far every sample is off the relations, in their thickness, squared."""
        lift, count = self.relations.lift, self.num_relations
        u = lift.coordinates(values)
        size = (1 + u.square().mean(1, keepdim=True)) ** lift.degree
        curved = lift.values(self.relations.polynomials[:count], u).square() / self.relations.spread[:count]
        plane = ((values - lift.center) @ lift.flat.mT).square() / self.relations.flatness
        return (torch.cat([curved, plane], 1) / size).mean(1)

    def blind(self, yardstick: float) -> float:
        """Relations that hold only roughly depend on how the data are spread, and may turn with it."""
        return max(3 * math.sqrt(float(self.off.mean()) / yardstick), _ROUNDED)

    def margin(self, asked: float, resolution: float) -> float:
        """Ten times the data's own thickness, if that is less than what was asked: exact relations are kept exactly."""
        return min(asked, max(10 * resolution, _RESOLVED))

    def remarks(self, basis: Tensor) -> dict[str, Any]:
        """The noise that was removed; the form of which the relations consist, and its cosine to that of the matrices.

        The one form, symmetric or antisymmetric, that they keep when their common factor is left out (Proposition 1 of
        LieGAN) was found in another way: None for the cosine if they keep several or none.
        """
        remarks: dict[str, Any] = {"noise": self.relations.noise} if self.relations.noise else {}
        form = self.relations.form()
        if form is None:
            form = Relations(self.relations.moments.single(), self.relations.noise).form()
        if form is not None:
            traces = basis.diagonal(dim1=1, dim2=2).mean(1)
            kept = LieAlgebra(basis - traces[:, None, None] * torch.eye(self.n).to(basis)).invariant_forms()
            alike = kept.antisymmetric if torch.equal(form, -form.mT) else kept.symmetric
            cosine = abs(float((alike[0] * form).sum() / form.norm())) if len(alike) == 1 else None
            remarks["form"] = {"matrix": form.tolist(), "cosine": cosine}
        return remarks
