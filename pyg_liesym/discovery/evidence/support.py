"""Where do the data lie? Maps that keep the quadrics on which all samples lie."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.directions import by_ladder, moving_directions
from pyg_liesym.discovery.evidence.lift import QuadraticLift
from pyg_liesym.discovery.evidence.question import Question, halves, moved

_THIN = 0.05
"""Largest eigenvalue of a relation: data within 22 % of the spread that normal data would have."""
_ROUNDING = 1e-14
_ROUNDED = 1e-5
"""Breaking of exact relations that may be rounding."""
_JUDGED = 4000
_LARGEST = 1 << 28
"""Numbers that the matrix of all relations, directions and features may hold."""


class Support(Question):
    r"""Quadrics on which the data lie, and the linear maps that leave them where they are.

    Mass shells, conserved products and :math:`y = f(x)` of degree two are sets :math:`\{\psi_k = 0\}`. A map L keeps
    them where :math:`\nabla\psi_k \cdot L z = 0` on the data: with the eigenvalues :math:`\lambda_k = E[\psi_k^2]` of
    the relations (`QuadraticLift`) the ladder is that of

    .. math:: \sum_k E\bigl[(\nabla\psi_k \cdot L z)^2\bigr] / \lambda_k .

    Claims are judged at finite g, on samples that were not used, by :math:`\sum_k \psi_k(g z)^2 / \lambda_k` with every
    :math:`\psi_k` divided by :math:`1 + |u|^2 / d`: bounded, and blind to a common factor.

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
        num, self.num_vectors, self.n = vectors.shape
        values = torch.cat([vectors.reshape(num, -1), scalars], 1)
        fitted, judged = halves(units, generator, most=(None, _JUDGED))
        self.units, self.judged = units[judged], values[judged]
        self.lift = QuadraticLift(values[fitted], self.num_vectors * self.n)
        self.directions = moving_directions(span, vectors[fitted].flatten(0, 1))
        self.ladder = vectors.new_zeros(len(self.directions))
        moments = self.lift.moments(values[fitted])
        eigenvalues, polynomials = torch.linalg.eigh(moments)
        self.relations, self.thickness = self._relations(eigenvalues, polynomials, len(fitted))
        if len(self.thickness) == 0:
            self.reason = "the data lie on no quadric: every place is allowed, so nothing is kept there"
            return
        work = len(self.thickness) * len(self.directions) * self.lift.num_features
        if work > _LARGEST:
            self.reason = (
                f"{len(self.directions)} directions of {self.n} × {self.n} matrices and {self.lift.num_features} "
                f"monomials need {8 * work / 1e9:.0f} GB; look among fewer matrices (`among`)"
            )
            return
        self.off = self._off(self.judged)
        half = polynomials * eigenvalues.clamp(min=0).sqrt()
        self.ladder, self.directions = by_ladder(self.directions, self._gram(half))

    def _relations(self, eigenvalues: Tensor, polynomials: Tensor, num: int) -> tuple[Tensor, Tensor]:
        """The polynomials that vanish on the data, ``[k, M]``, and the mean squares that they have left."""
        if num < 2 * len(eigenvalues):
            self.reason = (
                f"{len(eigenvalues)} monomials need at least {4 * len(eigenvalues)} samples, half of them to fit, and "
                f"there are {2 * num}"
            )
            return polynomials.mT[:0], eigenvalues[:0]
        floored = eigenvalues.clamp(min=_ROUNDING * float(eigenvalues[-1]))
        thin = int((floored < _THIN).sum())
        if thin == 0:
            return polynomials.mT[:0], eigenvalues[:0]
        upper = floored[1 : thin + 1] if thin < len(floored) else torch.cat([floored[1:], floored.new_ones(1)])
        count = int((upper / floored[:thin]).argmax()) + 1
        return polynomials.mT[:count], floored[:count]

    def _gram(self, half: Tensor) -> Tensor:
        """The ladder's quadratic form of the coefficients of the directions."""
        action = self.directions.new_zeros(len(self.directions), self.lift.size, self.lift.size)
        for start in range(0, self.num_vectors * self.n, self.n):
            action[:, start : start + self.n, start : start + self.n] = self.directions
        slopes = self.lift.moved(self.relations, action) / self.thickness.sqrt()[:, None, None]
        sizes = torch.cat([slopes[..., :1], slopes[..., 1:] @ half], -1).transpose(0, 1).flatten(1)
        return sizes @ sizes.mT / len(self.thickness)

    def defect(self, g: Tensor, weights: Tensor) -> Tensor:
        """See :meth:`Question.defect`."""
        there = moved(self.judged, g, self.num_vectors * self.n)
        return weights @ (self._off(there) - self.off) / weights.sum(1)

    def resolution(self, weights: Tensor) -> Tensor:
        """See :meth:`Question.resolution`."""
        return weights @ self.off / weights.sum(1)

    def _off(self, values: Tensor) -> Tensor:
        """How far every sample is off the quadrics, in their thickness, squared."""
        u = self.lift.coordinates(values)
        sizes = self.lift.features(u) @ self.relations.mT
        relative = sizes / (1 + u.square().mean(1, keepdim=True))
        return (relative.square() / self.thickness).mean(1)

    def blind(self, yardstick: float) -> float:
        """Relations that hold only roughly depend on how the data are spread, and may turn with it."""
        return max(3 * math.sqrt(float(self.off.mean()) / yardstick), _ROUNDED)

    def margin(self, asked: float, resolution: float) -> float:
        """Ten times the data's own thickness, if that is less than what was asked: exact relations are kept exactly."""
        return min(asked, 10 * resolution)
