"""At which level of breaking one network overtakes another, and how that depends on the number of samples."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Errors: TypeAlias = Mapping[int, Array]
"""Number of samples → errors ``[levels, seeds]``."""


def crossover(levels: Sequence[float], first: Array, second: Array) -> float:
    """The lowest level from which the second error is the smaller one.

    Between two levels the difference of the logarithms is taken to be linear.

    Args:
        levels: Rising.
        first: Error at each level.
        second: That of the other.

    Returns:
        The first of the levels if the second is ahead there, infinity if it never is.

    Example:
        >>> crossover([0.0, 1.0, 2.0], np.array([1.0, 2.0, 4.0]), np.array([2.0, 2.0, 2.0]))
        1.0
    """
    lead = np.log(first) - np.log(second)
    ahead = np.flatnonzero(lead >= 0)
    if not len(ahead):
        return math.inf
    k = int(ahead[0])
    if k == 0:
        return levels[0]
    share = -lead[k - 1] / (lead[k] - lead[k - 1])
    return float(levels[k - 1] + share * (levels[k] - levels[k - 1]))


def slope(samples: Sequence[float], crossings: Sequence[float]) -> float | None:
    """The power of the number of samples with which crossings go; None unless three are above zero and finite."""
    known = [(n, h) for n, h in zip(samples, crossings, strict=True) if 0 < h < math.inf]
    if len(known) < 3:
        return None
    n, h = np.log(np.array(known)).T
    return float(np.polyfit(n, h, 1)[0])


def dependence(
    levels: Sequence[float], first: Errors, second: Errors, *, draws: int = 2000, seed: int = 0
) -> dict[str, Any]:
    """The crossing at each number of samples, the power with which it goes, and intervals of both.

    Intervals of 95 % are percentiles of a bootstrap over the seeds, which are drawn for both networks and all levels
    together; of few seeds they are too narrow. The null, that the number of samples does not matter, has every order
    of the crossings alike: ``p_none`` is the share of orders whose power is as low.

    Args:
        levels: Rising.
        first: Errors of a network.
        second: Those of the one that is to overtake it.
        draws: Of the bootstrap.
        seed: Of the draws.
    """
    samples = sorted(first)
    seeds = first[samples[0]].shape[1]

    def crossings(chosen: Sequence[int]) -> list[float]:
        pairs = ((_mean(first[n], chosen), _mean(second[n], chosen)) for n in samples)
        return [crossover(levels, *pair) for pair in pairs]

    generator = np.random.default_rng(seed)
    found = crossings(list(range(seeds)))
    drawn = [crossings([int(k) for k in generator.integers(seeds, size=(seeds,))]) for _ in range(draws)]
    slopes = [value for own in drawn if (value := slope(samples, own)) is not None]
    power = slope(samples, found)
    orders = [value for order in permutations(found) if (value := slope(samples, order)) is not None]
    return {
        "samples": samples,
        "crossings": found,
        "intervals": [_interval([own[k] for own in drawn]) for k in range(len(samples))],
        "slope": power,
        "slope_interval": _interval(slopes) if slopes else None,
        "slopes_known": len(slopes) / draws,
        "p_none": None if power is None else float(np.mean([value <= power + 1e-12 for value in orders])),
    }


def _mean(errors: Array, chosen: Sequence[int]) -> Array:
    """The geometric mean over seeds, at each level."""
    mean: Array = np.exp(np.log(errors[:, chosen]).mean(axis=1))
    return mean


def _interval(values: Sequence[float]) -> list[float]:
    """Of 95 %, from percentiles that are among the values, since infinity may be."""
    low, high = np.percentile(values, [2.5, 97.5], method="nearest")
    return [float(low), float(high)]
