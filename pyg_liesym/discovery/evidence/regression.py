"""A law fitted by least squares: monomials and random cosines, linear in what is fitted."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.lift import monomials

Sample: TypeAlias = tuple[Tensor, Tensor, Tensor]

_BANDWIDTHS = (0.5, 1.0, 2.0)
_RIDGES = (1e-9, 1e-6, 1e-4, 1e-2)
_BETTER = 0.98
_MOST = 500
_SHARES = (5, 2)
_SMALLEST_SPREAD = 1e-2
_SMALLEST = 1e-6
_TINY = 1e-15
"""Numbers below are slow to multiply in single precision, where their products vanish."""
_LEFT = 0.1
_RESAMPLES = (8, 32)
_COLUMNS = 128
"""Numbers that the resamples say of an input, about."""


class _Features:
    """Monomials up to degree three, as far as they are few, and cosines of random frequencies."""

    def __init__(self, dim: int, budget: int, bandwidth: float, generator: torch.Generator) -> None:
        pairs, triples = math.comb(dim + 1, 2), math.comb(dim + 2, 3)
        self.degree = 3 if 2 * triples <= budget else 2 if 3 * pairs <= 2 * budget else 1
        count = max(budget - sum(math.comb(dim + m - 1, m) for m in range(self.degree + 1)), 0)
        spread = 0.3 + 1.4 * torch.rand(count, 1, generator=generator, dtype=torch.float64)
        direction = torch.randn(count, dim, generator=generator, dtype=torch.float64) * 2 / math.sqrt(dim)
        self.frequencies = bandwidth * spread * direction
        self.phases = 2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float64)

    def __call__(self, u: Tensor) -> Tensor:
        columns = u.mT.contiguous()
        waves = (self.frequencies @ columns + self.phases[:, None]).cos() * math.sqrt(2)
        return torch.cat([torch.ones_like(columns[:1]), *monomials(columns, self.degree), waves]).mT


class TwinFits:
    r"""The same regression on two disjoint sets of samples, so that their difference tells their error.

    :math:`f(x) = W^\top \varphi(x)` by ridge regression, with the number of features, the bandwidth and the ridge by
    which the first set predicts the second best.

    Args:
        first: Inputs and outputs of one set, and the independent unit of each sample.
        second: Those of the other.
        generator: Draws the frequencies and the resamples.

    Attributes:
        weights: Of both fits, ``[F, K]``.
        limit: Leverage beyond which an input is not one that the fits know: that of all but 5 % of the second set.
    """

    def __init__(self, first: Sample, second: Sample, generator: torch.Generator) -> None:
        x, y, _ = first
        self.center = x.mean(0)
        spread, axes = torch.linalg.eigh((x - self.center).mT @ (x - self.center) / len(x))
        spread = spread.clamp(min=_SMALLEST_SPREAD**2 * float(spread[-1])).clamp(min=1e-300)
        self.whitening = (axes / spread.sqrt()).mT
        seed = int(torch.randint(1 << 31, (), generator=generator))
        best = math.inf
        budgets = sorted({min(_MOST, len(x) // share) for share in _SHARES})
        for budget, bandwidth in itertools.product(budgets, _BANDWIDTHS):
            features = _Features(x.size(1), budget, bandwidth, torch.Generator().manual_seed(seed))
            own, theirs = features(self.coordinates(x)), features(self.coordinates(second[0]))
            ours = _Normal.of(own, y)
            for ridge in _RIDGES:
                weight = torch.linalg.solve(ours.matrix(ridge), ours.products)
                error = float((theirs @ weight - second[1]).square().sum(1).mean())
                if error < _BETTER * best:
                    best, self._features, self._ridge = error, features, ridge
                    seen, known, matrix, first_weight = own, theirs, ours.matrix(ridge), weight
        other = _Normal.of(known, second[1])
        matrices = matrix, other.matrix(self._ridge)
        self.weights = first_weight, torch.linalg.solve(matrices[1], other.products)
        root, self._root = (_inverse_root(one) for one in matrices)
        leverages = _leverage(seen, root), _leverage(known, self._root)
        self.limit = float(leverages[1].quantile(0.95))
        self._count = min(max(_COLUMNS // y.size(1), _RESAMPLES[0]), _RESAMPLES[1])
        self._resampled = [
            torch.cat([weights[:, None], self._resamples(sample, features, leverage, weights, matrix, generator)], 1)
            for sample, features, leverage, weights, matrix in zip(
                (first, second), (seen, known), leverages, self.weights, matrices, strict=True
            )
        ]

    def coordinates(self, x: Tensor) -> Tensor:
        """Inputs of unit spread in all directions in which they spread."""
        whitened: Tensor = (x - self.center) @ self.whitening.mT
        return whitened

    def _resamples(
        self,
        sample: Sample,
        features: Tensor,
        leverage: Tensor,
        weights: Tensor,
        matrix: Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """Weights with errors like those of a fit, ``[F, R, K]``.

        A multiplier bootstrap: residuals, as large as those of samples left out, times a normal number for each unit.
        """
        x, y, units = sample
        left = 1 - leverage / len(x)
        residuals = (y - features @ weights) / left.clamp(min=_LEFT).sqrt()[:, None]
        count = int(units.max()) + 1
        factors = torch.randn(count, self._count, generator=generator, dtype=x.dtype)[units]
        errors = torch.linalg.solve(
            matrix, features.mT @ (factors[:, :, None] * residuals[:, None]).flatten(1) / len(x)
        )
        drawn: Tensor = weights[:, None] + errors.view(len(weights), self._count, -1)
        return drawn

    def third(self, x: Tensor, y: Tensor) -> Tensor:
        """Weights of the same regression on a third set, ``[F, K]``."""
        normal = _Normal.of(self.features(x), y)
        weights: Tensor = torch.linalg.solve(normal.matrix(self._ridge), normal.products)
        return weights

    def predict(self, x: Tensor, weights: Tensor) -> Tensor:
        """What a fit says, ``[S, K]``."""
        said: Tensor = self.features(x) @ weights
        return said

    def features(self, x: Tensor) -> Tensor:
        """What the fits are linear in, ``[S, F]``."""
        features: Tensor = self._features(self.coordinates(x))
        return features

    def said(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """What both fits and their resamples say, ``[S, 1 + R, K]``."""
        one, two = ((features @ drawn.flatten(1)).unflatten(1, drawn.shape[1:]) for drawn in self._resampled)
        return one, two

    def known(self, features: Tensor) -> Tensor:
        """Which inputs the fits know, ``[S]``, bool."""
        return _leverage(features, self._root) <= self.limit

    def jacobian(self, x: Tensor, weights: Tensor) -> Tensor:
        """Derivatives of a fit, ``[S, K, d]``."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            outputs = self.features(x) @ weights
            rows = [torch.autograd.grad(column.sum(), x, retain_graph=True)[0] for column in outputs.unbind(1)]
        return torch.stack(rows, 1)


def _inverse_root(matrix: Tensor) -> Tensor:
    """R with R Rᵀ the inverse, in single precision."""
    values, axes = torch.linalg.eigh(matrix)
    root = axes / values.clamp(min=1e-15 * float(values[-1])).sqrt()
    return torch.where(root.abs() > _TINY, root, 0.0).float()


def _leverage(features: Tensor, root: Tensor) -> Tensor:
    """How little a fit says about inputs: the variance of a prediction in units of that of one sample's noise."""
    # A sum over hundreds, compared with a quantile of such sums: single precision does.
    return (features.float().add_(_TINY) @ root).square().sum(1).double()


class _Normal(NamedTuple):
    """The normal equations of a regression."""

    moments: Tensor
    products: Tensor

    @classmethod
    def of(cls, features: Tensor, y: Tensor) -> _Normal:
        return cls(features.mT @ features / len(features), features.mT @ y / len(y))

    def matrix(self, ridge: float) -> Tensor:
        """What is inverted, with a ridge."""
        sizes = self.moments.diagonal()
        # A column of x that does not vary makes monomials that are zero.
        matrix: Tensor = self.moments + ridge * sizes.clamp(min=_SMALLEST * float(sizes.mean())).diag()
        return matrix
