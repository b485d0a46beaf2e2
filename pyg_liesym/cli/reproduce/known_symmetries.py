"""Data whose symmetry is known, or is known to be none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from pyg_liesym.cli.reproduce import known_draws as draw
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski


@dataclass(frozen=True)
class Known:
    """Data with a known answer to one question.

    Args:
        question: Which: ``law``, ``support`` or ``density``.
        draw: Makes x and y (or None) of a number of samples.
        truth: The whole symmetry in the sense of the question, within the margin; None for none.
        among: The matrices to look among, if not all.
    """

    question: str
    draw: draw.Draw
    truth: LieAlgebra | None
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


_SKEW = torch.tensor([[1.0, 0.5], [0.0, 3.0]], dtype=torch.float64)
_SO2, _SO3, _LORENTZ = LieAlgebra.rotation(2), LieAlgebra.rotation(3), LieAlgebra.lorentz()
_PLANE, _SPACE = draw.normals(2), draw.normals(3)

KNOWN: dict[str, Known] = {
    "circle": Known("support", draw.alone(draw.sphere(2)), _SO2),
    "thin ring": Known("support", draw.alone(draw.sphere(2, 0.02)), _SO2),
    "skew ring": Known(
        "support",
        draw.alone(lambda s, g: draw.sphere(2, 0.02)(s, g) @ _SKEW),
        _SO2.conjugate(_SKEW.mT.contiguous()),
    ),
    "sphere": Known("support", draw.alone(draw.sphere(3)), _SO3),
    "hyperbola": Known("support", draw.alone(draw.hyperbola), LieAlgebra.indefinite_rotation(1, 1)),
    "light cone": Known(
        "support", draw.alone(draw.light_cone), LieAlgebra(torch.cat([_LORENTZ.basis, LieAlgebra.scaling(4).basis]))
    ),
    "points of a line": Known("support", draw.alone(draw.line), LieAlgebra(_unit(0, 2, 3)), LieAlgebra.euclidean(2)),
    "thick ring": Known("density", draw.alone(draw.sphere(2, 0.3)), _SO2),
    "y = x |x|²": Known("law", draw.law(draw.radial, _PLANE), _SO2),
    "y = x |x|² in a square": Known("law", draw.law(draw.radial, draw.uniform(2)), _SO2),
    "y = x |x|² and 10 % noise": Known("law", draw.law(draw.radial, _PLANE, noise=0.1), _SO2),
    "y = x₁² − x₂²": Known(
        "law", draw.law(lambda x: x[:, :1] ** 2 - x[:, 1:] ** 2, _PLANE), LieAlgebra.indefinite_rotation(1, 1)
    ),
    "cross product": Known("law", draw.law(lambda x: torch.linalg.cross(x[:, 0], x[:, 1]), draw.normals(2, 3)), _SO3),
    "area": Known(
        "law", draw.law(lambda x: torch.linalg.det(x)[:, None], draw.normals(2, 2)), LieAlgebra.special_linear(2)
    ),
    "symplectic product": Known(
        "law",
        draw.law(
            lambda v: (v[:, :1, :2] * v[:, 1:, 2:] - v[:, 1:, :2] * v[:, :1, 2:]).sum((1, 2))[:, None],
            draw.normals(2, 4),
        ),
        LieAlgebra.symplectic(4),
    ),
    "mass of a pair": Known("law", draw.law(draw.form_of_sum(minkowski()), draw.normals(2, 4)), _LORENTZ),
    "two radii": Known(
        "law", draw.law(lambda x: x.square().unflatten(1, (2, 2)).sum(-1), draw.normals(4)), _SO2.direct_sum(_SO2)
    ),
    "number of degree zero": Known(
        "law",
        draw.law(lambda x: (x[:, :1] * x.sum(1, keepdim=True)) / x.square().sum(1, keepdim=True), draw.annulus),
        LieAlgebra.scaling(2),
    ),
    "function of a difference": Known(
        "law",
        draw.law(lambda v: (d := v[:, 0, :1] - v[:, 1, :1]) ** 2 + d**3, draw.homogeneous(draw.normals(2, 1))),
        LieAlgebra(_unit(0, 1, 2)),
        affine(1),
    ),
    "distance of two points": Known(
        "law", draw.law(draw.distance, draw.homogeneous(draw.normals(2, 2))), LieAlgebra.euclidean(2), affine(2)
    ),
    "area and time of events": Known(
        "law", draw.law(draw.events, draw.homogeneous(draw.normals(3, 2))), LieAlgebra.galilei(1), affine(2)
    ),
    "labels of a half plane": Known("law", draw.half_plane, LieAlgebra(torch.cat([_unit(1, 0, 2), _unit(1, 1, 2)]))),
    "labels of a disc": Known("law", draw.law(lambda x: (x.norm(dim=1) > 1.2).long(), _PLANE), _SO2),
    "broken by 0.1 %": Known("law", draw.law(draw.wind(0.001), _PLANE), _SO2),
    "broken by 1 %": Known("law", draw.law(draw.wind(0.01), _PLANE), _SO2),
    "broken by 3 %": Known("law", draw.law(draw.wind(0.03), _PLANE), _SO2),
    "broken by 6 %": Known("law", draw.law(draw.wind(0.06), _PLANE), None),
    "broken by 10 %": Known("law", draw.law(draw.wind(0.1), _PLANE), None),
    "broken by 30 %": Known("law", draw.law(draw.wind(0.3), _PLANE), None),
    "broken by 10 %, and 10 % noise": Known("law", draw.law(draw.wind(0.1), _PLANE, noise=0.1), None),
    "square": Known("density", draw.alone(draw.uniform(2)), None),
    "cube": Known("density", draw.alone(draw.uniform(3)), None),
    "squares of normals": Known("density", draw.alone(lambda s, g: _PLANE(s, g).square()), None),
    "absolute normals": Known("density", draw.alone(lambda s, g: _PLANE(s, g).abs()), None),
    "independent Student t": Known("density", draw.alone(draw.student), None),
    "corners of a square": Known("density", draw.alone(draw.blobs(4)), None),
    "corners of a heptagon": Known("density", draw.alone(draw.blobs(7)), None),
    "cubes by component": Known("law", draw.law(lambda x: x**3, _PLANE), None),
    "kept by a reflection": Known("law", draw.law(lambda x: x[:, :1] * x[:, 1:] ** 2 + x[:, 1:] ** 4, _PLANE), None),
    "kept by an exchange": Known("law", draw.law(lambda v: (v**3 - v**2).sum(1), draw.normals(2, 2)), None),
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
