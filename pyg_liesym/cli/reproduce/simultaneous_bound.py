"""SymCert: bounds of a defect that hold for all generators at once, from one confidence region of the coefficients."""

from __future__ import annotations

import math

import torch
from scipy.optimize import brentq
from scipy.stats import f as fisher
from torch import Tensor

from pyg_liesym.cli.reproduce.polynomial_systems import PolynomialSystem


def certified(system: PolynomialSystem, x: Tensor, y: Tensor, tolerance: float, level: float) -> Tensor:
    r"""The largest span of generators whose defect is below a tolerance, by the bound of Kendiukhov (SymCert, 2026).

    The coefficients of F lie in an ellipsoid with the probability :math:`1 - \alpha` (least squares with normal
    noise). There the numerator of the defect is at most its supremum, and the denominator at least its infimum
    (equation 5; a span of several generators by its largest and smallest singular values, section 3.2). Candidates
    are the generators with the smallest plug-in defects.

    Args:
        system: Which; its field is not looked at.
        x: States.
        y: The measured F there.
        tolerance: Of the defect.
        level: :math:`\alpha`.

    Shapes:
        - **x**, **y**: :math:`(S, n)`; **output**: :math:`(P, K)`, generators in the columns
    """
    features = system.monomials(x)
    inverse = torch.linalg.inv(features.mT @ features)
    weights = inverse @ features.mT @ y
    freedom = system.n * (len(x) - features.size(1))
    noise = float((y - features @ weights).square().sum()) / freedom
    count = weights.numel()
    radius = math.sqrt(count * float(fisher.ppf(1 - level, count, freedom)) * noise)
    shape = torch.block_diag(*[radius * torch.linalg.cholesky(inverse)] * system.n)
    fitted = weights.mT.flatten()
    generators = system.spectrum(fitted)[1]
    held = generators[:, :0]
    for dim in range(1, generators.size(1) + 1):
        span = torch.linalg.qr(generators[:, :dim])[0]
        if _bound(system, span, fitted, shape) > tolerance:
            break
        held = span
    return held


def _bound(system: PolynomialSystem, span: Tensor, fitted: Tensor, shape: Tensor) -> float:
    """An upper bound of the defect of all generators of a span."""
    first, second = (torch.einsum("prc,pk->krc", term, span) for term in system.terms)
    if span.size(1) == 1:
        largest = _extremes((first - second)[0], fitted, shape)[1]
        smallest = math.hypot(*(_extremes(term[0], fitted, shape)[0] for term in (first, second)))
    else:
        both = torch.cat([first, second], 1)
        largest = float(torch.linalg.matrix_norm((first - second) @ fitted, 2)) + _reach(first - second, shape)
        smallest = float(torch.linalg.svdvals(both @ fitted)[-1]) - _reach(both, shape)
    return largest / smallest if smallest > 0 else math.inf


def _reach(maps: Tensor, shape: Tensor) -> float:
    """How far the images of the region are from that of its centre, in the Frobenius norm."""
    return float(torch.linalg.matrix_norm(maps.flatten(0, 1) @ shape, 2))


def _extremes(matrix: Tensor, fitted: Tensor, shape: Tensor) -> tuple[float, float]:
    r"""The smallest and the largest :math:`|a + B u|` of all :math:`|u| \le 1`: two trust-region problems.

    Stationary points solve :math:`(B^\top B - \mu) u = -B^\top a`, where :math:`\mu` is above all eigenvalues for the
    largest and not above zero for the smallest, with :math:`|u| = 1` fixing it (Moré and Sorensen, 1983).
    """
    start, spread = matrix @ fitted, matrix @ shape
    values, axes = torch.linalg.eigh(spread.mT @ spread)
    values, pull = values.clamp(min=0), axes.mT @ spread.mT @ start

    def length(shift: float) -> float:
        return float((pull / (shift - values)).square().sum()) - 1

    top, size = float(values[-1]), float(pull.norm())
    if top <= 0:
        return float(start.norm()), float(start.norm())
    u = pull / (top * (1 + 1e-12) + 1e-300 - values)
    if float(u.square().sum()) > 1:
        shift = float(brentq(length, top * (1 + 1e-12), top + size + 1e-300, xtol=1e-15 * top))
        u = pull / (shift - values)
    else:  # the hard case: what is left goes along the longest axis
        u[-1] = math.sqrt(max(1 - float(u[:-1].square().sum()), 0.0))
    largest = float((start + spread @ (axes @ u)).norm())
    low = 1e-14 * top
    if length(-low) <= 0:
        u = -pull / (values + low)
    else:
        u = -pull / (values - float(brentq(length, -size - top, -low, xtol=1e-15 * top)))
    return float((start + spread @ (axes @ u)).norm()), largest
