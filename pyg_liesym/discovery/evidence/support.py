"""Where do the data lie? Maps that keep the quadrics on which all samples lie."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.moments import CannotTell, Moments
from pyg_liesym.discovery.evidence.question import Question, halves, moved
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.lie.algebra import LieAlgebra

_ROUNDING = 1e-14
_ROUNDED = 1e-5
"""Breaking of exact relations that may be rounding."""
_RESOLVED = 1e-9
"""Breaking with which directions are known that keep relations to rounding."""
_JUDGED = 4000


class Support(Question):
    r"""Quadrics on which the data lie, and the linear maps that leave them where they are.

    The ladder is that of `Relations`, fitted to one half of the samples. Claims are judged at finite g, on samples that
    were not used, by :math:`\sum_k \psi_k(g w)^2 / \lambda_k` with every :math:`\psi_k` divided by
    :math:`1 + |u|^2 / d`: bounded, and blind to a common factor. Of the relations those before the widest gap in their
    thickness are judged by, and exact linear ones, with which a sample that leaves the plane of the data shows.

    Args:
        vectors: Samples of vectors that move together.
        scalars: Numbers of the samples that nothing moves.
        span: Matrices among which to look.
        units: The independent unit of every sample.
        generator: Draws the halves.

    Shapes:
        - **vectors**: :math:`(S, V, n)`; **scalars**: :math:`(S, F)`; **span**: :math:`(P, n, n)`; **units**:
          :math:`(S)`
    """

    name = "support"
    coarsest = 0.1

    def __init__(
        self, vectors: Tensor, scalars: Tensor, span: Tensor, units: Tensor, generator: torch.Generator
    ) -> None:
        num, num_vectors, self.n = vectors.shape
        self.num_moved = num_vectors * self.n
        values = torch.cat([vectors.reshape(num, -1), scalars], 1)
        fitted, judged = halves(units, generator, most=(None, _JUDGED))
        self.units, self.judged = units[judged], values[judged]
        self.directions, self.ladder = span, vectors.new_zeros(len(span))
        try:
            self.relations = Relations(Moments(values[fitted], num_vectors, self.n))
        except CannotTell as error:
            self.reason = str(error)
            return
        lift = self.relations.lift
        if len(fitted) < 2 * lift.num_features:
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
            self.reason = "the data lie on no quadric: every place is allowed, so nothing is kept there"
            return
        self.off = self._off(self.judged)

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        """See :meth:`Question.defect`."""
        there = moved(self.judged, g, self.num_moved)
        return weights @ (self._off(there) - self.off) / weights.sum(1)

    def resolution(self, weights: Tensor) -> Tensor:
        """See :meth:`Question.resolution`."""
        return weights @ self.off / weights.sum(1)

    def _off(self, values: Tensor) -> Tensor:
        """How far every sample is off the relations, in their thickness, squared."""
        lift, count = self.relations.lift, self.num_relations
        u = lift.coordinates(values)
        size = (1 + u.square().mean(1, keepdim=True)).square()
        quadrics = (lift.features(u) @ self.relations.polynomials[:count].mT).square() / self.relations.spread[:count]
        plane = ((values - lift.center) @ lift.flat.mT).square() / lift.flatness.clamp(min=_ROUNDING)
        return (torch.cat([quadrics, plane], 1) / size).mean(1)

    def blind(self, yardstick: float) -> float:
        """Relations that hold only roughly depend on how the data are spread, and may turn with it."""
        return max(3 * math.sqrt(float(self.off.mean()) / yardstick), _ROUNDED)

    def margin(self, asked: float, resolution: float) -> float:
        """Ten times the data's own thickness, if that is less than what was asked: exact relations are kept exactly."""
        return min(asked, max(10 * resolution, _RESOLVED))

    def remarks(self, basis: Tensor) -> dict[str, Any]:
        """The quadric of the single vectors, if there is one, and whether the matrices found keep the same form."""
        try:
            quadric = Relations(self.relations.moments.single()).metric()
        except ValueError:
            return {}
        traces = basis.diagonal(dim1=1, dim2=2).mean(1)
        found = LieAlgebra(basis - traces[:, None, None] * torch.eye(self.n).to(basis)).invariant_metric()
        agreement = found.cosine(quadric) if found.null_dim == 1 else None
        return {"quadric": {"metric": quadric.J.tolist(), "cosine": agreement}}
