r"""Polynomials of degree two in coordinates of unit spread, in which Gaussian data obey no relation.

With :math:`u = A^{-1}(w - \mu)`, each axis scaled by :math:`(e + \delta)^{-1/2}` of its variance e, the features are
:math:`u_a`, :math:`u_a u_b` and :math:`(u_a^2 - v_a) / \sqrt 2` with :math:`v_a = E[u_a^2]`. If u is normal with unit
spread they are orthonormal, so that an eigenvalue of their covariance near zero is a *relation*: a quadric on which the
data lie, though normal data of their spread would not. The floor :math:`\delta` keeps directions in which the data
hardly spread from being blown up; they then count as linear relations themselves.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_FLOOR = 0.05
"""Spread below which an axis is not scaled to one, relative to the widest axis."""
_ROWS = 1 << 15


class QuadraticLift:
    """The coordinates u of data and the features of degree one and two in them.

    Args:
        values: The data, vectors first.
        num_vector: How many of the columns are components of vectors, which share one unit; the others have their own.

    Attributes:
        center: μ, ``[d]``.
        matrix: A, ``[d, d]``.
        inverse: A⁻¹.
        variances: v, ``[d]``.

    Shapes:
        - **values**: :math:`(S, d)`
    """

    def __init__(self, values: Tensor, num_vector: int) -> None:
        self.center = values.mean(0)
        centred = values - self.center
        unit = centred.square().mean(0).sqrt()
        unit[:num_vector] = centred[:, :num_vector].square().mean().sqrt()
        unit = torch.where(unit > 0, unit, 1.0)
        scaled = centred / unit
        spread, axes = torch.linalg.eigh(scaled.mT @ scaled / len(scaled))
        spread = spread.clamp(min=0)
        size = (spread + _FLOOR**2 * spread[-1]).sqrt()
        self.matrix = unit[:, None] * axes * size
        self.inverse = (axes / size).mT / unit
        self.variances = spread / size.square()
        self.rows, self.cols = torch.triu_indices(len(unit), len(unit))
        self.on_diagonal = self.rows == self.cols

    @property
    def size(self) -> int:
        """Number of coordinates d."""
        return len(self.center)

    @property
    def num_features(self) -> int:
        """Number of features, :math:`d + d (d + 1) / 2`."""
        return self.size + len(self.rows)

    def coordinates(self, values: Tensor) -> Tensor:
        """u, ``[S, d]``."""
        u: Tensor = (values - self.center) @ self.inverse.mT
        return u

    def features(self, u: Tensor) -> Tensor:
        """Features of coordinates, ``[S, num_features]``."""
        squares = u[:, self.rows] * u[:, self.cols]
        squares = torch.where(self.on_diagonal, (squares - self.variances[self.rows]) / math.sqrt(2), squares)
        return torch.cat([u, squares], 1)

    def moments(self, values: Tensor) -> Tensor:
        """Mean products of the features, ``[num_features, num_features]``; those of shards add."""
        total = values.new_zeros(self.num_features, self.num_features)
        for part in values.split(_ROWS):
            features = self.features(self.coordinates(part))
            total += features.mT @ features
        return total / len(values)

    def moved(self, coefficients: Tensor, action: Tensor) -> Tensor:
        r"""What an infinitesimal linear map makes of polynomials, :math:`\nabla\psi \cdot L w` in the features and one.

        Args:
            coefficients: Polynomials by their features.
            action: The map on the data.

        Shapes:
            - **coefficients**: :math:`(k, M)`; **action**: :math:`(P, d, d)`; **output**: :math:`(k, P, 1 + M)`,
              the constant first
        """
        d = self.size
        shift = action @ self.center @ self.inverse.mT
        turn = self.inverse @ action @ self.matrix
        linear, symmetric = coefficients[:, :d], self._symmetric(coefficients[:, d:])
        quadratic = symmetric[:, None] @ turn
        quadratic = (quadratic + quadratic.mT) / 2
        constant = linear @ shift.mT + (quadratic.diagonal(dim1=-2, dim2=-1) * self.variances).sum(-1)
        first = torch.einsum("kr,prs->kps", linear, turn) + torch.einsum("krs,pr->kps", symmetric, shift)
        second = quadratic[..., self.rows, self.cols]
        second = torch.where(self.on_diagonal, second * math.sqrt(2), second * 2)
        return torch.cat([constant[..., None], first, second], -1)

    def _symmetric(self, quadratic: Tensor) -> Tensor:
        """The matrices S of the gradients S u of quadratic features."""
        matrices = quadratic.new_zeros(len(quadratic), self.size, self.size)
        matrices[:, self.rows, self.cols] = torch.where(self.on_diagonal, quadratic * math.sqrt(2), quadratic)
        upper = matrices.triu(1)
        return matrices + upper.mT
