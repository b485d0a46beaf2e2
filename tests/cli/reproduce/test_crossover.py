"""Where one network overtakes another, and the power of the number of samples with which that goes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pyg_liesym.cli.reproduce.crossover import Errors, crossover, dependence, slope

LEVELS = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)


def drawn(power: float, seeds: int = 6, noise: float = 0.1) -> tuple[Errors, Errors]:
    """Strict networks err by the level, free ones by a power of the number of samples, and both by chance."""
    generator = np.random.default_rng(0)
    strict, free = {}, {}
    for n in (100, 300, 1000, 3000):
        chance = np.exp(noise * generator.normal(size=(2, len(LEVELS), seeds)))
        strict[n] = np.hypot(np.array(LEVELS), 1e-3)[:, None] * chance[0]
        free[n] = 0.1 * (n / 100) ** power * chance[1]
    return strict, free


def test_where_lines_cross() -> None:
    second = np.full(len(LEVELS), 0.03)
    first = np.array([0.01, 0.015, 0.02, 0.04, 0.05, 0.06])
    assert 0.02 < crossover(LEVELS, first, second) < 0.04
    assert crossover(LEVELS, first, first * 0.9) == 0.0
    assert crossover(LEVELS, first, second + 1.0) == math.inf
    assert slope([1, 2, 4], [0.1, math.inf, 0.2]) is None
    assert slope([1, 10, 100, 1000], [1.0, 0.1, 0.01, 0.0]) == pytest.approx(-1.0)


@pytest.mark.parametrize("power", [-0.5, 0.0])
def test_a_power_that_was_put_in_comes_out_and_another_does_not(power: float) -> None:
    found = dependence(LEVELS, *drawn(power), draws=300)
    low, high = found["slope_interval"]
    assert low <= power <= high
    assert not low <= -0.5 - power <= high
    assert high - low < 0.4
    assert found["slopes_known"] > 0.9
    if power:
        assert found["crossings"] == pytest.approx([0.1, 0.058, 0.032, 0.018], rel=0.3)
        assert found["p_none"] == pytest.approx(1 / 24)
        assert all(low <= h <= high for h, (low, high) in zip(found["crossings"], found["intervals"], strict=True))
    else:
        assert found["p_none"] > 0.1


def test_what_never_crosses_has_no_power() -> None:
    strict, free = drawn(-0.5)
    found = dependence(LEVELS, strict, {n: 100 * own for n, own in free.items()}, draws=20)
    assert found["crossings"] == [math.inf] * 4
    assert found["slope"] is found["slope_interval"] is found["p_none"] is None
    assert found["slopes_known"] == 0.0
