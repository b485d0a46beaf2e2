"""What may be claimed about a symmetry, and what may not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

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
_NOTHING = 1e-9
_MISSED = "the fit misses more of the law than the margin: a fit that is too smooth makes symmetries of its own"
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
        given: Whether the span was given, and judged as a whole; the breaking is then always its worst direction's.
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
    given: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The claim as plain Python values."""
        return asdict(self)


class _Scale(NamedTuple):
    """What breakings of one question are measured by: bootstrap weights, random maps, the size of a displacement."""

    question: Question
    weights: Tensor
    yardstick: Tensor
    step: float
    resolution: float
    generator: torch.Generator

    def breaking(self, span: Tensor) -> Breaking | None:
        """The breaking of a span's weakest directions and of random ones; None if moved samples cannot be judged."""
        last = span[-_TRIED:]
        directions = [last, -last]
        if len(span) > 1:
            directions.append(combined(span, _COMBINATIONS, self.generator))
        defects = _defects(self.question, self.step * torch.cat(directions), self.weights)
        return None if bool(defects.isnan().any()) else _worst(defects / self.yardstick)

    def blind(self) -> float:
        """The breaking that may be an artefact of the fit."""
        return self.question.blind(float(self.yardstick[0]))


def judge(question: Question, margin: float, generator: torch.Generator, given: Tensor | None = None) -> Claim:
    r"""The largest span that the held-out samples certify, or whether they certify a given one.

    An equivalence test: certified is a span every direction of which (its weakest with both signs, and random
    combinations) breaks at most ``margin`` of what random linear maps of the same displacement break, with the upper
    95 % bound of a bootstrap over independent units. What was merely not rejected is not certified, and where random
    maps break nothing either there is no evidence.

    Args:
        question: What was fitted.
        margin: The largest breaking that still counts as symmetric.
        generator: Draws directions and bootstrap weights.
        given: A span to be judged as a whole, in place of those that the question proposes.

    Shapes:
        - **given**: :math:`(K, n, n)`
    """
    samples = len(question.units)
    claim = Claim(question.name, "no evidence", 0, None, None, margin, 0.0, question.reason, samples, given is not None)
    scale = question.reason or _scale(question, generator)
    if isinstance(scale, str):
        return replace(claim, reason=scale)
    margin = question.margin(margin, scale.resolution)
    claim = replace(claim, margin=margin, resolution=scale.resolution)
    missed = question.misfit(float(scale.yardstick[0])) > margin
    if given is not None:
        span = _unit_span(given, question.directions)
        if len(span) == 0:
            return replace(claim, reason="it moves none of these data")
        following = scale.breaking(span)
        if following is not None and following.high <= margin:
            sure = replace(claim, status="certified", dim=len(span), breaking=following)
            return replace(claim, breaking=following, reason=_MISSED) if missed else sure
    else:
        most = len(question.directions) - 1
        dim, best, following = _largest(lambda dim: scale.breaking(question.span(dim)), margin, most)
        if dim:
            sure = replace(claim, status="certified", dim=dim, breaking=best, next=following)
            return replace(claim, breaking=best, next=following, reason=_MISSED) if missed else sure
    if following is None:
        return replace(claim, reason=_LEFT)
    if following.low > max(margin, scale.blind()) and (given is not None or not question.undecided()):
        return replace(claim, status="refuted", breaking=following)
    return replace(claim, breaking=following, reason="the data resolve the breaking too badly to decide")


def _scale(question: Question, generator: torch.Generator) -> _Scale | str:
    """What breakings are measured by, or why these data cannot tell."""
    weights = _weights(question.units, generator)
    yardsticks = question.directions if question.yardsticks is None else question.yardsticks
    random = combined(yardsticks, _YARDSTICKS, generator)
    step = _step(question, random, weights[:1])
    if step is None:
        return _LEFT
    yardsticks = _defects(question, step * random, weights)
    yardstick = yardsticks[~yardsticks[:, 0].isnan()].median(0).values
    size = float(yardstick[0])
    if size <= 0 or float(yardstick[1:].quantile(0.05)) < _POWER**2 * size:
        return "random maps break nothing that these data show: they could not have told"
    resolution = float((question.resolution(weights)[0].clamp(min=0) / size).sqrt())
    if resolution > question.coarsest:
        return "the data are spread too widely about what they keep to show that it is kept"
    return _Scale(question, weights, yardstick, step, resolution, generator)


def _unit_span(matrices: Tensor, directions: Tensor) -> Tensor:
    """The part of a span that moves the data, by orthonormal combinations of directions, ``[K, n, n]``."""
    flat = directions.flatten(1).mT
    coefficients = torch.linalg.lstsq(flat, matrices.to(flat).flatten(1).mT).solution
    basis, values, _ = torch.linalg.svd(coefficients, full_matrices=False)
    basis = basis[:, values > _NOTHING * values.max()] if values.numel() and float(values.max()) > 0 else basis[:, :0]
    return torch.einsum("rk,rab->kab", basis, directions)


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
