"""Bilinear forms that a Lie algebra preserves, as values; `pyg_liesym.lie.solving` finds them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pyg_liesym.lie.metric import scaled


@dataclass(frozen=True, eq=False)
class InvariantForms:
    """All bilinear forms that an algebra preserves, symmetric and antisymmetric apart.

    Attributes:
        symmetric: Symmetric solutions ``[m, n, n]``, orthonormal, best first.
        antisymmetric: Antisymmetric solutions ``[k, n, n]``, orthonormal, best first.
        symmetric_singular_values: Residuals of all symmetric singular forms, ascending, float64.
        antisymmetric_singular_values: The same for the antisymmetric ones.
        tol: The residual up to which a form counted as preserved.
    """

    symmetric: Tensor
    antisymmetric: Tensor
    symmetric_singular_values: Tensor
    antisymmetric_singular_values: Tensor
    tol: float

    def __str__(self) -> str:
        return f"{len(self.symmetric)} symmetric and {len(self.antisymmetric)} antisymmetric invariant forms"


@dataclass(frozen=True, eq=False)
class InvariantMetric:
    """The symmetric forms that an algebra preserves, and one J to stand for them, on ``‖J‖_F = 1``.

    J *is* the metric only where `null_dim` is 1. `forms` are what a network may use without obeying more than was
    found.

    Attributes:
        J: The metric ``[n, n]``, symmetric, of Frobenius norm 1. **Sign**: an indefinite metric has fewer
            positive than negative eigenvalues, (+, −, −, −) in physics; a semi-definite one is non-negative;
            with as many of each, the first diagonal entry that is not small is positive (if none, the first
            such entry of a row).
        residual: ``(Σᵢ‖LᵢᵀJ + JLᵢ‖² / Σᵢ‖Lᵢ‖²)^½`` of this J: between 0 (preserved) and 2, free of units.
        null_dim: Number of independent symmetric forms that count as preserved. 1: J is determined; 0: the
            algebra preserves none and J is merely the best; 2 or more: J is one choice of many.
        signature: Numbers of positive, negative and zero eigenvalues of J.
        singular_values: The residuals of all singular forms, ascending, float64.
        solutions: ``[max(null_dim, 1), n, n]``: an orthonormal basis of everything that fits, best first.
    """

    J: Tensor
    residual: float
    null_dim: int
    signature: tuple[int, int, int]
    singular_values: Tensor
    solutions: Tensor

    @property
    def forms(self) -> Tensor:
        """Everything that is preserved: J alone as ``[1, n, n]``, or a basis ``[F, n, n]`` if there are several.

        A network given one of several forms is symmetric under more than the algebra: turns about one axis keep z²
        and x² + y² apart, and their sum alone is kept by all rotations.

        Raises:
            ValueError: If no form is preserved.

        Example:
            >>> from pyg_liesym.lie import LieAlgebra
            >>> about_z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
            >>> about_z.invariant_metric().forms.shape
            torch.Size([2, 3, 3])
        """
        if self.null_dim == 0:
            raise ValueError(
                f"the algebra preserves no metric: the best form has residual {self.residual:.2g}, of at most 2. "
                "Restrict the algebra to what you trust, for instance without its scaling, or give a metric as "
                "a tensor; `.J` is the best form, which does not make a network symmetric under the algebra"
            )
        return self.J[None] if self.null_dim == 1 else self.solutions

    def scaled(self) -> InvariantMetric:
        r"""The same metric at the norm of the identity, :math:`\|J\|_F = \sqrt n`, every one of its forms.

        The residual and the singular values do not depend on the norm.

        Example:
            >>> from pyg_liesym.lie import LieAlgebra
            >>> LieAlgebra.rotation(3).invariant_metric().scaled().J.diagonal().round(decimals=6).tolist()
            [1.0, 1.0, 1.0]
        """
        return replace(self, J=scaled(self.J), solutions=scaled(self.solutions))

    @property
    def error(self) -> float:
        """How far J may be from the form of an exact algebra nearby, relative to ‖J‖: the sine of an angle.

        The residual over the next singular value (Wedin, BIT 12, 99 (1972)): an estimate from how badly the matrices
        agree on a form, blind to what they have in common. 1 where several forms, or none, are kept.
        """
        if self.null_dim != 1:
            return 1.0
        others = self.singular_values[1:]
        return min(1.0, self.residual / float(others[0])) if len(others) else 0.0

    def in_coordinates(self, matrix: Tensor) -> InvariantMetric:
        """The same forms for vectors v, if these are for vectors ``W v``: ``J ↦ WᵀJW``, at norm 1.

        The signature does not change (Sylvester); the residual and the singular values stay those of ``W v``, in whose
        units they were judged.

        Args:
            matrix: W, ``[n, n]``, invertible.

        Example:
            >>> import torch
            >>> from pyg_liesym.lie import LieAlgebra
            >>> stretch = torch.diag(torch.tensor([1.0, 10.0], dtype=torch.float64))
            >>> metric = LieAlgebra.rotation(2).invariant_metric().in_coordinates(stretch)
            >>> [round(value) for value in (metric.J / metric.J[0, 0]).diagonal().tolist()]
            [1, 100]
        """
        w = matrix.to(self.J)
        J, solutions = w.mT @ self.J @ w, w.mT @ self.solutions @ w
        orthonormal, triangle = torch.linalg.qr(solutions.flatten(1).mT)
        signs = triangle.diagonal().sign()
        return replace(self, J=J / J.norm(), solutions=(signs * orthonormal).mT.reshape(solutions.shape))

    def cosine(self, other: Tensor | InvariantMetric) -> float:
        """Cosine between J and another form in the Frobenius inner product, signed.

        Args:
            other: A metric or a tensor ``[n, n]`` of any norm.

        Raises:
            ValueError: If the shape differs or the other form is zero.

        Example:
            >>> import torch
            >>> from pyg_liesym.lie import LieAlgebra, minkowski
            >>> round(LieAlgebra.lorentz().invariant_metric().cosine(minkowski()), 6)
            1.0
        """
        form = other.J if isinstance(other, InvariantMetric) else other
        if form.shape != self.J.shape:
            raise ValueError(f"expected a form of shape {list(self.J.shape)}, got {list(form.shape)}")
        a, b = self.J.detach().double().cpu(), form.detach().double().cpu()
        norm = float(a.norm() * b.norm())
        if not norm > 0:
            raise ValueError("the cosine with a zero form is undefined: give a non-zero form")
        return max(-1.0, min(1.0, float((a * b).sum()) / norm))

    def __str__(self) -> str:
        positive, negative, zeros = self.signature
        kind = f"signature ({positive}, {negative}" + (f", {zeros} zero)" if zeros else ")")
        if self.null_dim == 1:
            return f"invariant metric, {kind}, residual {self.residual:.2g}"
        if self.null_dim == 0:
            return f"no invariant metric: the best has {kind} and residual {self.residual:.2g}"
        return f"ambiguous: {self.null_dim} independent invariant metrics; the one given has {kind}"
