r"""Polynomials of any degree in coordinates of unit spread, in which Gaussian data obey no relation.

As those of degree two (`QuadraticLift`), with a Hermite polynomial of every coordinate: of :math:`u_a` with variance
:math:`v_a`, :math:`h_{m + 1} = u h_m - m v h_{m - 1}` over :math:`\sqrt{m!}`, whose products are orthonormal where u is
normal. From degree three on their means are not zero for other data, and are taken off: a relation has a constant.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.lift import QuadraticLift, one_and_monomials


class PolynomialLift(QuadraticLift):
    """The coordinates u of data and the features of degrees one to ``degree`` in them.

    Args:
        mean: Of the data.
        covariance: Of the data.
        num_vector: How many of the coordinates are components of vectors, which share one unit.
        flat: As in `QuadraticLift`.
        degree: The largest.
    """

    def __init__(
        self, mean: Tensor, covariance: Tensor, num_vector: int, flat: float | None = None, degree: int = 3
    ) -> None:
        super().__init__(mean, covariance, num_vector, flat)
        self.degree = degree
        axes = range(self.size)
        products = [one for m in range(degree + 1) for one in combinations_with_replacement(axes, m)]
        place = {one: number for number, one in enumerate(products)}
        self._powers = torch.tensor([[one.count(axis) for axis in axes] for one in products], dtype=mean.dtype)
        missing = len(products)  # the place of what has too large a degree, or none
        raised = [[place.get(tuple(sorted((*one, axis))), missing) for one in products] for axis in axes]
        self._raised = torch.tensor(raised).view(self.size, missing)
        self._lowered = torch.full((self.size, missing + 1), missing)
        self._lowered.scatter_(1, self._raised, torch.arange(missing).expand(self.size, -1))
        self._lowered = self._lowered[:, :missing]
        self._hermite = mean.new_zeros(missing, missing)
        for row, one in enumerate(products):
            for column, factor in self._product(one).items():
                self._hermite[row, place[column]] = factor
        self._monomial = torch.linalg.inv(self._hermite)

    def balance(self, means: Tensor) -> None:
        """See :meth:`QuadraticLift.balance`."""
        self._hermite[1:, 0] -= means
        self._monomial = torch.linalg.inv(self._hermite)

    def _product(self, axes: tuple[int, ...]) -> dict[tuple[int, ...], float]:
        """The monomials of a product of Hermite polynomials."""
        result: dict[tuple[int, ...], float] = {(): 1.0}
        for axis, power in Counter(axes).items():
            hermite = _hermite(power, float(self.variances[axis]))
            result = {
                (*one, *(axis,) * number): factor * value
                for one, factor in result.items()
                for number, value in hermite.items()
            }
        return result

    @property
    def num_features(self) -> int:
        """See :attr:`QuadraticLift.num_features`."""
        return len(self._hermite) - 1

    def monomials(self, u: Tensor) -> Tensor:
        """See :meth:`QuadraticLift.monomials`."""
        return one_and_monomials(u, self.degree)

    def values(self, polynomials: Tensor, u: Tensor) -> Tensor:
        """See :meth:`QuadraticLift.values`."""
        return self.monomials(u) @ (polynomials @ self._hermite[1:]).mT

    def monomials_of(self, other: QuadraticLift, part: slice = slice(None)) -> Tensor:
        """See :meth:`QuadraticLift.monomials_of`."""
        assert isinstance(other, PolynomialLift)
        turn = self.inverse @ other.matrix[part]
        shift = self.inverse @ (other.center[part] - self.center)
        size = 1 + other.num_features
        blocks = [turn.new_zeros(1, size)]
        blocks[0][0, 0] = 1
        for less in range(self.degree):
            rows = []
            for axis in range(self.size):
                rest = blocks[-1][-math.comb(self.size - axis + less - 1, less) :]
                row = turn.new_zeros(len(rest), size + 1)
                row[:, :size] = shift[axis] * rest
                for raised, factor in zip(other._raised, turn[axis], strict=True):
                    row.index_add_(1, raised, factor * rest)
                rows.append(row[:, :size])
            blocks.append(torch.cat(rows))
        return torch.cat(blocks)

    def features_of(self, other: QuadraticLift) -> Tensor:
        """See :meth:`QuadraticLift.features_of`."""
        features: Tensor = self._hermite[1:] @ self.monomials_of(other)
        return features

    def moved(self, coefficients: Tensor, action: Tensor) -> Tensor:
        """See :meth:`QuadraticLift.moved`."""
        shift = action @ self.center @ self.inverse.mT
        turn = self.inverse @ action @ self.matrix
        polynomials = torch.nn.functional.pad(coefficients @ self._hermite[1:], (0, 1))
        # The derivative along an axis, then times every coordinate.
        powers = torch.nn.functional.pad(self._powers.mT, (0, 1))
        raised = torch.nn.functional.pad(self._raised, (0, 1), value=len(self._hermite))
        slopes = torch.stack([(polynomials * power)[:, up] for power, up in zip(powers, raised, strict=True)], 1)
        constant = torch.einsum("pi,kim->kpm", shift, slopes[..., :-1])
        linear = slopes[:, :, self._lowered].flatten(1, 2)
        moved: Tensor = (constant + turn.flatten(1) @ linear) @ self._monomial
        return moved


def _hermite(power: int, variance: float) -> dict[int, float]:
    """Coefficients of a Hermite polynomial of unit mean square."""
    below, here = {0: 0.0}, {0: 1.0}
    for m in range(power):
        above = {number + 1: value for number, value in here.items()}
        for number, value in below.items():
            above[number] = above.get(number, 0.0) - m * variance * value
        below, here = here, above
    return {number: value / math.sqrt(math.factorial(power)) for number, value in here.items()}


def polynomial_lift(
    degree: int, mean: Tensor, covariance: Tensor, num_vector: int, flat: float | None = None
) -> QuadraticLift:
    """The lift of a degree: of two in closed form, which is fast where matrices are many."""
    if degree == 2:
        return QuadraticLift(mean, covariance, num_vector, flat)
    return PolynomialLift(mean, covariance, num_vector, flat, degree)
