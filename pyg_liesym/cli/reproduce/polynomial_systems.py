"""Ten polynomial systems x' = F(x) with known symmetries, and the exact defect of a generator."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.known_symmetries import affine

_RANDOM = 1000
_ZERO = 1e-5
"""Largest defect of an exact symmetry, by rounding; all others of the ten systems are above 0.1."""


@dataclass(frozen=True)
class PolynomialSystem:
    r"""A vector field F on a box, and the affine fields :math:`\xi(x) = S x + b` that may commute with it.

    The relative defect of Kendiukhov (SymCert, 2026, definition 1), over the uniform measure of the box:
    :math:`\|DF\,\xi - D\xi\,F\| / (\|DF\,\xi\|^2 + \|D\xi\,F\|^2)^{1/2}`. Its integrals are of polynomials, and
    exact on a Gauss–Legendre grid.

    Args:
        field: F, ``[S, n]`` → ``[S, n]``.
        n: Number of coordinates.
        degree: Of the polynomials.
        half: Half the width of the box about zero.
    """

    field: Callable[[Tensor], Tensor]
    n: int
    degree: int
    half: float = 1.0

    def draw(self, count: int, noise: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """States, uniform in the box, and F there, with normal noise relative to the root mean square of F."""
        x = self.half * (2 * torch.rand(count, self.n, generator=generator, dtype=torch.float64) - 1)
        points, weights = self._grid
        size = float((weights @ self.field(points).square().sum(1)).sqrt())
        return x, self.field(x) + noise * size * torch.randn(x.shape, generator=generator, dtype=x.dtype)

    @cached_property
    def exponents(self) -> Tensor:
        """``[m, n]``: of all monomials."""
        powers = itertools.product(range(self.degree + 1), repeat=self.n)
        return torch.tensor([power for power in powers if sum(power) <= self.degree])

    def monomials(self, x: Tensor) -> Tensor:
        """``[S, m]``."""
        return (x[:, None] ** self.exponents).prod(-1)

    @cached_property
    def _grid(self) -> tuple[Tensor, Tensor]:
        """Points and weights of the box, exact for twice the degree of a bracket."""
        nodes, weights = np.polynomial.legendre.leggauss(self.degree + 1)
        points = torch.tensor(list(itertools.product(nodes, repeat=self.n)), dtype=torch.float64)
        return self.half * points, torch.tensor(list(itertools.product(weights / 2, repeat=self.n))).prod(1).double()

    @cached_property
    def terms(self) -> tuple[Tensor, Tensor]:
        r"""The maps from coefficients :math:`\beta` of F to :math:`DF\,\xi_p` and :math:`D\xi_p\,F`.

        Shapes:
            - each :math:`(P, R, n m)`, the norm of an image being the norm over the box
        """
        points, weights = self._grid
        generators = affine(self.n).basis[:, : self.n]
        moved = torch.cat([points, torch.ones_like(points[:, :1])], 1) @ generators.mT
        slopes = self._slopes(points)
        along = torch.einsum("qmj,pqj->pqm", slopes, moved) * weights.sqrt()[:, None]
        here = self.monomials(points) * weights.sqrt()[:, None]
        eye = torch.eye(self.n, dtype=points.dtype)
        first = torch.einsum("pqm,ij->pqijm", along, eye)
        second = torch.einsum("qm,pij->pqijm", here, generators[..., : self.n])
        shape = (len(generators), len(points) * self.n, -1)
        return first.reshape(shape), second.reshape(shape)

    def _slopes(self, x: Tensor) -> Tensor:
        """Derivatives of the monomials, ``[S, m, n]``."""
        columns = []
        for axis in range(self.n):
            lower = self.exponents.clone()
            lower[:, axis] = (lower[:, axis] - 1).clamp(min=0)
            columns.append(self.exponents[:, axis] * (x[:, None] ** lower).prod(-1))
        return torch.stack(columns, 2)

    @cached_property
    def coefficients(self) -> Tensor:
        r"""The :math:`\beta` of F itself, ``[n m]``."""
        points, _ = self._grid
        solved: Tensor = torch.linalg.lstsq(self.monomials(points), self.field(points)).solution
        return solved.mT.flatten()

    def pencil(self, coefficients: Tensor) -> tuple[Tensor, Tensor]:
        """The two quadratic forms whose ratio is the squared defect, ``[P, P]`` each."""
        first, second = (term @ coefficients for term in self.terms)
        apart = first - second
        return apart @ apart.mT, first @ first.mT + second @ second.mT

    def spectrum(self, coefficients: Tensor) -> tuple[Tensor, Tensor]:
        """All stationary defects, ascending, and their generators, the columns of ``[P, P]``."""
        numerator, denominator = self.pencil(coefficients)
        root = torch.linalg.cholesky(denominator)
        half = torch.linalg.solve_triangular(root, numerator, upper=False)
        values, axes = torch.linalg.eigh(torch.linalg.solve_triangular(root, half.mT, upper=False))
        return values.clamp(min=0).sqrt(), torch.linalg.solve_triangular(root.mT, axes, upper=True)

    def defect(self, generators: Tensor) -> float:
        """The largest true defect in the span of generators, the columns of ``[P, K]``; 0 of none."""
        if generators.size(1) == 0:
            return 0.0
        numerator, denominator = (generators.mT @ form @ generators for form in self.pencil(self.coefficients))
        return float(torch.linalg.eigvals(torch.linalg.solve(denominator, numerator)).real.max().clamp(min=0).sqrt())

    def breaking(self, generators: Tensor) -> float:
        r"""The largest :math:`\|DF\,\xi - D\xi\,F\|` in the span, over the median of random affine fields.

        Fields are as large as they move the points of the box: what a certificate's breaking is for small
        displacements.
        """
        if generators.size(1) == 0:
            return 0.0
        points, weights = self._grid
        matrices = affine(self.n).basis[:, : self.n]
        moved = torch.cat([points, torch.ones_like(points[:, :1])], 1) @ matrices.mT
        sizes = torch.einsum("pqi,rqi,q->pr", moved, moved, weights)
        numerator, _ = self.pencil(self.coefficients)
        draws = torch.randn(len(sizes), _RANDOM, generator=torch.Generator().manual_seed(0), dtype=sizes.dtype)
        random = torch.linalg.solve_triangular(torch.linalg.cholesky(sizes).mT, draws, upper=True)
        usual = ((random * (numerator @ random)).sum(0) / draws.square().sum(0)).median()
        own, size = (generators.mT @ form @ generators for form in (numerator, sizes))
        return float((torch.linalg.eigvals(torch.linalg.solve(size, own)).real.max().clamp(min=0) / usual).sqrt())

    @cached_property
    def dim(self) -> int:
        """Dimension of the symmetry."""
        return int((self.spectrum(self.coefficients)[0] < _ZERO).sum())


def _radial_flow(x: Tensor) -> Tensor:
    return x * (1 - x.square().sum(1, keepdim=True))


def _turned(x: Tensor) -> Tensor:
    return torch.stack([-x[:, 1], x[:, 0]], 1)


def _van_der_pol(z: Tensor) -> Tensor:
    x, y = z.unbind(1)
    return torch.stack([y, -x + (1 - x**2) * y], 1)


def _duffing(z: Tensor) -> Tensor:
    x, y = z.unbind(1)
    return torch.stack([y, x - x**3 - y / 5], 1)


def _lotka_volterra(z: Tensor) -> Tensor:
    x, y = z.unbind(1)
    return torch.stack([x - x * y, -y + x * y], 1)


def _selkov(z: Tensor) -> Tensor:
    x, y = z.unbind(1)
    return torch.stack([0.1 - x + y / 2 + x**2 * y, -y / 2 - x**2 * y], 1)


def _lorenz(z: Tensor) -> Tensor:
    x, y, w = z.unbind(1)
    return torch.stack([10 * (y - x), x * (28 - w) - y, x * y - 8 / 3 * w], 1)


def _rigid_body(a: float, b: float, c: float) -> Callable[[Tensor], Tensor]:
    """Euler's equations with three moments of inertia."""

    def field(w: Tensor) -> Tensor:
        x, y, z = w.unbind(1)
        return torch.stack([(b - c) / a * y * z, (c - a) / b * z * x, (a - b) / c * x * y], 1)

    return field


SYSTEMS: dict[str, PolynomialSystem] = {
    "Hopf": PolynomialSystem(lambda x: _radial_flow(x) + _turned(x), 2, 3),
    "linear rotation": PolynomialSystem(_turned, 2, 1),
    "symmetric top": PolynomialSystem(_rigid_body(1, 1, 2), 3, 2),
    "flow onto a sphere": PolynomialSystem(_radial_flow, 3, 3),
    "Van der Pol": PolynomialSystem(_van_der_pol, 2, 3),
    "Duffing": PolynomialSystem(_duffing, 2, 3, 2.0),
    "Lotka–Volterra": PolynomialSystem(_lotka_volterra, 2, 2),
    "Sel'kov": PolynomialSystem(_selkov, 2, 3, 2.0),
    "asymmetric top": PolynomialSystem(_rigid_body(1, 2, 3), 3, 2),
    "Lorenz": PolynomialSystem(_lorenz, 3, 2, 20.0),
}
"""Name → system: four with a symmetry among the affine fields, six without."""
