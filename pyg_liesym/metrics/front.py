"""What gives the most for its cost: the Pareto front of speed and score, and its knee."""

from __future__ import annotations

import math
from collections.abc import Sequence


def pareto_front(speed: Sequence[float], score: Sequence[float]) -> list[int]:
    """Indices of the candidates that no other one beats, the fastest first.

    One is beaten by another that is at least as fast and scores at least as high, and is better in one of the two.

    Args:
        speed: Of each candidate, higher is better.
        score: Of each candidate, higher is better.

    Raises:
        ValueError: If the two differ in length.

    Example:
        >>> pareto_front([400.0, 250.0, 30.0, 200.0], [0.970, 0.974, 0.975, 0.973])
        [0, 1, 2]
    """
    if len(speed) != len(score):
        raise ValueError(f"expected a score for every speed, got {len(speed)} speeds and {len(score)} scores")
    front: list[int] = []
    for k in sorted(range(len(speed)), key=lambda k: (-speed[k], -score[k])):
        if not front or score[k] > score[front[-1]]:
            front.append(k)
    return front


def knee(speed: Sequence[float], score: Sequence[float]) -> int:
    """The candidate of the front that lies highest above the line from its fastest to its best.

    Speeds enter by their logarithm: what counts is by what factor a candidate is faster. Where the front has no
    candidate between its ends, it is the fastest.

    Args:
        speed: Of each candidate, positive.
        score: Of each candidate.

    Raises:
        ValueError: If there is no candidate, a speed is not positive, or the two differ in length.

    Example:
        >>> knee([400.0, 250.0, 30.0, 200.0], [0.970, 0.974, 0.975, 0.973])
        1
    """
    if not speed or min(speed) <= 0:
        raise ValueError(f"expected at least one candidate, and positive speeds, got {list(speed)}")
    front = pareto_front(speed, score)
    fastest, best = front[0], front[-1]
    span = math.log(speed[best] / speed[fastest])

    def height(k: int) -> float:
        along = math.log(speed[k] / speed[fastest]) / span if span else 0.0
        return score[k] - score[fastest] - along * (score[best] - score[fastest])

    return max(front, key=height)
