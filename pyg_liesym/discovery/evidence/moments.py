"""Moments of data: all that the support is fitted to, whatever the number of samples."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.lift import FLAT, QuadraticLift
from pyg_liesym.discovery.evidence.polynomials import polynomial_lift
from pyg_liesym.discovery.samples import MIN_SAMPLES, OutputKind, Samples

_ROWS = 1 << 12
_READ = 1 << 16
_MOST = 3000
"""Monomials whose products still fit: 70 MB, and seconds to diagonalise."""
_EQUAL, _FEWEST = 1.1, 3
"""Ratio of variances that counts as one, besides chance, and how many there must be."""


class CannotTell(ValueError):
    """These data cannot answer the question; says why."""


def frame_of(mean: Tensor, covariance: Tensor, num_vectors: int, n: int, degree: int) -> QuadraticLift:
    """The coordinates of about unit spread in which moments are summed.

    Raises:
        CannotTell: If there are too many coordinates.
    """
    size = len(mean)
    if (number := math.comb(size + degree, degree) - 1) > _MOST:
        raise CannotTell(
            f"{num_vectors} vectors of {n} components and {size - num_vectors * n} numbers have "
            f"{number} monomials up to degree {degree}, more than {_MOST}: give fewer vectors"
        )
    return polynomial_lift(degree, mean, covariance, num_vectors * n)


def products(values: Tensor, monomials: Callable[[Tensor], Tensor]) -> Tensor:
    """Products of the monomials of samples, added up, rows by rows.

    Args:
        values: The samples.
        monomials: Makes them of rows.

    Shapes:
        - **values**: :math:`(S, D)`; **monomials**: :math:`(S, M)`; **output**: :math:`(M, M)`
    """
    total = values.new_zeros(())
    for part in values.split(_ROWS):
        rows = monomials(part)
        total = total + rows.mT @ rows
    return total


class Moments:
    r"""Mean products of up to four coordinates of samples, or of up to twice another degree.

    They add: those of any number of shards are those of all their samples, up to rounding, so that data may come in
    parts (``Moments.of(x1, y1) + Moments.of(x2, y2)``) or lie in files that are not in memory
    (``Moments.of(numpy.load(path, mmap_mode="r"))``). The sums are taken in coordinates of about unit spread, those of
    the first samples, in which nothing cancels.

    Args:
        values: Samples ``(v_1 … v_V, scalars)``.
        num_vectors: V.
        n: Components of a vector.
        degree: Of the polynomials for which they are needed, two or more.

    Shapes:
        - **values**: :math:`(S, V n + F)`

    Raises:
        CannotTell: If there are too many coordinates.
        ValueError: If moments of different kinds of samples are added.

    Example:
        >>> import torch
        >>> x = torch.randn(3000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        >>> whole, parts = Moments.of(x), Moments.of(x[:1000]) + Moments.of(x[1000:])
        >>> bool(torch.allclose(whole.covariance, parts.covariance))
        True
    """

    def __init__(self, values: Tensor, num_vectors: int, n: int, degree: int = 2) -> None:
        self.num_vectors, self.n = num_vectors, n
        covariance = torch.cov(values.mT, correction=0).view(values.size(1), values.size(1))
        self.frame = frame_of(values.mean(0), covariance, num_vectors, n, degree)
        self.total = products(values, lambda part: self.frame.monomials(self.frame.coordinates(part)))

    @classmethod
    def of(cls, x: Any, y: Any = None, *, output: OutputKind = "auto", degree: int = 2) -> Moments:
        """Of what a user gives, read as in `find_symmetry`, a part at a time.

        Args:
            x: Vectors ``[S, n]`` or ``[S, v, n]``.
            y: Vectors of the same n, invariant numbers, or None. Labels take no part.
            output: What y is, where its dtype and shape do not tell.
            degree: Of the polynomials for which they are needed.

        Raises:
            TypeError: If x or y is not numeric.
            ValueError: On wrong shapes, NaN, or too few samples.
        """
        if y is not None and len(y) != len(x):
            raise ValueError(f"y must have one row per sample of x ({len(x)}), got {len(y)}")
        parts = max(1, min(len(x) // MIN_SAMPLES, -(-len(x) // _READ)))
        edges = [len(x) * part // parts for part in range(parts + 1)]
        result: Moments | None = None
        for start, stop in itertools.pairwise(edges):
            rows = slice(start, stop)
            samples = Samples.of(x[rows], None if y is None else y[rows], output=output, dtype=torch.float64)
            values = torch.cat([samples.vectors.flatten(1) * samples.scale, samples.scalars], 1)
            part = cls(values, samples.vectors.size(1), samples.vectors.size(2), degree)
            result = part if result is None else result + part
        assert result is not None
        return result

    @property
    def degree(self) -> int:
        """Of the polynomials for which they are enough."""
        return self.frame.degree

    @property
    def num_moved(self) -> int:
        """How many coordinates are components of vectors."""
        return self.num_vectors * self.n

    @property
    def count(self) -> int:
        """Number of samples."""
        return round(float(self.total[0, 0]))

    @property
    def mean(self) -> Tensor:
        """``[D]``."""
        mean: Tensor = self.frame.center + self.frame.matrix @ (
            self.total[0, 1 : 1 + self.frame.size] / self.total[0, 0]
        )
        return mean

    @property
    def covariance(self) -> Tensor:
        """``[D, D]``."""
        d = self.frame.size
        first, second = (self.total[a, 1 : 1 + d] / self.total[0, 0] for a in (0, slice(1, 1 + d)))
        covariance: Tensor = self.frame.matrix @ (second - first[:, None] * first) @ self.frame.matrix.mT
        return covariance

    def noise(self) -> float:
        """Standard deviation of noise on every component of the vectors, as far as second moments tell.

        Where the vectors without noise lie on a plane of fewer dimensions, such as that of a centre of mass at rest,
        the smallest variances of all are those of the noise, and equal up to chance: their ratios stay within the edges
        of Marchenko and Pastur (1967).

        Raises:
            CannotTell: If fewer than three variances are equal, or all are.

        Example:
            >>> import torch
            >>> x = torch.randn(4000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
            >>> line = x.repeat(1, 5) + 0.1 * torch.randn(4000, 5, generator=torch.Generator().manual_seed(1))
            >>> round(Moments.of(line).noise(), 2)
            0.1
        """
        moved = slice(self.num_moved)
        values = torch.linalg.eigvalsh(self.covariance[moved, moved]).clamp(min=0)
        smallest, count = float(values[0]), torch.arange(1, len(values) + 1, dtype=values.dtype)
        if smallest <= FLAT * float(values[-1]):
            return 0.0
        ratio = (count / self.count).sqrt().clamp(max=0.5)
        equal = int((values <= _EQUAL * ((1 + ratio) / (1 - ratio)) ** 2 * smallest).sum())
        if not _FEWEST <= equal < len(values):
            raise CannotTell(
                f"the noise cannot be estimated: {equal} of {len(values)} variances are equal, where vectors on a "
                f"plane of fewer dimensions would leave {_FEWEST} or more, but not all, to the noise; give its size"
            )
        return math.sqrt(float(values[:equal].mean()))

    def lift(self, covariance: Tensor, flat: float) -> QuadraticLift:
        """Features of mean zero in coordinates in which a covariance, such as that without noise, is the identity."""
        lift = polynomial_lift(self.degree, self.mean, covariance, self.num_moved, flat=flat)
        lift.balance(lift.features_of(self.frame) @ self.total[:, 0] / self.total[0, 0])
        return lift

    def features(self, lift: QuadraticLift) -> Tensor:
        """Mean products of the features of a lift, ``[M, M]``."""
        features = lift.features_of(self.frame)
        products: Tensor = features @ (self.total / self.total[0, 0]) @ features.mT
        return products

    def single(self) -> Moments:
        """Of all vectors by themselves, whichever place in a sample they have."""
        parts = [slice(start, start + self.n) for start in range(0, self.num_moved, self.n)]
        means = torch.stack([self.mean[part] for part in parts])
        within = torch.stack([self.covariance[part, part] for part in parts]).mean(0)
        within = within + torch.cov(means.mT, correction=0).view(self.n, self.n)
        frame = polynomial_lift(self.degree, means.mean(0), within, self.n)
        maps = [frame.monomials_of(self.frame, part) for part in parts]
        total = torch.stack([monomials @ self.total @ monomials.mT for monomials in maps]).sum(0)
        return Moments.summed(total, 1, self.n, frame)

    @classmethod
    def summed(cls, total: Tensor, num_vectors: int, n: int, frame: QuadraticLift) -> Moments:
        """Of samples whose monomials in the coordinates of a frame have the products ``[M, M]``, added up."""
        result = object.__new__(cls)
        result.num_vectors, result.n, result.frame, result.total = num_vectors, n, frame, total
        return result

    def __add__(self, other: Moments) -> Moments:
        """Of the samples of both."""
        if self.degree != other.degree:
            raise ValueError(f"moments for degree {self.degree} cannot be added to those for degree {other.degree}")
        if (self.num_vectors, self.n, len(self.frame.center)) != (other.num_vectors, other.n, len(other.frame.center)):
            raise ValueError(
                f"moments of {self.num_vectors} vectors of {self.n} components and {len(self.frame.center)} numbers in "
                f"all cannot be added to those of {other.num_vectors}, {other.n} and {len(other.frame.center)}"
            )
        monomials = self.frame.monomials_of(other.frame)
        total = self.total + monomials @ other.total @ monomials.mT
        return Moments.summed(total, self.num_vectors, self.n, self.frame)

    def __repr__(self) -> str:
        numbers = len(self.frame.center) - self.num_moved
        return f"Moments({self.count} samples of {self.num_vectors} vectors [{self.n}] and {numbers} numbers)"
