"""Data whose symmetry is known, or is known to be none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski

_SKEW = torch.tensor([[1.0, 0.5], [0.0, 3.0]], dtype=torch.float64)


@dataclass(frozen=True)
class Known:
    """Data with a known answer to one question.

    Args:
        question: Which: ``law``, ``support`` or ``density``.
        draw: Makes x and y (or None) of a number of samples.
        truth: The whole symmetry in the sense of the question; None for none.
        among: The matrices to look among, if not all.
    """

    question: str
    draw: Callable[[int, torch.Generator], tuple[Tensor, Tensor | None]]
    truth: LieAlgebra | None
    among: LieAlgebra | None = None


def _normal(*shape: int) -> Callable[[int, torch.Generator], Tensor]:
    return lambda count, generator: torch.randn(count, *shape, generator=generator, dtype=torch.float64)


def _uniform(count: int, n: int, generator: torch.Generator) -> Tensor:
    return 2 * torch.rand(count, n, generator=generator, dtype=torch.float64) - 1


def _law(f: Callable[[Tensor], Tensor], *shape: int) -> Callable[[int, torch.Generator], tuple[Tensor, Tensor]]:
    """Normal x, and what a function makes of it."""

    def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        x = _normal(*shape)(count, generator)
        return x, f(x)

    return draw


def _joint(f: Callable[[int, torch.Generator], Tensor]) -> Callable[[int, torch.Generator], tuple[Tensor, None]]:
    return lambda count, generator: (f(count, generator), None)


def _sphere(n: int, thickness: float = 0.0) -> Callable[[int, torch.Generator], Tensor]:
    def draw(count: int, generator: torch.Generator) -> Tensor:
        radius = 1 + thickness * torch.randn(count, 1, generator=generator, dtype=torch.float64)
        return normalize(_normal(n)(count, generator)) * radius

    return draw


def _light_cone(count: int, generator: torch.Generator) -> Tensor:
    momenta = _normal(3)(count, generator)
    return torch.cat([momenta.norm(dim=1, keepdim=True), momenta], 1)


def _hyperbola(count: int, generator: torch.Generator) -> Tensor:
    rapidity = _normal(1)(count, generator)
    return torch.cat([rapidity.cosh(), rapidity.sinh()], 1)


def _blobs(order: int) -> Callable[[int, torch.Generator], Tensor]:
    """Blobs about the corners of a regular polygon: turns by one corner are kept, and no others."""

    def draw(count: int, generator: torch.Generator) -> Tensor:
        angle = 2 * torch.pi * torch.randint(order, (count, 1), generator=generator) / order
        return torch.cat([angle.cos(), angle.sin()], 1) + 0.15 * _normal(2)(count, generator)

    return draw


def _network(inputs: int, outputs: int) -> Callable[[int, torch.Generator], tuple[Tensor, Tensor]]:
    """A random network for every draw."""

    def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        net = nn.Sequential(nn.Linear(inputs, 32), nn.Tanh(), nn.Linear(32, outputs)).double().requires_grad_(False)
        for parameter in net.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) / 2)
        x = _normal(inputs)(count, generator)
        return x, net(2 * x)

    return draw


def _wind(strength: float) -> Callable[[Tensor], Tensor]:
    """A radial law and a wind along the first axis, a given share of what random maps break."""

    def f(x: Tensor) -> Tensor:
        r = x.norm(dim=1, keepdim=True)
        blown: Tensor = x * r.square() + 3 * strength * r * torch.tensor([1.0, 0.0])
        return blown

    return f


def _independent(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    return _normal(2)(count, generator), _normal(2)(count, generator)


def _unrelated(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    return _normal(2)(count, generator), torch.randint(2, (count,), generator=generator)


def _half_plane(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    x = _normal(2)(count, generator)
    return x, (x[:, 0] + 0.3 * _normal(2)(count, generator)[:, 0] > 0.3).long()


def _mass(p: Tensor) -> Tensor:
    total = p.sum(1)
    mass: Tensor = ((total @ minkowski()) * total).sum(1, keepdim=True)
    return mass


def _annulus(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A number of degree zero, away from where it is singular."""
    x = normalize(_normal(2)(count, generator)) * (1.5 + 0.5 * _uniform(count, 1, generator))
    return x, (x[:, :1] * x[:, 1:] + x[:, :1] ** 2) / x.square().sum(1, keepdim=True)


def _line(count: int, generator: torch.Generator) -> Tensor:
    place = _normal(1)(count, generator)
    return torch.cat([place, torch.zeros_like(place), torch.ones_like(place)], 1)


def _student(count: int, generator: torch.Generator) -> Tensor:
    normal, squares = _normal(2)(count, generator), _normal(2, 4)(count, generator).square().mean(-1)
    return normal / squares.sqrt()


_SO2, _SO3, _LORENTZ = LieAlgebra.rotation(2), LieAlgebra.rotation(3), LieAlgebra.lorentz()
_SIDEWAYS = torch.tensor([[[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]]], dtype=torch.float64)
_ALONG = torch.zeros(1, 3, 3, dtype=torch.float64)
_ALONG[0, 0, 2] = 1.0

KNOWN: dict[str, Known] = {
    "circle": Known("support", _joint(_sphere(2)), _SO2),
    "thin ring": Known("support", _joint(_sphere(2, 0.02)), _SO2),
    "skew ring": Known(
        "support", _joint(lambda s, g: _sphere(2, 0.02)(s, g) @ _SKEW), _SO2.conjugate(_SKEW.mT.contiguous())
    ),
    "sphere": Known("support", _joint(_sphere(3)), _SO3),
    "hyperbola": Known("support", _joint(_hyperbola), LieAlgebra.indefinite_rotation(1, 1)),
    "light cone": Known(
        "support", _joint(_light_cone), LieAlgebra(torch.cat([_LORENTZ.basis, LieAlgebra.scaling(4).basis]))
    ),
    "points of a line": Known("support", _joint(_line), LieAlgebra(_ALONG), LieAlgebra.euclidean(2)),
    "thick ring": Known("density", _joint(_sphere(2, 0.3)), _SO2),
    "y = x |x|²": Known("law", _law(lambda x: x * x.square().sum(1, keepdim=True), 2), _SO2),
    "y = x |x|² in a square": Known(
        "law", lambda s, g: (x := _uniform(s, 2, g), x * x.square().sum(1, keepdim=True)), _SO2
    ),
    "y = x₁² − x₂²": Known(
        "law", _law(lambda x: x[:, :1] ** 2 - x[:, 1:] ** 2, 2), LieAlgebra.indefinite_rotation(1, 1)
    ),
    "cross product": Known("law", _law(lambda x: torch.linalg.cross(x[:, 0], x[:, 1]), 2, 3), _SO3),
    "area": Known("law", _law(lambda x: torch.linalg.det(x)[:, None], 2, 2), LieAlgebra.special_linear(2)),
    "mass of a pair": Known("law", _law(_mass, 2, 4), _LORENTZ),
    "two radii": Known("law", _law(lambda x: x.square().unflatten(1, (2, 2)).sum(-1), 4), _SO2.direct_sum(_SO2)),
    "number of degree zero": Known("law", _annulus, LieAlgebra.scaling(2)),
    "broken by 0.1 %": Known("law", _law(_wind(0.001), 2), _SO2),
    "broken by 1 %": Known("law", _law(_wind(0.01), 2), _SO2),
    "broken by 10 %": Known("law", _law(_wind(0.1), 2), None),
    "broken by 30 %": Known("law", _law(_wind(0.3), 2), None),
    "square": Known("density", _joint(lambda s, g: _uniform(s, 2, g)), None),
    "cube": Known("density", _joint(lambda s, g: _uniform(s, 3, g)), None),
    "squares of normals": Known("density", _joint(lambda s, g: _normal(2)(s, g).square()), None),
    "absolute normals": Known("density", _joint(lambda s, g: _normal(2)(s, g).abs()), None),
    "independent Student t": Known("density", _joint(_student), None),
    "corners of a square": Known("density", _joint(_blobs(4)), None),
    "corners of a heptagon": Known("density", _joint(_blobs(7)), None),
    "cubes by component": Known("law", _law(lambda x: x**3, 2), None),
    "random network": Known("law", _network(2, 2), None),
    "random network in space": Known("law", _network(3, 3), None),
    "random number": Known("law", _network(2, 1), None),
    "pure noise": Known("law", _independent, None),
    "unrelated labels": Known("law", _unrelated, None),
    "labels of a half plane": Known("law", _half_plane, LieAlgebra(_SIDEWAYS)),
}
"""Name → data. Labels that depend on the first coordinate alone are kept by whatever happens to the second."""


def drawn(name: str, count: int, seed: int) -> tuple[Known, Any, Any]:
    """Data of a name, everything from a seed."""
    known = KNOWN[name]
    return known, *known.draw(count, torch.Generator().manual_seed(seed))
