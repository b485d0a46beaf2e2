"""Data for the capability table: each keeps one known group, both in how x is spread and in what y is of x."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pyg_liesym.lie.algebra import LieAlgebra

Draw = Callable[[int, torch.Generator], tuple[Tensor, Tensor]]

_AXIS = torch.tensor([1.0, 2.0, 2.0], dtype=torch.float64) / 3
_SKEW = torch.tensor([[1.0, 0.6, 0.0], [0.0, 1.5, -0.4], [0.3, 0.0, 0.8]], dtype=torch.float64)


@dataclass(frozen=True)
class Problem:
    """Data with a known answer.

    Attributes:
        column: What finding it shows.
        draw: Makes x and y of a number of samples.
        commutant: ``[r, n, n]``: the linear maps that commute with the group, for methods whose data are such maps.
        truth: The algebra that is kept; None without one.
        elements: ``[m, n, n]``: the elements of a finite group that is kept, other than the identity.
        given: The group that a method is told, if it can be told one.
    """

    column: str
    draw: Draw
    commutant: Tensor
    truth: LieAlgebra | None = None
    elements: Tensor | None = None
    given: LieAlgebra | None = None

    @property
    def answer(self) -> str:
        """What kind of answer is right: ``"elements"``, ``"algebra"``, or ``"both"`` where it is that there is none."""
        if self.elements is not None:
            return "elements"
        return "both" if self.truth is None else "algebra"


def _normal(count: int, generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(count, *shape, generator=generator, dtype=torch.float64)


def _petals(order: int) -> Draw:
    """A number with as many petals in the plane: |x| (1 + cos of the angle, so many times)."""

    def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        x = _normal(count, generator, 2)
        angle = torch.atan2(x[:, 1], x[:, 0])
        return x, (x.norm(dim=1) * (1 + torch.cos(order * angle)))[:, None]

    return draw


def _dihedral(order: int) -> Tensor:
    """The turns and reflections of a regular polygon with a corner on the first axis, without the identity."""
    angles = 2 * math.pi * torch.arange(order, dtype=torch.float64) / order
    turns = torch.stack(
        [torch.stack([angles.cos(), -angles.sin()], 1), torch.stack([angles.sin(), angles.cos()], 1)], 1
    )
    return torch.cat([turns[1:], turns @ torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))])


def _radial(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    x = _normal(count, generator, 2)
    return x, x * x.square().sum(1, keepdim=True)


def _cross(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    x = _normal(count, generator, 2, 3)
    return x, torch.linalg.cross(x[:, 0], x[:, 1])[:, None]


def _about_the_axis(skew: Tensor) -> Draw:
    """A number that depends on the length and on the height along an axis, in skew coordinates."""

    def draw(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        u = _normal(count, generator, 3)
        height = u @ _AXIS
        return u @ skew.mT, (u.square().sum(1) + 2 * height - height**3 / 3)[:, None]

    return draw


def _turns_about_the_axis() -> LieAlgebra:
    a, b, c = _AXIS.tolist()
    cross = torch.tensor([[[0.0, -c, b], [c, 0.0, -a], [-b, a, 0.0]]], dtype=torch.float64)
    return LieAlgebra(cross)


def _cubes(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Cubes of the components, moved off the origin so that no turn is kept; the first reflection is."""
    x = 2 * torch.rand(count, 2, generator=generator, dtype=torch.float64) - torch.tensor([0.7, 1.2])
    return x, x**3 + torch.tensor([0.0, 0.5]) * x[:, :1] ** 2


def _cycle(order: int) -> Tensor:
    """The cyclic permutation of as many coordinates, ``[1, n, n]``."""
    return torch.eye(order, dtype=torch.float64).roll(1, 0)[None]


def commuting(group: Tensor) -> Tensor:
    """The linear maps that commute with matrices ``[m, n, n]``, ``[r, n, n]``, orthonormal."""
    one = torch.eye(group.shape[1], dtype=group.dtype)
    equations = torch.cat([torch.kron(g, one) - torch.kron(one, g.mT.contiguous()) for g in group])
    _, values, right = torch.linalg.svd(equations)
    rank = int((values > 1e-9 * values[0]).sum())
    maps: Tensor = right[rank:].unflatten(1, group.shape[1:])
    return maps


_TURN = _turns_about_the_axis()
_SKEW_TURN = _TURN.conjugate(_SKEW)
_SO2, _SO3 = LieAlgebra.rotation(2), LieAlgebra.rotation(3)

PROBLEMS: dict[str, Problem] = {
    "three petals": Problem("discrete", _petals(3), commuting(_cycle(3)), elements=_dihedral(3)),
    "four petals": Problem("discrete", _petals(4), commuting(_cycle(4)), elements=_dihedral(4)),
    "turns of the plane": Problem("continuous", _radial, commuting(_SO2.basis), _SO2),
    "turns of space": Problem("continuous", _cross, commuting(_SO3.basis), _SO3),
    "turns about an axis": Problem(
        "subset of a given group", _about_the_axis(torch.eye(3).double()), commuting(_TURN.basis), _TURN, given=_SO3
    ),
    "turns about an axis, skewed": Problem(
        "subset of an unknown group", _about_the_axis(_SKEW), commuting(_SKEW_TURN.basis), _SKEW_TURN
    ),
    "cubes": Problem("none", _cubes, commuting(torch.zeros(1, 2, 2, dtype=torch.float64))),
}
"""Name → data. A column without a symmetry shows whether a method says so."""
COLUMNS = tuple(dict.fromkeys(problem.column for problem in PROBLEMS.values()))
