"""The quadrics on which data lie, and the linear maps that keep them, from moments alone."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.directions import by_ladder, keeping_plane, moving_directions
from pyg_liesym.discovery.evidence.lift import FLAT
from pyg_liesym.discovery.evidence.moments import CannotTell, Moments
from pyg_liesym.discovery.samples import Noise
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.invariant import InvariantMetric
from pyg_liesym.typing import OptTensor

_THIN, _ROUGH = 0.05, 0.5
"""Largest eigenvalue of a relation (data within 22 % of the spread that normal data would have), and of what counts
a little besides, which decides where noise has left few relations."""
_ROUNDING = 1e-14
_UNCERTAIN = 20.0
"""Standard errors of what is left of a variance without the noise, up to which nothing is left."""
_ONE = 0.99
"""Share of all blocks of the relations from which on they are multiples of one form."""
_WORK = 10**11
"""Multiplications that the ladder may take: seconds."""


class Relations:
    r"""Polynomials, of degree two or of that of the moments, that vanish on the data, and how well maps keep them.

    An eigenvalue :math:`\lambda_k = E[\psi_k^2]` of the moments of the features (`QuadraticLift`) far below one, that
    of normal data, is a relation :math:`\psi_k = 0`: a mass shell, a conserved product, :math:`y = f(x)` of degree two.
    A map L keeps them where :math:`\nabla\psi_k \cdot L w` vanishes on the data as well as :math:`\psi_k` does, so that
    it is a sum of such :math:`\psi_j` as are at least as thin; with the coefficients :math:`c_{kj}` of that sum the
    squared defect of L is the quadratic form

    .. math:: \sum_k (1/\lambda_k - 1) \sum_j c_{kj}^2 \max(\lambda_j - \lambda_k, 0) .

    Exact linear relations are left out of the polynomials: maps that do not keep them keep nothing else either.

    Args:
        moments: Of the data.
        noise: Standard deviation of independent noise on every component of the vectors, in their unit, or
            ``"estimate"`` (`Moments.noise`). It is removed from the moments; what is left of a variance counts as
            nothing where it is less than its own uncertainty.

    Attributes:
        lift: The features.
        polynomials: Of all polynomials up to rough ones, by their features, thinnest first, ``[k, M]``.
        noise: Its standard deviation, estimated if that was asked for.
        thickness: What is left of their mean squares, at least rounding and the uncertainty of the noise, ``[k]``.
        spread: Their mean squares with the noise, ``[k]``.
        flatness: Those of the exact linear relations (``lift.flat``).

    Raises:
        CannotTell: If there are fewer samples than features, or the noise cannot be estimated.
        ValueError: If the noise is negative or larger than the data, or is to be removed from a higher degree.

    Example:
        >>> angle = 6.283 * torch.rand(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        >>> circle = Relations(Moments.of(torch.stack([angle.cos(), 2 * angle.sin()], 1)))
        >>> circle.algebra(dim=1).identify()[0].name
        'so(2)'
    """

    def __init__(self, moments: Moments, noise: Noise = 0.0) -> None:
        if noise == "estimate":
            noise = moments.noise()
        if not 0 <= noise < math.inf:
            raise ValueError(f"noise must be a standard deviation, zero or more, or 'estimate'; got {noise}")
        if noise and moments.degree > 2:
            raise ValueError(
                f"noise is removed from polynomials of degree two, not {moments.degree}: leave it out or ask for two"
            )
        self.moments, self.noise = moments, noise
        size = len(moments.mean)
        added = moments.mean.new_zeros(size)
        added[: moments.num_moved] = noise**2
        covariance = moments.covariance - added.diag()
        if float(covariance[: moments.num_moved, : moments.num_moved].trace()) <= 0:
            raise ValueError("the noise is as large as the vectors: give its standard deviation, in their unit")
        self.uncertain = _UNCERTAIN * noise**2 * math.sqrt(2 / moments.count)
        self.second = covariance + moments.mean[:, None] * moments.mean
        widest = float(torch.linalg.eigvalsh(covariance)[-1])
        self.tol = max(FLAT, self.uncertain / widest)
        self.lift = moments.lift(covariance, self.tol)
        flat = self.lift.flat
        self.flatness = (flat @ moments.covariance * flat).sum(1).clamp(min=_ROUNDING)
        if moments.count < self.lift.num_features:
            raise CannotTell(
                f"{self.lift.num_features} monomials need at least as many samples, and there are {moments.count}"
            )
        products = measured = moments.features(self.lift)
        floor = _ROUNDING
        if noise:
            inside = self.lift.inverse * added @ self.lift.inverse.mT
            products = products - self.lift.noise(inside, self.lift.variances.diag())
            floor = max(floor, float(inside.diagonal().max()) / math.sqrt(moments.count))
        eigenvalues, polynomials = torch.linalg.eigh(products)
        self.basis, self.eigenvalues = polynomials, eigenvalues
        floored = eigenvalues.clamp(min=max(floor, _ROUNDING * float(eigenvalues[-1])))
        thin = floored < max(_ROUGH, 1.5 * floor)
        self.polynomials, self.thickness = polynomials.mT[thin], floored[thin]
        self.spread = (self.polynomials @ measured * self.polynomials).sum(1).maximum(self.thickness)
        self.num_thin = int((floored < max(_THIN, 1.5 * floor)).sum())
        self.next = float(floored[self.num_thin]) if self.num_thin < len(floored) else 1.0

    @property
    def num_exact(self) -> int:
        """How many relations lie before the widest gap (of ratios) in their thickness."""
        if self.num_thin == 0:
            return 0
        thickness = self.thickness[: self.num_thin]
        upper = torch.cat([thickness[1:], thickness.new_tensor([self.next])])
        return int((upper / thickness).argmax()) + 1

    def directions(self, span: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The directions of a span that keep the data's plane, best first, the others, and the ladder of both.

        Shapes:
            - **span**: :math:`(P, n, n)`; **output**: :math:`(R, n, n)`, :math:`(R', n, n)` and :math:`(R + R')`
        """
        n, moved = self.moments.n, self.moments.num_moved
        within = self.second[:moved, :moved]
        blocks = within.unflatten(0, (-1, n)).unflatten(2, (-1, n))
        single = blocks.diagonal(dim1=0, dim2=2).mean(-1)
        unmoved = max(FLAT, self.uncertain / float(single.trace()))
        directions = moving_directions(span, single, unmoved)
        kept, left = keeping_plane(directions, self.lift.flat[:, :moved], within, self.tol)
        ladder, kept = by_ladder(kept, self._gram(kept))
        above = max(float(ladder[-1]) if len(ladder) else 0.0, 1.0) / _ROUNDING
        return kept, left, torch.cat([ladder, ladder.new_full((len(left),), above)])

    def _gram(self, directions: Tensor) -> Tensor:
        """The ladder's quadratic form of the coefficients of directions; of the thinnest relations if all are many."""
        action = self.acting(directions)
        gram = directions.new_zeros(len(directions), len(directions))
        if len(directions) == 0:
            return gram
        count = max(1, min(len(self.thickness), _WORK // (len(directions) * self.lift.num_features**2)))
        for polynomial, thickness in zip(self.polynomials[:count], self.thickness[:count], strict=True):
            moved = self.lift.moved(polynomial[None], action)[0]
            worse = (self.eigenvalues - thickness).clamp(min=0).sqrt()
            sizes = torch.cat([moved[:, :1], moved[:, 1:] @ self.basis * worse], 1)
            gram += sizes @ sizes.mT * (1 / thickness - 1).clamp(min=0)
        return gram / count

    def acting(self, matrices: Tensor) -> Tensor:
        """Matrices as they act on whole samples, ``[P, D, D]``."""
        size, n = len(self.lift.center), self.moments.n
        action = matrices.new_zeros(len(matrices), size, size)
        for start in range(0, self.moments.num_moved, n):
            action[:, start : start + n, start : start + n] = matrices
        return action

    def form(self) -> OptTensor:
        """The one bilinear form of two vectors that the relations before the widest gap consist of, if there is one.

        The quadratic part of a relation has a block of n × n for each pair of vectors. Where all are multiples of one
        matrix, symmetric (a metric) or antisymmetric (a symplectic form), that is what is conserved, and no generators
        were needed to find it: they must keep it too. None where data lie on a plane, on which it would not be unique,
        and of polynomials of a higher degree.

        Shapes:
            - **output**: :math:`(n, n)`, of norm 1
        """
        n, moved = self.moments.n, self.moments.num_moved
        if self.num_exact == 0 or len(self.lift.flat) or self.lift.degree > 2:
            return None
        inside = self.lift.hessians(self.polynomials[: self.num_exact])
        whole = (self.lift.inverse.mT @ inside @ self.lift.inverse)[:, :moved, :moved]
        blocks = whole.unflatten(1, (-1, n)).unflatten(3, (-1, n)).transpose(2, 3)
        rows, cols = torch.triu_indices(moved // n, moved // n)
        flat = blocks[:, rows, cols].flatten(0, 1).flatten(1)
        _, values, forms = torch.linalg.svd(flat, full_matrices=False)
        form = forms[0].view(n, n)
        skew = float((form - form.mT).norm()) / 2
        if float(values[0]) ** 2 < _ONE * float(values.square().sum()) or 1 - _ONE < skew**2 < _ONE:
            return None
        one: Tensor = (form + form.mT) / 2 if skew < 0.5 else (form - form.mT) / 2
        return one

    def metric(self) -> InvariantMetric:
        """J of single vectors: the one quadric on which they lie.

        Raises:
            ValueError: If samples have several vectors or numbers, or lie on none or several quadrics.

        Example:
            >>> p = torch.randn(500, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
            >>> massless = torch.cat([p.norm(dim=1, keepdim=True), p], 1)
            >>> Relations(Moments.of(massless)).metric().signature
            (1, 3, 0)
        """
        if len(self.lift.center) != self.moments.n:
            raise ValueError("a metric is read off the quadric of single vectors: use Moments.single()")
        form = self.form()
        if self.num_exact != 1 or form is None:
            raise ValueError(f"vectors of one metric lie on one quadric, and these lie on {self.num_exact}")
        return LieAlgebra.preserving(form).invariant_metric()

    def algebra(self, dim: int, among: LieAlgebra | None = None) -> LieAlgebra:
        """The matrices that keep the relations best: a candidate, which samples kept aside may `certify`.

        Args:
            dim: How many.
            among: The matrices to look among; all of gl(n) if not given.

        Raises:
            ValueError: If the data lie on no quadric, or fewer directions than ``dim`` move them and keep their plane.
        """
        if self.num_thin == 0:
            raise ValueError("the data lie on no quadric: every place is allowed, so nothing is kept there")
        among = LieAlgebra.general_linear(self.moments.n) if among is None else among
        kept, _, _ = self.directions(among.basis.double())
        if not 0 < dim <= len(kept):
            raise ValueError(f"dim must lie between 1 and {len(kept)}, the directions that there are; got {dim}")
        return LieAlgebra(kept[:dim])
