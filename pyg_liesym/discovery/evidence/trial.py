"""Whether the samples kept aside certify a span or a single transformation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.claim import SPANS, Breaking, Claim
from pyg_liesym.discovery.evidence.directions import STEPS, combined
from pyg_liesym.discovery.evidence.question import Question
from pyg_liesym.discovery.evidence.yardstick import LEFT, POWER, Yardstick

_GLANCE, _DRAWS = 40, 200
"""Draws of the bootstrap that settle what is broken by more than twice the margin, and all of them."""
_COMBINATIONS = 16
_TRIED = 4
_NOTHING = 1e-9
_BOUND = 0.95
_APART, _ABOVE = math.sqrt(10), 10
"""A span that was found ends where one direction more breaks so many margins; or one, and so many times the span."""
_MISSED = "the fit misses more of the law than the margin: a fit that is too smooth makes symmetries of its own"
_NO_STEP = "one direction more breaks hardly more, so that the data do not tell where their symmetry ends"
_UNMOVED = "it moves none of these data"
_BADLY = "the data resolve the breaking too badly to decide"
_AT_ONCE = "the data resolve the breaking well enough for this claim alone, but not among all that are made at once"


class Measured(NamedTuple):
    """A breaking, the chance of so little if the truth is the margin, and what random maps break that move as far."""

    breaking: Breaking
    p: float
    yardstick: float


class Trial:
    r"""A question with the yardstick by which its breakings are measured; judges at any level.

    An equivalence test: certified is a span every direction of which (its weakest with both signs, and random
    combinations) breaks at most the margin of what random linear maps of the same displacement break, with an upper
    bound by a bootstrap over independent units. What was merely not rejected is not certified, and where random maps
    break nothing either there is no evidence. A span that was found must also end at a step: with one direction more
    the lower bound is at least √10 margins (ten, of the square), or one and ten times the upper bound of the span, or
    0.3, whichever is least.

    Args:
        question: What was fitted.
        margin: The largest breaking that still counts as symmetric.
        generator: Draws directions and bootstrap weights.
        given: A span to be judged as a whole, in place of those that the question proposes.

    Shapes:
        - **given**: :math:`(K, n, n)`

    Attributes:
        yardstick: What breakings are measured by; there is none where the question has a reason not to be asked.
        undecided: The claim before anything was measured; its reason is empty if the data can tell.
    """

    def __init__(
        self, question: Question, margin: float, generator: torch.Generator, given: Tensor | None = None
    ) -> None:
        self.question, self.generator = question, generator
        samples = len(question.units)
        claim = Claim(question.name, "no evidence", 0, None, None, margin, 0.0, question.reason, samples)
        self.undecided = replace(claim, given=given is not None, degree=question.degree)
        self._measured: dict[int, Measured | None] = {0: None}
        if not question.reason:
            self.yardstick = Yardstick(question, generator)
            self.undecided = self._told(self.undecided)
        self._given = None
        if given is not None and not self.undecided.reason:
            self._given = _unit_span(given, question.directions)
            if len(self._given) == 0:
                self.undecided = replace(self.undecided, reason=_UNMOVED)

    def _told(self, claim: Claim) -> Claim:
        """What the yardstick says before anything is measured by it."""
        if self.yardstick.reason:
            return replace(claim, reason=self.yardstick.reason)
        resolution = self.yardstick.resolution
        return replace(claim, margin=self.question.margin(claim.margin, resolution), resolution=resolution)

    def claim(self, level: float = SPANS) -> Claim:
        """The largest span that is certified at a level, or whether the given one is."""
        claim = replace(self.undecided, level=level)
        if claim.reason:
            return claim
        if self._given is not None:
            dim, following = len(self._given), self._proposed(len(self._given))
            best = following if following is not None and following.p <= level else None
        else:
            most = len(self.question.directions) - 1
            dim, best, following = _largest(self._proposed, level, most)
        if dim and best is not None:
            further = following.breaking if following is not None and self._given is None else None
            apart = max(claim.margin, _ABOVE * best.breaking.high)
            enough = min(_APART * claim.margin, apart, POWER)
            if further is not None and further.low < enough:
                return replace(claim, breaking=best.breaking, next=further, p=best.p, reason=_NO_STEP)
            return self._certified(replace(claim, dim=dim, breaking=best.breaking, next=further, p=best.p), best)
        refutable = self._given is not None or not self.question.undecided()
        return self._not_certified(claim, following, refutable)

    def span(self, matrices: Tensor, level: float) -> Claim:
        """What is claimed at a level about a span from elsewhere, such as that of another question."""
        claim = replace(self.undecided, given=True, level=level)
        unit = matrices[:0] if claim.reason else _unit_span(matrices, self.question.directions)
        if len(unit) == 0:
            return replace(claim, reason=claim.reason or _UNMOVED)
        measured = self._span(unit)
        if measured is not None and measured.p <= level:
            return self._certified(replace(claim, dim=len(unit), breaking=measured.breaking, p=measured.p), measured)
        return self._not_certified(claim, measured, True)

    def element(self, g: Tensor, displacement: float) -> Callable[[float], Claim]:
        """Measure a single transformation by the same yardstick; what comes back claims at a level.

        Args:
            g: The transformation.
            displacement: By how much it moves the data, over their root mean square.

        Shapes:
            - **g**: :math:`(n, n)` or :math:`(V n, V n)`
        """
        claim = replace(self.undecided, given=True)
        if not claim.reason and displacement < _NOTHING:
            claim = replace(claim, reason=_UNMOVED)
        if claim.reason:
            return lambda level: replace(claim, level=level)
        size = self.yardstick.of(displacement)
        measured = None
        for draws in (_GLANCE, _DRAWS):
            measured = self._worst(self.yardstick.defects(g[None], draws), size[: 1 + draws])
            if measured is None or measured.breaking.low > 2 * claim.margin:
                break

        def at(level: float) -> Claim:
            leveled = replace(claim, level=level)
            if measured is not None and measured.p <= level:
                return self._certified(replace(leveled, breaking=measured.breaking, p=measured.p), measured)
            return self._not_certified(leveled, measured, True)

        return at

    def _certified(self, claim: Claim, measured: Measured) -> Claim:
        claim = replace(claim, scale=self._scale_of(measured))
        missed = self.question.misfit(measured.yardstick) > claim.margin
        return replace(claim, dim=0, reason=_MISSED) if missed else replace(claim, status="certified")

    def _not_certified(self, claim: Claim, measured: Measured | None, refutable: bool) -> Claim:
        if measured is None:
            return replace(claim, reason=LEFT)
        breaking, p, yardstick = measured
        claim = replace(claim, breaking=breaking, p=p, scale=self._scale_of(measured))
        if refutable and breaking.low > max(claim.margin, self.question.blind(yardstick)):
            return replace(claim, status="refuted")
        return replace(claim, reason=_AT_ONCE if p <= 1 - _BOUND else _BADLY)

    def _scale_of(self, measured: Measured) -> float | None:
        unit = self.question.unit()
        return None if unit is None else float((measured.yardstick / max(unit, 1e-300)) ** 0.5)

    def _proposed(self, dim: int) -> Measured | None:
        """What the best span of a dimension breaks, or the one that was given."""
        if dim not in self._measured:
            ends = _APART * self.undecided.margin
            span = self._given
            self._measured[dim] = self._span(self.question.span(dim), ends) if span is None else self._span(span)
        return self._measured[dim]

    def _span(self, span: Tensor, ends: float = math.inf) -> Measured | None:
        """The breaking of a span's weakest directions and of random ones; None if moved samples cannot be judged.

        Where they leave what is known, the displacement is shortened, as far as the data can tell. Random directions
        are not asked where the weakest break more than what ends a span.
        """
        last = span[-_TRIED:]
        others = combined(span, _COMBINATIONS if len(span) > 1 else 0, self.generator)
        yardstick = self.yardstick
        for step in (step for step in STEPS if step <= yardstick.step):
            size = yardstick.at(step)
            if size is None or yardstick.telling(size)[0]:
                return None
            found = yardstick.broken(step, torch.cat([last, -last]))
            measured = self._worst(found, size)
            if measured is not None and len(others) and measured.breaking.low < ends:
                measured = self._worst(torch.cat([found, yardstick.broken(step, others)]), size)
            if measured is not None:
                return measured
        return None

    def _worst(self, defects: Tensor, size: Tensor) -> Measured | None:
        """The worst of some elements, from their defects ``[D, 1 + B]``: the estimates, then those of the bootstrap."""
        if bool(defects.isnan().any()):
            return None
        squares = defects / size
        estimates, drawn = squares[:, 0], squares[:, 1:]
        low, high = drawn.quantile(torch.tensor([1 - _BOUND, _BOUND], dtype=squares.dtype), dim=1)
        # An estimate below zero is chance: it must not pull its own upper bound down.
        positive, width = estimates.clamp(min=0), high - estimates
        bounds = torch.stack([estimates.max(), low[estimates.argmax()], (positive + width).max()])
        # Normal tails, through the bound of the bootstrap.
        tails = torch.special.ndtri(torch.tensor(_BOUND, dtype=squares.dtype)) / width.clamp(min=1e-300)
        p = torch.special.ndtr(-(self.undecided.margin**2 - positive) * tails).max()
        return Measured(Breaking(*bounds.clamp(min=0).sqrt().tolist()), float(p), float(size[0]))


def _unit_span(matrices: Tensor, directions: Tensor) -> Tensor:
    """The part of a span that moves the data, by orthonormal combinations of directions, ``[K, n, n]``."""
    flat = directions.flatten(1).mT
    coefficients = torch.linalg.lstsq(flat, matrices.to(flat).flatten(1).mT).solution
    basis, values, _ = torch.linalg.svd(coefficients, full_matrices=False)
    basis = basis[:, values > _NOTHING * values.max()] if values.numel() and float(values.max()) > 0 else basis[:, :0]
    return torch.einsum("rk,rab->kab", basis, directions)


def _largest(
    measured: Callable[[int], Measured | None], level: float, most: int
) -> tuple[int, Measured | None, Measured | None]:
    """The largest dimension up to ``most`` that passes, its breaking, and that of one dimension more.

    The ladder ascends, so that the dimension is doubled until it is too large, and then bisected.
    """
    below, above = 0, most + 1
    while above - below > 1:
        middle = min(max(2 * below, 1), above - 1) if above == most + 1 else (below + above) // 2
        found = measured(middle)
        if found is not None and found.p <= level:
            below = middle
        else:
            above = middle
    return below, measured(below), measured(above) if above <= most else None
