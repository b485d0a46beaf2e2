"""Data whose symmetry is known, or is known to be none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from pyg_liesym.cli.reproduce import known_draws as draw
from pyg_liesym.cli.reproduce.known_draws import Exact
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski


@dataclass(frozen=True)
class Known:
    """Data with a known answer to one question.

    Args:
        question: Which: ``law``, ``support`` or ``density``.
        draw: Makes x and y (or None) of a number of samples.
        truth: The whole symmetry in the sense of the question, within the margin; None for none.
        exact: What a single transformation of the data has to keep: y of x, less its noise and a breaking within the
            margin, or else numbers of a sample; None if there is no such transformation.
        among: The matrices to look among, if not all.
    """

    question: str
    draw: draw.Draw
    truth: LieAlgebra | None
    exact: Exact | None = None
    among: LieAlgebra | None = None


def affine(n: int) -> LieAlgebra:
    """All matrices that act on homogeneous vectors as linear maps and translations, gl(n) first."""
    linear = pad(LieAlgebra.general_linear(n).basis, (0, 1, 0, 1))
    shifts = torch.zeros(n, n + 1, n + 1, dtype=linear.dtype)
    shifts[torch.arange(n), torch.arange(n), n] = 1.0
    return LieAlgebra(torch.cat([linear, shifts]))


def _unit(row: int, column: int, n: int) -> Tensor:
    matrix = torch.zeros(1, n, n, dtype=torch.float64)
    matrix[0, row, column] = 1.0
    return matrix


def _support(points: draw.Points, exact: Exact, truth: LieAlgebra, among: LieAlgebra | None = None) -> Known:
    """Of a set where some numbers are the same everywhere."""
    return Known("support", draw.alone(points), truth, exact, among)


def _density(points: draw.Points, exact: Exact, truth: LieAlgebra | None = None) -> Known:
    """Of a density that is a function of some numbers."""
    return Known("density", draw.alone(points), truth, exact)


def _law(f: Exact, points: draw.Points, truth: LieAlgebra | None, noise: float = 0.0) -> Known:
    return Known("law", draw.law(f, points, noise), truth, f)


def _affine_law(f: Exact, points: draw.Points, truth: LieAlgebra) -> Known:
    """Of points in homogeneous coordinates, which stay such."""
    x = draw.homogeneous(points)
    return Known("law", draw.law(f, x), truth, lambda v: torch.cat([f(v), v[..., -1]], 1), affine(truth.n - 1))


_SKEW = torch.tensor([[1.0, 0.5], [0.0, 3.0]], dtype=torch.float64)
_SO2, _SO3, _LORENTZ = LieAlgebra.rotation(2), LieAlgebra.rotation(3), LieAlgebra.lorentz()
_PLANE, _SPACE = draw.normals(2), draw.normals(3)

KNOWN: dict[str, Known] = {
    "circle": _support(draw.sphere(2), draw.square, _SO2),
    "thin ring": _support(draw.sphere(2, 0.02), draw.square, _SO2),
    "skew ring": _support(
        lambda s, g: draw.sphere(2, 0.02)(s, g) @ _SKEW,
        lambda x: draw.square(x @ torch.linalg.inv(_SKEW)),
        _SO2.conjugate(_SKEW.mT.contiguous()),
    ),
    "sphere": _support(draw.sphere(3), draw.square, _SO3),
    "hyperbola": _support(draw.hyperbola, draw.form(minkowski(2)), LieAlgebra.indefinite_rotation(1, 1)),
    "light cone": _support(
        draw.light_cone, draw.form(minkowski()), LieAlgebra(torch.cat([_LORENTZ.basis, LieAlgebra.scaling(4).basis]))
    ),
    "points of a line": _support(draw.line, lambda x: x[:, 1:], LieAlgebra(_unit(0, 2, 3)), LieAlgebra.euclidean(2)),
    "thick ring": _density(draw.sphere(2, 0.3), draw.square, _SO2),
    "y = x |x|²": _law(draw.radial, _PLANE, _SO2),
    "y = x |x|² in a square": _law(draw.radial, draw.uniform(2), _SO2),
    "y = x |x|² and 10 % noise": _law(draw.radial, _PLANE, _SO2, noise=0.1),
    "y = x₁² − x₂²": _law(draw.form(minkowski(2)), _PLANE, LieAlgebra.indefinite_rotation(1, 1)),
    "cross product": _law(lambda x: torch.linalg.cross(x[:, 0], x[:, 1]), draw.normals(2, 3), _SO3),
    "area": _law(lambda x: torch.linalg.det(x)[:, None], draw.normals(2, 2), LieAlgebra.special_linear(2)),
    "symplectic product": _law(
        lambda v: (v[:, :1, :2] * v[:, 1:, 2:] - v[:, 1:, :2] * v[:, :1, 2:]).sum((1, 2))[:, None],
        draw.normals(2, 4),
        LieAlgebra.symplectic(4),
    ),
    "mass of a pair": _law(draw.form_of_sum(minkowski()), draw.normals(2, 4), _LORENTZ),
    "two radii": _law(lambda x: x.square().unflatten(1, (2, 2)).sum(-1), draw.normals(4), _SO2.direct_sum(_SO2)),
    "number of degree zero": _law(
        lambda x: (x[:, :1] * x.sum(1, keepdim=True)) / draw.square(x), draw.annulus, LieAlgebra.scaling(2)
    ),
    "function of a difference": _affine_law(
        lambda v: (d := v[:, 0, :1] - v[:, 1, :1]) ** 2 + d**3, draw.normals(2, 1), LieAlgebra(_unit(0, 1, 2))
    ),
    "distance of two points": _affine_law(draw.distance, draw.normals(2, 2), LieAlgebra.euclidean(2)),
    "area and time of events": _affine_law(draw.events, draw.normals(3, 2), LieAlgebra.galilei(1)),
    "labels of a half plane": Known(
        "law", draw.half_plane, LieAlgebra(torch.cat([_unit(1, 0, 2), _unit(1, 1, 2)])), lambda x: x[:, :1]
    ),
    "labels of a disc": _law(lambda x: (x.norm(dim=1) > 1.2).long(), _PLANE, _SO2),
    "broken by 0.1 %": Known("law", draw.law(draw.wind(0.001), _PLANE), _SO2, draw.radial),
    "broken by 1 %": Known("law", draw.law(draw.wind(0.01), _PLANE), _SO2, draw.radial),
    "broken by 3 %": Known("law", draw.law(draw.wind(0.03), _PLANE), _SO2, draw.radial),
    "broken by 6 %": _law(draw.wind(0.06), _PLANE, None),
    "broken by 10 %": _law(draw.wind(0.1), _PLANE, None),
    "broken by 30 %": _law(draw.wind(0.3), _PLANE, None),
    "broken by 10 %, and 10 % noise": _law(draw.wind(0.1), _PLANE, None, noise=0.1),
    "square": _density(draw.uniform(2), lambda x: x.abs().amax(1)),
    "cube": _density(draw.uniform(3), lambda x: x.abs().amax(1)),
    "squares of normals": _density(lambda s, g: _PLANE(s, g).square(), lambda x: torch.stack([x.sum(1), x.prod(1)], 1)),
    "absolute normals": _density(lambda s, g: _PLANE(s, g).abs(), lambda x: torch.stack([x.sum(1), x.prod(1)], 1)),
    "independent Student t": _density(draw.student, lambda x: (1 + x.square() / 4).log().sum(1)),
    "corners of a square": _density(draw.blobs(4), draw.blobs_density(4)),
    "corners of a heptagon": _density(draw.blobs(7), draw.blobs_density(7)),
    "cubes by component": _law(lambda x: x**3, _PLANE, None),
    "kept by a reflection": _law(lambda x: x[:, :1] * x[:, 1:] ** 2 + x[:, 1:] ** 4, _PLANE, None),
    "kept by an exchange": _law(lambda v: (v**3 - v**2).sum(1), draw.normals(2, 2), None),
    "kept by parity": _law(draw.odd, _SPACE, None),
    "kept by the reversal of time": _law(draw.forces, draw.normals(2, 2), None),
    "random network": Known("law", draw.random_network((2,), 2), None),
    "random network in space": Known("law", draw.random_network((3,), 3), None),
    "random network of two vectors": Known("law", draw.random_network((2, 3), 3), None),
    "random number": Known("law", draw.random_network((2,), 1), None),
    "pure noise": Known("law", draw.independent, None),
    "unrelated labels": Known("law", draw.unrelated, None),
}
"""Name → data. Labels that depend on the first coordinate alone are kept by whatever happens to the second."""


def drawn(name: str, count: int, seed: int) -> tuple[Known, Any, Any]:
    """Data of a name, everything from a seed."""
    known = KNOWN[name]
    return known, *known.draw(count, torch.Generator().manual_seed(seed))
