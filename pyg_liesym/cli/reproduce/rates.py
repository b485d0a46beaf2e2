"""How often something happened in many draws."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from scipy.stats import beta

_MANY = 10_000


class Drawn(NamedTuple):
    """What came out of one draw.

    Args:
        counts: Outcome → how often it happened, zeros included.
        numbers: Name → number, or None if there is none.
    """

    counts: Mapping[str, int]
    numbers: Mapping[str, float | None]


def tally(draws: int, seed: int, ask: Callable[[int], Drawn]) -> dict[str, Any]:
    """Draw many times, each with a seed of its own: counts are added, numbers come as medians of those there are.

    Args:
        draws: How many times.
        seed: Of the series.
        ask: What comes out of the draw of a seed.

    Example:
        >>> tally(3, 2, lambda seed: Drawn({"even": int(seed % 2 == 0)}, {"time": float(seed), "size": None}))
        {'draws': 3, 'even': 2, 'time': 20001.0, 'size': None}
    """
    came = [ask(_MANY * seed + draw) for draw in range(draws)]
    counts: Counter[str] = Counter()
    for one in came:
        counts.update(one.counts)
    known = {name: [n for one in came if (n := one.numbers[name]) is not None] for name in came[0].numbers}
    numbers = {name: median(values) if values else None for name, values in known.items()}
    return {"draws": draws, **counts, **numbers}


def rate(name: str, numbers: Sequence[dict[str, Any]], outcome: str) -> dict[str, dict[str, float]]:
    """How often, of how many draws, and the 95 % interval of Clopper and Pearson in per cent, as facts of a record.

    Args:
        name: Of the fact.
        numbers: Of runs, each with its ``draws``.
        outcome: What is counted.

    Example:
        >>> facts = rate("false", [{"draws": 50, "wrong": 0}, {"draws": 50, "wrong": 1}], "wrong")
        >>> [round(facts[name]["value"], 2) for name in ("false", "false_at_least_percent", "false_at_most_percent")]
        [1, 0.03, 5.45]
    """
    count, draws = sum(own[outcome] for own in numbers), sum(own["draws"] for own in numbers)
    low = float(beta.ppf(0.025, count, draws - count + 1)) if count else 0.0
    high = float(beta.ppf(0.975, count + 1, draws - count)) if count < draws else 1.0
    return {
        name: {"value": count, "digits": 0},
        f"{name}_draws": {"value": draws, "digits": 0},
        f"{name}_at_least_percent": {"value": 100 * low, "digits": 2},
        f"{name}_at_most_percent": {"value": 100 * high, "digits": 2},
    }
