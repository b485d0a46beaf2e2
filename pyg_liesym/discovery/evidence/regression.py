"""A law fitted by least squares: monomials and random cosines, linear in what is fitted."""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

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
        axes = torch.arange(dim)
        self.pairs = torch.combinations(axes, 2, with_replacement=True)
        self.triples = torch.combinations(axes, 3, with_replacement=True)
        left = budget - dim - 1
        if 3 * len(self.pairs) > 2 * budget:
            self.pairs = self.pairs[:0]
        if 2 * len(self.triples) > budget:
            self.triples = self.triples[:0]
        count = max(left - len(self.pairs) - len(self.triples), 0)
        spread = 0.3 + 1.4 * torch.rand(count, 1, generator=generator, dtype=torch.float64)
        direction = torch.randn(count, dim, generator=generator, dtype=torch.float64) * 2 / math.sqrt(dim)
        self.frequencies = bandwidth * spread * direction
        self.phases = 2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float64)

    def __call__(self, u: Tensor) -> Tensor:
        columns = [u.new_ones(len(u), 1), u]
        if len(self.pairs):
            columns.append(_products(u, self.pairs))
        if len(self.triples):
            columns.append(_products(u, self.triples))
        columns.append(math.sqrt(2) * torch.cos(u @ self.frequencies.mT + self.phases))
        return torch.cat(columns, 1)


def _products(u: Tensor, places: Tensor) -> Tensor:
    """Products of columns, ``[S, P]``."""
    columns = u.mT.contiguous()
    product = columns[places[:, 0]]
    for place in places[:, 1:].mT:
        product *= columns[place]
    return product.mT


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
            theirs, ours = features(self.coordinates(second[0])), _Normal.of(features(self.coordinates(x)), y)
            for ridge in _RIDGES:
                weight = torch.linalg.solve(ours.matrix(ridge), ours.products)
                error = float((theirs @ weight - second[1]).square().sum(1).mean())
                if error < _BETTER * best:
                    best, self._features, self._ridge = error, features, ridge
                    normal, known, first_weight = ours, theirs, weight
        other = _Normal.of(known, second[1])
        matrix = other.matrix(self._ridge)
        self.weights = first_weight, torch.linalg.solve(matrix, other.products)
        values, axes = torch.linalg.eigh(matrix)
        root = axes / values.clamp(min=1e-15 * float(values[-1])).sqrt()
        self._root = torch.where(root.abs() > _TINY, root, 0.0).float()
        self.limit = float(self._leverage(known).quantile(0.95))
        self._count = min(max(_COLUMNS // y.size(1), _RESAMPLES[0]), _RESAMPLES[1])
        self._resampled = [
            torch.cat([weights[:, None], self._resamples(sample, weights, matrix, generator)], 1)
            for sample, weights, matrix in zip(
                (first, second), self.weights, (normal.matrix(self._ridge), matrix), strict=True
            )
        ]

    def coordinates(self, x: Tensor) -> Tensor:
        """Inputs of unit spread in all directions in which they spread."""
        whitened: Tensor = (x - self.center) @ self.whitening.mT
        return whitened

    def _resamples(self, sample: Sample, weights: Tensor, matrix: Tensor, generator: torch.Generator) -> Tensor:
        """Weights with errors like those of a fit, ``[F, R, K]``.

        A multiplier bootstrap: residuals, as large as those of samples left out, times a normal number for each unit.
        """
        x, y, units = sample
        features = self._features(self.coordinates(x))
        influence = torch.linalg.solve(matrix, features.mT) / len(x)
        left = 1 - (features.mT * influence).sum(0)
        residuals = (y - features @ weights) / left.clamp(min=_LEFT).sqrt()[:, None]
        count = int(units.max()) + 1
        factors = torch.randn(count, self._count, generator=generator, dtype=x.dtype)[units]
        errors = influence @ (factors[:, :, None] * residuals[:, None]).flatten(1)
        drawn: Tensor = weights[:, None] + errors.view(len(weights), self._count, -1)
        return drawn

    def third(self, x: Tensor, y: Tensor) -> Tensor:
        """Weights of the same regression on a third set, ``[F, K]``."""
        normal = _Normal.of(self._features(self.coordinates(x)), y)
        weights: Tensor = torch.linalg.solve(normal.matrix(self._ridge), normal.products)
        return weights

    def predict(self, x: Tensor, weights: Tensor) -> Tensor:
        """What a fit says, ``[S, K]``."""
        said: Tensor = self._features(self.coordinates(x)) @ weights
        return said

    def predict_known(self, x: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """What both fits and their resamples say, ``[S, 1 + R, K]``, and which inputs they know, ``[S]``, bool."""
        features = self._features(self.coordinates(x))
        one, two = ((features @ drawn.flatten(1)).unflatten(1, drawn.shape[1:]) for drawn in self._resampled)
        return (one, two), self._leverage(features) <= self.limit

    def _leverage(self, features: Tensor) -> Tensor:
        """How little the second set says about inputs: the variance of a prediction in units of the noise's."""
        # A sum over hundreds, compared with a quantile of such sums: single precision does.
        return (features.float().add_(_TINY) @ self._root).square().sum(1).double()

    def jacobian(self, x: Tensor, weights: Tensor) -> Tensor:
        """Derivatives of a fit, ``[S, K, d]``."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            outputs = self._features(self.coordinates(x)) @ weights
            rows = [torch.autograd.grad(column.sum(), x, retain_graph=True)[0] for column in outputs.unbind(1)]
        return torch.stack(rows, 1)


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
