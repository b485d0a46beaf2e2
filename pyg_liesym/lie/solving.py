"""Bilinear forms that a Lie algebra preserves: the solutions of ``LᵀJ + JL = 0``.

The form ``⟨u, v⟩_J = uᵀJv`` is invariant under ``exp(Σ wᵢLᵢ)`` for all w exactly when ``LᵢᵀJ + JLᵢ = 0`` for
every i (Yang et al., *Generative Adversarial Symmetry Discovery*, ICML 2023, arXiv:2302.00236, Proposition
1). The map ``J ↦ LᵀJ + JL`` keeps symmetric and antisymmetric forms apart, so the two are solved one after
the other.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.lie.invariant import InvariantForms, InvariantMetric
from pyg_liesym.lie.structure import signature
from pyg_liesym.lie.subspace import count_zeros


def invariant_forms(basis: Tensor, tol: float = 0.1) -> InvariantForms:
    """Solve ``LᵢᵀJ + JLᵢ = 0`` for all bilinear forms by SVD in float64 (LieGAN, Proposition 1).

    Args:
        basis: Matrices ``[K, n, n]``; their norms weight the equations.
        tol: Residual (see `InvariantMetric.residual`) up to which a form counts as preserved; among the
            singular values below it the widest gap decides, so that exact and learned bases can share the
            default.

    Example:
        >>> from pyg_liesym.lie.named import symplectic
        >>> print(invariant_forms(symplectic(4)))
        0 symmetric and 1 antisymmetric invariant forms
    """
    num_symmetric, symmetric_values, symmetric = _solve(basis, 1, tol)
    num_antisymmetric, antisymmetric_values, antisymmetric = _solve(basis, -1, tol)
    return InvariantForms(
        symmetric=symmetric[:num_symmetric].to(basis),
        antisymmetric=antisymmetric[:num_antisymmetric].to(basis),
        symmetric_singular_values=symmetric_values,
        antisymmetric_singular_values=antisymmetric_values,
        tol=tol,
    )


def invariant_metric(basis: Tensor, tol: float = 0.1) -> InvariantMetric:
    """Metric of LieGAN, Prop. 1: ``argmin Σᵢ‖LᵢᵀJ + JLᵢ‖² − a‖J‖²``, on the sphere ``‖J‖_F = 1``.

    There the second term is constant, the first is ``‖A vec J‖²`` for one tall matrix A, and the answer is
    its last right singular vector over the symmetric J. The whole set is divided by ``(Σᵢ‖Lᵢ‖²)^½``, which
    makes the singular values free of units; single channels are *not* normalised, so that one near zero
    cannot spoil J.

    When several forms fit (``null_dim ≥ 2``) J is the projection of the identity onto them, normalised (the
    most Euclidean one: 1 for copies of a rotation, ``η ⊗ 1`` for copies of so(1,3)); if that is zero, the
    best one. All of them are in ``solutions``.

    Args:
        basis: Matrices ``[K, n, n]``, exact or learned.
        tol: Residual up to which a form counts as preserved, as in `invariant_forms`.

    Example:
        >>> from pyg_liesym.lie.named import lorentz
        >>> print(invariant_metric(lorentz()).signature)
        (1, 3, 0)

    **Law**: ``gᵀJg = J`` for all g of the group, up to the residual.
    """
    null_dim, values, forms = _solve(basis, 1, tol)
    solutions = forms[: max(null_dim, 1)]
    metric = _most_euclidean(solutions)
    residual = _residual(basis, metric)
    # J is known to about its residual: eigenvalues below that say nothing
    zero = min(max(1e-6, residual), 0.1)
    return InvariantMetric(
        J=(_sign(metric, zero) * metric).to(basis),
        residual=residual,
        null_dim=null_dim,
        signature=signature(_sign(metric, zero) * metric, zero),
        singular_values=values,
        solutions=solutions.to(basis),
    )


def _solve(basis: Tensor, parity: int, tol: float) -> tuple[int, Tensor, Tensor]:
    """Number preserved, residuals (ascending), orthonormal forms; parity 1 symmetric, −1 antisymmetric."""
    n = basis.shape[-1]
    basis = _global_scale(basis)
    units = _unit_forms(n, parity)
    # [units, K, n, n]: LᵀJ + JL for every channel and unit form
    images = basis.mT @ units[:, None] + units[:, None] @ basis
    system = images.reshape(len(units), basis.numel()).T
    # rows of zeros keep all singular vectors when there are fewer equations than unknowns
    missing = max(0, len(units) - len(system))
    system = torch.cat([system, system.new_zeros(missing, len(units))])
    if len(units) == 0:  # a single number has no antisymmetric form
        return 0, system.new_zeros(0), system.new_zeros(0, n, n)
    _, values, vectors = torch.linalg.svd(system, full_matrices=False)
    values, vectors = values.flip(0), vectors.flip(0)
    forms = (vectors @ units.flatten(1)).view(-1, n, n)
    return count_zeros(values, tol), values, forms


def _unit_forms(n: int, parity: int) -> Tensor:
    """Orthonormal basis of the symmetric (parity 1) or antisymmetric (−1) ``n × n`` matrices."""
    rows, cols = torch.triu_indices(n, n, offset=0 if parity > 0 else 1)
    units = torch.zeros(len(rows), n, n, dtype=torch.float64)
    index = torch.arange(len(rows))
    units[index, rows, cols] += 1
    units[index, cols, rows] += parity
    norms: Tensor = units.flatten(1).norm(dim=1)
    return units / norms[:, None, None]


def _global_scale(basis: Tensor) -> Tensor:
    exact = basis.detach().double().cpu()
    norm = float(exact.norm())
    return exact / norm if norm > 0 else exact


def _residual(basis: Tensor, form: Tensor) -> float:
    basis = _global_scale(basis)
    return float((basis.mT @ form + form @ basis).norm())


def _most_euclidean(solutions: Tensor) -> Tensor:
    overlap = solutions.diagonal(dim1=1, dim2=2).sum(dim=1)
    if len(solutions) == 1 or float(overlap.norm()) < 1e-6:
        return solutions[0]
    metric = (overlap[:, None, None] * solutions).sum(dim=0)
    return metric / float(metric.norm())


def _sign(metric: Tensor, zero: float) -> int:
    positive, negative, _ = signature(metric, zero)
    if positive != negative:
        return 1 if negative == 0 or 0 < positive < negative else -1
    entries = torch.cat([metric.diagonal(), metric.flatten()])
    significant = entries[entries.abs() > max(zero, 1e-3) * entries.abs().max()]
    return -1 if len(significant) and float(significant[0]) < 0 else 1
