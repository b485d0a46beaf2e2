"""Which questions data allow, how they are put, and what is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.claim import ELEMENTS, SPANS, Claim, step_up
from pyg_liesym.discovery.evidence.density import Density
from pyg_liesym.discovery.evidence.element import Element, own_elements, usual_elements
from pyg_liesym.discovery.evidence.law import Law
from pyg_liesym.discovery.evidence.moments import Moments
from pyg_liesym.discovery.evidence.question import Question, pooled
from pyg_liesym.discovery.evidence.support import Support, support_halves
from pyg_liesym.discovery.evidence.trial import Trial
from pyg_liesym.discovery.samples import Samples, independent_units
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.component import generated
from pyg_liesym.typing import OptTensor

UNASKED = "no algebra was asked about"

Asking: TypeAlias = Callable[[Samples, Tensor, Tensor, torch.Generator], Question]


@dataclass(frozen=True, eq=False)
class Tried:
    """A single transformation that was asked about.

    Attributes:
        element: The transformation.
        claim: What may be said.
        follows: Whether it belongs to the group of the certified algebra and of those before it, and adds nothing.
    """

    element: Element
    claim: Claim
    follows: bool


class Answered(NamedTuple):
    """A question's answer.

    Attributes:
        claim: What may be said.
        basis: ``[K, n, n]``: the certified span; none without one.
        ladder: ``[R]``: squared defects of all directions on the samples that were fitted, ascending.
        seconds: How long it took.
        remarks: What else the question says of the span, plain Python values.
        elements: What is claimed about single transformations.
        kept_by: The questions that certify this span, and what it breaks there, over the margin.
    """

    claim: Claim
    basis: Tensor
    ladder: Tensor
    seconds: float
    remarks: Mapping[str, Any]
    elements: tuple[Tried, ...] = ()
    kept_by: Mapping[str, float] = MappingProxyType({})


def answers(
    samples: Samples,
    *,
    among: LieAlgebra | None = None,
    given: LieAlgebra | None = None,
    algebras: bool = True,
    discrete: bool | Sequence[Tensor] | None = None,
    groups: Sequence[int] | OptTensor = None,
    margin: float = 0.05,
    degree: int = 2,
    seed: int = 0,
    ask: Sequence[Asking] | None = None,
) -> list[Answered]:
    """Every question that the samples allow, the most telling first, answered.

    Args:
        samples: The data.
        among: Matrices among which to look; all of gl(n) if not given.
        given: Matrices to be judged as a whole, in place of those found.
        algebras: Whether to ask about algebras at all.
        discrete: Whether to ask about single transformations, or which (`usual_elements` and `own_elements`); if not
            given, where no algebra is certified.
        groups: A number for every sample; those of one group depend on each other.
        margin: The breaking up to which a symmetry counts as one.
        degree: Of the polynomials that a support is made of.
        seed: Everything random follows from it.
        ask: What is asked; if not given, all `questions` that such data allow.

    Raises:
        ValueError: On a margin outside (0, 1), a degree below two, matrices of another size, none to judge, or wrong
            groups.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin must lie between 0 and 1, got {margin}")
    if degree < 2:
        raise ValueError(f"degree must be 2 or more, got {degree}: planes alone are kept for every question")
    n = samples.vectors.size(-1)
    if n == 1:
        raise ValueError(
            "x holds vectors of one number; their one linear action, a factor, has nothing to be compared with: "
            "give vectors of at least two components, [S, n] or [S, v, n]"
        )
    among = LieAlgebra.general_linear(n) if among is None else among
    own = [] if discrete is None or isinstance(discrete, bool) else discrete
    elements = own_elements(own, n, samples.vectors.size(1))
    for algebra in (among, among if given is None else given):
        if algebra.n != n:
            raise ValueError(f"the vectors have {n} components, but the matrices are {algebra.n} × {algebra.n}")
        if algebra.rank() == 0:
            raise ValueError("there is nothing to certify: the algebra has no matrix that is not zero")
    units = independent_units(groups, len(samples))
    span, whole = among.basis.double(), None if given is None else given.basis.double()
    trials, seconds = [], []
    for question in questions(samples.has_output, degree) if ask is None else ask:
        begun = time.perf_counter()
        generator = torch.Generator().manual_seed(seed)
        trials.append(Trial(question(samples, span, units, generator), margin, generator, whole))
        if algebras:
            trials[-1].claim()  # measured now, to be on the clock
        seconds.append(time.perf_counter() - begun)
    asked = [trial for trial in trials if algebras and not trial.undecided.reason]
    level = step_up([_certifies(trial) for trial in asked], SPANS)
    answered = []
    for trial, took in zip(trials, seconds, strict=True):
        claim = trial.claim(level) if algebras else replace(trial.undecided, reason=trial.undecided.reason or UNASKED)
        basis = span[:0] if not claim.dim else trial.question.span(claim.dim) if whole is None else whole
        remarks = trial.question.remarks(basis) if len(basis) else {}
        answered.append(Answered(claim, basis, trial.question.ladder, took, remarks))
    if discrete is True or (discrete is None and not any(one.claim.dim for one in answered)):
        elements = usual_elements(n, samples.num_inputs, samples.vectors.size(1) - samples.num_inputs)
    tried = _tried(trials, elements, samples)
    crossed = [_crossed(one, answered, trials, level) for one in answered]
    return [_with(*parts) for parts in zip(answered, tried, crossed, strict=True)]


def _crossed(one: Answered, answered: Sequence[Answered], trials: Sequence[Trial], level: float) -> dict[str, float]:
    """What a span breaks, over the margin, in the questions that certify it and keep one of its dimension."""
    kept = {}
    for other, trial in zip(answered, trials, strict=True):
        if one.claim.dim and other.claim.dim == one.claim.dim:
            claim = other.claim if other is one else trial.span(one.basis, level)
            if claim.status == "certified" and claim.breaking is not None:
                kept[other.claim.question] = claim.breaking.size / claim.margin
    return kept


def _tried(trials: Sequence[Trial], elements: Sequence[Element], samples: Samples) -> list[list[tuple[Element, Claim]]]:
    """What each question says of single transformations, at the level at which all of them are asked."""
    n = samples.vectors.size(-1)
    moves = [samples.displacement(element.matrix) for element in elements]
    asked = []
    for trial in trials:
        apart = trial.question.one_way
        askable = [] if trial.undecided.reason else zip(elements, moves, strict=True)
        own = [(e, trial.element(e.matrix, d)) for e, d in askable if not (apart and e.mixes(samples.num_inputs, n))]
        asked.append(own)
    level = step_up([_keeps(claimed) for own in asked for _, claimed in own], ELEMENTS)
    return [[(element, claimed(level)) for element, claimed in own] for own in asked]


def _with(answered: Answered, tried: Sequence[tuple[Element, Claim]], kept_by: dict[str, float]) -> Answered:
    """An answer with its single transformations, those marked that follow from the others."""
    n = answered.basis.size(-1)
    alike = [element.matrix for element, claim in tried if claim.status == "certified" and len(element.matrix) == n]
    follows = iter(generated(alike, answered.basis))
    marked = (
        Tried(element, claim, claim.status == "certified" and len(element.matrix) == n and next(follows))
        for element, claim in tried
    )
    return answered._replace(elements=tuple(marked), kept_by=kept_by)


def _keeps(claimed: Callable[[float], Claim]) -> Callable[[float], bool]:
    return lambda level: claimed(level).status == "certified"


def _certifies(trial: Trial) -> Callable[[float], bool]:
    return lambda level: trial.claim(level).dim > 0


def questions(has_output: bool, degree: int = 2) -> list[Asking]:
    """The questions that data allow, the most telling first: without an output there is no law."""
    support = partial(_support, degree=degree)
    return [_law, support, _density] if has_output else [support, _density]


def _law(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    inputs, outputs = samples.vectors[:, : samples.num_inputs], samples.vectors[:, samples.num_inputs :]
    return Law(inputs, outputs, _invariants(samples), span, units, generator)


def _support(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator, *, degree: int = 2) -> Question:
    num, num_vectors, n = samples.vectors.shape
    values = torch.cat([samples.vectors.reshape(num, -1), samples.scalars], 1)
    fitted, judged = support_halves(units, values.size(1), degree, generator)
    own = pooled(units[judged], generator)
    return Support(
        lambda: Moments(values[fitted], num_vectors, n, degree), values[judged], own, num, span, samples.noise, degree
    )


def _density(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    return Density(samples.vectors, _invariants(samples), span, units, generator)


def _invariants(samples: Samples) -> Tensor:
    """Numbers that nothing moves, labels as a column a class."""
    if samples.labels is None:
        return samples.scalars
    return torch.nn.functional.one_hot(samples.labels, samples.num_classes).double()
