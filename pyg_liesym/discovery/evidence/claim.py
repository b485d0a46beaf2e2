"""What may be claimed about a symmetry, and what may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.directions import STEPS, combined
from pyg_liesym.discovery.evidence.question import Question

Status: TypeAlias = Literal["certified", "refuted", "no evidence"]

_RESAMPLES = 200
_YARDSTICKS = 16
_COMBINATIONS = 16
_POWER = 0.3
_TRIED = 4
_LEFT = "moved samples leave the region that the data cover, where nothing is known"


@dataclass(frozen=True)
class Breaking:
    """How much a symmetry is broken, relative to what random linear maps break that move the data as far.

    Attributes:
        size: The estimate: 0 for an exact symmetry, about 1 for none.
        low: Lower bound, of 95 %.
        high: Upper bound, of 95 %.
    """

    size: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.size:.2g} % (at most {100 * self.high:.2g} %)"


@dataclass(frozen=True)
class Claim:
    """One answer to one question, with what it rests on.

    Attributes:
        question: ``"support"``, ``"density"`` or ``"law"``.
        status: ``"certified"``, ``"refuted"`` (every direction is broken by more than the margin) or ``"no evidence"``.
        dim: Dimension of the certified span; 0 without one.
        breaking: Of the worst direction of the certified span; of the best direction there is without one.
        next: Of the span that has one dimension more.
        margin: The breaking up to which a span is certified.
        resolution: The breaking below which these data resolve nothing.
        reason: Why nothing could be said; empty otherwise.
        samples: How many samples were judged, none of which was used to find the span.
    """

    question: str
    status: Status
    dim: int
    breaking: Breaking | None
    next: Breaking | None
    margin: float
    resolution: float
    reason: str
    samples: int

    def to_dict(self) -> dict[str, Any]:
        """The claim as plain Python values."""
        return asdict(self)


def judge(question: Question, margin: float, generator: torch.Generator) -> Claim:
    r"""The largest span that the held-out samples certify, one dimension after the other.

    An equivalence test: certified is a span every direction of which (its weakest with both signs, and random
    combinations) breaks at most ``margin`` of what random linear maps of the same displacement break, with the upper
    95 % bound of a bootstrap over independent units. What was merely not rejected is not certified, and where random
    maps break nothing either there is no evidence.

    Args:
        question: What was fitted.
        margin: The largest breaking that still counts as symmetric.
        generator: Draws directions and bootstrap weights.
    """
    samples = len(question.units)
    nothing = Claim(question.name, "no evidence", 0, None, None, margin, 0.0, question.reason, samples)
    if question.reason:
        return nothing
    weights = _weights(question.units, generator)
    random = combined(question.directions, _YARDSTICKS, generator)
    step = _step(question, random, weights[:1])
    if step is None:
        return _because(nothing, _LEFT)
    yardsticks = _defects(question, step * random, weights)
    yardsticks = yardsticks[~yardsticks[:, 0].isnan()]
    yardstick = yardsticks.median(0).values
    if float(yardstick[1:].quantile(0.05)) < _POWER**2 * float(yardstick[0]) or float(yardstick[0]) <= 0:
        return _because(nothing, "random maps break nothing that these data show: they could not have told")
    resolution = float((question.resolution(weights)[0].clamp(min=0) / yardstick[0]).sqrt())
    if resolution > question.coarsest:
        return _because(nothing, "the data are spread too widely about what they keep to show that it is kept")
    margin = question.margin(margin, resolution)
    most = len(question.directions) - 1
    dim, best, following = _largest(partial(_breaking, question, step, weights, yardstick, generator), margin, most)
    if dim:
        return Claim(question.name, "certified", dim, best, following, margin, resolution, "", samples)
    if following is None:
        return _because(nothing, _LEFT)
    refuted = following.low > max(margin, question.blind(float(yardstick[0])))
    status: Status = "refuted" if refuted else "no evidence"
    reason = "" if refuted else "the data resolve the breaking too badly to decide"
    return Claim(question.name, status, 0, following, None, margin, resolution, reason, samples)


def _step(question: Question, directions: Tensor, weights: Tensor) -> float | None:
    """The largest displacement after which half of the directions can be judged."""
    for step in STEPS:
        unknown = _defects(question, step * directions[:_TRIED], weights).isnan()
        if int(unknown.sum()) <= _TRIED // 2:
            return step
    return None


def _largest(
    breaking: Callable[[int], Breaking | None], margin: float, most: int
) -> tuple[int, Breaking | None, Breaking | None]:
    """The largest dimension up to ``most`` that is within the margin, its breaking, and that of one dimension more.

    The ladder ascends, so that the dimension is doubled until it is too large, and then bisected.
    """
    held: dict[int, Breaking | None] = {0: None}
    below, above = 0, most + 1
    while above - below > 1:
        middle = min(max(2 * below, 1), above - 1) if above == most + 1 else (below + above) // 2
        held[middle] = breaking(middle)
        found = held[middle]
        if found is not None and found.high <= margin:
            below = middle
        else:
            above = middle
    return below, held[below], held.get(above)


def _breaking(
    question: Question, step: float, weights: Tensor, yardstick: Tensor, generator: torch.Generator, dim: int
) -> Breaking | None:
    """The breaking of the best span of a dimension; None if its moved samples cannot be judged."""
    span = question.span(dim)
    last = span[-_TRIED:]
    directions = [last, -last]
    if dim > 1:
        directions.append(combined(span, _COMBINATIONS, generator))
    defects = _defects(question, step * torch.cat(directions), weights)
    return None if bool(defects.isnan().any()) else _worst(defects / yardstick)


def _worst(squares: Tensor) -> Breaking:
    """The worst direction's breaking, from its squares: the estimate's, then those of the bootstrap, ``[D, 1 + B]``."""
    estimates, drawn = squares[:, 0], squares[:, 1:]
    low, high = drawn.quantile(torch.tensor([0.05, 0.95], dtype=squares.dtype), dim=1)
    # An estimate below zero is chance: it must not pull its own upper bound down.
    bounds = torch.stack([estimates.max(), low[estimates.argmax()], (estimates.clamp(min=0) + high - estimates).max()])
    return Breaking(*bounds.clamp(min=0).sqrt().tolist())


def _defects(question: Question, directions: Tensor, weights: Tensor) -> Tensor:
    """Defects after a displacement along every direction, ``[D, B]``."""
    return torch.stack([question.defect(g, weights) for g in torch.linalg.matrix_exp(directions)])


def _weights(units: Tensor, generator: torch.Generator) -> Tensor:
    """Weights of the samples: all one, then those of a Bayesian bootstrap over units, ``[B, S]``."""
    count = int(units.max()) + 1
    drawn = -torch.rand(_RESAMPLES, count, generator=generator, dtype=torch.float64).clamp(min=1e-12).log()
    return torch.cat([torch.ones(1, len(units), dtype=torch.float64), drawn[:, units]])


def _because(claim: Claim, reason: str) -> Claim:
    return Claim(claim.question, "no evidence", 0, None, None, claim.margin, claim.resolution, reason, claim.samples)
