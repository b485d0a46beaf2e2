"""Functions on a stencil that can be drawn at any scale."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def hermite_gaussians(offsets: Tensor, scale: float, max_order: int) -> Tensor:
    r"""Hermite polynomials times a Gaussian at a scale.

    .. math:: \psi_{nm}(x, y; s) = \frac{1}{s^2}\, h_n(x / s)\, h_m(y / s), \qquad
        h_n(t) = \frac{H_n(t)\, e^{-t^2 / 2}}{\sqrt{2^n\, n!\, \sqrt\pi}}, \qquad n + m \le N.

    A kernel with fixed coefficients then keeps its shape
    and its response to a scaled image: :math:`\int \psi(x / s)\, f(x / s)\, d^2x / s^2` does not depend on s
    ("Scale-Equivariant Steerable Networks", Sosnovik, Szmaja, Smeulders, ICLR 2020, `arXiv:1910.11093
    <https://arxiv.org/abs/1910.11093>`_, section 4).

    Args:
        offsets: Places.
        scale: s, in the units of the offsets.
        max_order: N.

    Shapes:
        - **offsets**: :math:`(P, 2)`; **output**: :math:`((N + 1)(N + 2) / 2, P)`

    Raises:
        ValueError: If the scale is not positive.

    Example:
        >>> hermite_gaussians(torch.zeros(1, 2), 1.0, 2).shape
        torch.Size([6, 1])
    """
    if scale <= 0:
        raise ValueError(f"a scale must be positive, got {scale}")
    x, y = (offsets / scale).unbind(-1)
    along_x, along_y = _hermite(x, max_order), _hermite(y, max_order)
    orders = [(n, m) for n in range(max_order + 1) for m in range(max_order + 1 - n)]
    return torch.stack([along_x[n] * along_y[m] for n, m in orders]) / scale**2


def _hermite(x: Tensor, max_order: int) -> list[Tensor]:
    """The normalised functions H_n(x) exp(-x²/2), by their recursion."""
    functions = [math.pi**-0.25 * (-x.square() / 2).exp()]
    for n in range(max_order):
        before = functions[n - 1] * math.sqrt(n) if n else 0.0
        functions.append((math.sqrt(2) * x * functions[n] - before) / math.sqrt(n + 1))
    return functions
