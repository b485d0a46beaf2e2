"""Where orbits begin: the recipes of the papers (arrays out)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

OrbitKind: TypeAlias = Literal["two_body", "two_body_wide", "three_body"]
OrbitSplit: TypeAlias = Literal["train", "val", "test"]
Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class OrbitRecipe:
    """Bodies, sampled times, numbers of orbits, and how initial positions and momenta ``[S, B, 2]`` are drawn."""

    bodies: int
    steps: int
    duration: float
    train_orbits: int
    test_orbits: int
    draw: Callable[[int, OrbitSplit, np.random.Generator], tuple[Array, Array]]


def _draw_two_body(count: int, split: OrbitSplit, rng: np.random.Generator) -> tuple[Array, Array]:
    return _opposite_pair(rng.uniform(0.5, 1.5, size=(count, 2)), rng)


def _draw_two_body_wide(count: int, split: OrbitSplit, rng: np.random.Generator) -> tuple[Array, Array]:
    radius = rng.uniform(3.0, 6.0, size=count)
    angle = rng.uniform(0.0, np.pi, size=count) - (0.0 if split == "test" else np.pi)
    return _opposite_pair(radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1), rng)


def _opposite_pair(first: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    # Two unit masses at ±q circle their centre at the speed 1 / (2 sqrt(r)): v² / r = 1 / (2r)².
    speed = 0.5 / np.linalg.norm(first, axis=-1, keepdims=True) ** 1.5
    velocity = speed * _quarter_turn(first) * (1.0 + 0.05 * rng.standard_normal((len(first), 1)))
    return np.stack([first, -first], axis=1), np.stack([velocity, -velocity], axis=1)


def _draw_three_body(count: int, split: OrbitSplit, rng: np.random.Generator) -> tuple[Array, Array]:
    # The direction of a point in the square [-1, 1]², as the authors draw it: not quite uniform in angle.
    corner = rng.uniform(-1.0, 1.0, size=(count, 2))
    radius = rng.uniform(0.9, 1.2, size=(count, 1))
    first = radius * corner / np.linalg.norm(corner, axis=-1, keepdims=True)
    turn = 2.0 * np.pi / 3.0 * np.arange(3)[:, None]
    pos = np.cos(turn) * first[:, None] + np.sin(turn) * _quarter_turn(first)[:, None]
    # Each of three unit masses on a circle feels 1 / (sqrt(3) r²) towards its centre.
    circular = _quarter_turn(pos) * (3.0**-0.25 * radius**-1.5)[:, None]
    return pos, circular * (1.0 + rng.uniform(-0.2, 0.2, size=pos.shape))


def _quarter_turn(vectors: Array) -> Array:
    return np.stack([-vectors[..., 1], vectors[..., 0]], axis=-1)


RECIPES: dict[str, OrbitRecipe] = {
    "two_body": OrbitRecipe(2, 50, 20.0, 800, 200, _draw_two_body),
    "two_body_wide": OrbitRecipe(2, 20, 19 * 20.0 / 49, 800, 200, _draw_two_body_wide),
    "three_body": OrbitRecipe(3, 20, 5.0, 4000, 1000, _draw_three_body),
}
