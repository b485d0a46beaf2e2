r"""Polynomials of degree two in coordinates of unit spread, in which Gaussian data obey no relation.

With :math:`u = A^{-1}(w - \mu)`, each axis scaled by :math:`(e + \delta)^{-1/2}` of its variance e, the features are
:math:`u_a`, :math:`u_a u_b` and :math:`(u_a^2 - v_a) / \sqrt 2` with :math:`v_a = E[u_a^2]`. If u is normal with unit
spread they are orthonormal, so that an eigenvalue of their covariance near zero is a *relation*: a quadric on which the
data lie, though normal data of their spread would not. The floor :math:`\delta` keeps directions in which the data
hardly spread from being blown up; those in which they do not spread at all are left out, since the product of such a
direction with anything would be a relation that says nothing new.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

FLAT = 1e-10
"""Variance, relative to the widest axis, up to which data do not spread along an axis."""
_FLOOR = 0.05
"""Spread below which an axis is not scaled to one, relative to the widest axis."""
_TINY = 1e-300


def monomials(columns: Tensor, degree: int) -> list[Tensor]:
    r"""Products of up to so many of some rows, each degree by itself, ordered by the first factor, then the second.

    Shapes:
        - **columns**: :math:`(d, S)`; **output**: of degree m, :math:`(\binom{d + m - 1}{m}, S)`

    Example:
        >>> [block.tolist() for block in monomials(torch.tensor([[2.0], [3.0]]), 2)]
        [[[2.0], [3.0]], [[4.0], [6.0], [9.0]]]
    """
    blocks = [columns]
    for less in range(1, degree):
        # What begins with a factor goes on with the products of one degree less that do not begin before it.
        numbers = [math.comb(len(columns) - first + less - 1, less) for first in range(len(columns))]
        parts = [column * blocks[-1][-number:] for column, number in zip(columns, numbers, strict=True)]
        blocks.append(torch.cat(parts))
    return blocks


def one_and_monomials(u: Tensor, degree: int) -> Tensor:
    r"""One and all products of up to so many coordinates, in the order of every lift of that degree.

    Shapes:
        - **u**: :math:`(S, d)`; **output**: :math:`(S, \binom{d + m}{m})` for the degree m

    Example:
        >>> one_and_monomials(torch.tensor([[2.0, 3.0]]), 2).tolist()
        [[1.0, 2.0, 3.0, 4.0, 6.0, 9.0]]
    """
    columns = u.mT.contiguous()
    return torch.cat([torch.ones_like(columns[:1]), *monomials(columns, degree)]).mT


class QuadraticLift:
    r"""The coordinates u of data and the features of degree one and two in them.

    Args:
        mean: Of the data.
        covariance: Of the data.
        num_vector: How many of the coordinates are components of vectors, which share one unit; the others have their
            own.
        flat: Variance, relative to the widest axis, up to which data do not spread along an axis; None to keep all.

    Attributes:
        center: μ, ``[D]``.
        matrix: A, ``[D, d]``.
        inverse: A⁻¹, ``[d, D]``; where axes are left out, on the plane that holds the data.
        variances: v, ``[d]``.
        flat: Rows a with :math:`a \cdot (w - \mu) = 0` on the data, ``[D - d, D]``.

    Shapes:
        - **mean**: :math:`(D)`; **covariance**: :math:`(D, D)`
    """

    degree = 2

    def __init__(self, mean: Tensor, covariance: Tensor, num_vector: int, flat: float | None = None) -> None:
        self.center = mean
        unit = covariance.diagonal().clamp(min=0)
        unit[:num_vector] = unit[:num_vector].mean()
        unit = torch.where(unit > 0, unit, 1.0).sqrt()
        spread, axes = torch.linalg.eigh(covariance / unit / unit[:, None])
        spread = spread.clamp(min=0)
        widest = max(float(spread[-1]), _TINY)
        thick = spread > (-1.0 if flat is None else flat * widest)
        self.flat = axes[:, ~thick].mT / unit / (_FLOOR * math.sqrt(widest))
        spread, axes = spread[thick], axes[:, thick]
        size = (spread + _FLOOR**2 * widest).sqrt()
        self.matrix = unit[:, None] * axes * size
        self.inverse = (axes / size).mT / unit
        self.variances = spread / size.square()
        self.rows, self.cols = torch.triu_indices(self.size, self.size)
        self.on_diagonal = self.rows == self.cols

    @property
    def size(self) -> int:
        """Number of coordinates d."""
        return len(self.inverse)

    @property
    def num_features(self) -> int:
        """Number of features, :math:`d + d (d + 1) / 2`."""
        return self.size + len(self.rows)

    def coordinates(self, values: Tensor) -> Tensor:
        """u, ``[S, d]``."""
        u: Tensor = (values - self.center) @ self.inverse.mT
        return u

    def monomials(self, u: Tensor) -> Tensor:
        """One, u and its products, ``[S, 1 + num_features]``."""
        return torch.cat([u.new_ones(len(u), 1), u, u[:, self.rows] * u[:, self.cols]], 1)

    def features(self, u: Tensor) -> Tensor:
        """Features of coordinates, ``[S, num_features]``."""
        squares = u[:, self.rows] * u[:, self.cols]
        squares = torch.where(self.on_diagonal, (squares - self.variances[self.rows]) / math.sqrt(2), squares)
        return torch.cat([u, squares], 1)

    def balance(self, means: Tensor) -> None:
        """Take the means of the features ``[M]`` off them; of degree two they are zero by themselves."""

    def values(self, polynomials: Tensor, u: Tensor) -> Tensor:
        """Values of polynomials, given by their features ``[k, M]``, at coordinates, ``[S, k]``."""
        return self.features(u) @ polynomials.mT

    def monomials_of(self, other: QuadraticLift, part: slice = slice(None)) -> Tensor:
        """The monomials by those in another's coordinates, ``[1 + num_features, 1 + other.num_features]``.

        Args:
            other: The other; of the same data, or of such of which these are a part.
            part: Which of its data these are.
        """
        turn = self.inverse @ other.matrix[part]
        shift = self.inverse @ (other.center[part] - self.center)
        left, right, a, b = turn[self.rows], turn[self.cols], other.rows, other.cols
        one = turn.new_zeros(1, 1 + other.num_features)
        one[0, 0] = 1
        linear = torch.cat([shift[:, None], turn, turn.new_zeros(self.size, len(a))], 1)
        first = shift[self.rows, None] * right + shift[self.cols, None] * left
        second = left[:, a] * right[:, b] + torch.where(other.on_diagonal, 0.0, left[:, b] * right[:, a])
        constant = shift[self.rows, None] * shift[self.cols, None]
        return torch.cat([one, linear, torch.cat([constant, first, second], 1)])

    def features_of(self, other: QuadraticLift) -> Tensor:
        """The features by the monomials in another's coordinates, ``[num_features, 1 + other.num_features]``."""
        features = self.monomials_of(other)[1:]
        squares = torch.nonzero(self.on_diagonal).flatten() + self.size
        features[squares, 0] -= self.variances
        features[squares] /= math.sqrt(2)
        return features

    def noise(self, covariance: Tensor, second: Tensor) -> Tensor:
        r"""What noise adds to the mean products of the features of centred data.

        For noise N and moments without it, :math:`E[u_a u_b u_c u_d]` grows by
        :math:`\sum_6 N_{ab} E[u_c u_d] + \sum_3 N_{ab} N_{cd}` and :math:`E[u_a u_b]` by :math:`N_{ab}` (the adjusted
        least squares of Kukush, Markovsky and Van Huffel, Comput. Stat. Data Anal. 47 (2004) 123).

        Args:
            covariance: N, of the coordinates.
            second: Their second moments without noise.

        Shapes:
            - **covariance**, **second**: :math:`(d, d)`; **output**: those of the moments, :math:`(M, M)`
        """
        both = second + covariance / 2
        i, j, d = self.rows, self.cols, self.size

        def three(x: Tensor, y: Tensor) -> Tensor:
            pair: Tensor = x[i, j][:, None] * y[i, j]
            return pair + x[i][:, i] * y[j][:, j] + x[i][:, j] * y[j][:, i]

        products = three(covariance, both) + three(both, covariance)
        offset = torch.where(self.on_diagonal, self.variances[i], 0.0)
        shift = offset[:, None] * covariance[i, j]
        products = products - shift - shift.mT
        scale = torch.where(self.on_diagonal, 1 / math.sqrt(2), 1.0).to(products)
        added = covariance.new_zeros(self.num_features, self.num_features)
        added[:d, :d], added[d:, d:] = covariance, products * scale * scale[:, None]
        return added

    def moved(self, coefficients: Tensor, action: Tensor) -> Tensor:
        r"""What an infinitesimal linear map makes of polynomials, :math:`\nabla\psi \cdot L w` in the features and one.

        Args:
            coefficients: Polynomials by their features.
            action: The map on the data, which keeps the plane that holds them.

        Shapes:
            - **coefficients**: :math:`(k, M)`; **action**: :math:`(P, D, D)`; **output**: :math:`(k, P, 1 + M)`,
              the constant first
        """
        d = self.size
        shift = action @ self.center @ self.inverse.mT
        turn = self.inverse @ action @ self.matrix
        linear, symmetric = coefficients[:, :d], self.hessians(coefficients)
        quadratic = symmetric[:, None] @ turn
        quadratic = (quadratic + quadratic.mT) / 2
        constant = linear @ shift.mT + (quadratic.diagonal(dim1=-2, dim2=-1) * self.variances).sum(-1)
        first = torch.einsum("kr,prs->kps", linear, turn) + torch.einsum("krs,pr->kps", symmetric, shift)
        second = quadratic[..., self.rows, self.cols]
        second = torch.where(self.on_diagonal, second * math.sqrt(2), second * 2)
        return torch.cat([constant[..., None], first, second], -1)

    def hessians(self, coefficients: Tensor) -> Tensor:
        """The matrices S of the gradients S u of polynomials' quadratic parts, ``[k, d, d]``."""
        quadratic = coefficients[:, self.size :]
        matrices = quadratic.new_zeros(len(quadratic), self.size, self.size)
        matrices[:, self.rows, self.cols] = torch.where(self.on_diagonal, quadratic * math.sqrt(2), quadratic)
        upper = matrices.triu(1)
        return matrices + upper.mT
