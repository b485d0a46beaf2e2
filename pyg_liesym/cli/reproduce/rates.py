"""How often something happened in many draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scipy.stats import beta


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
