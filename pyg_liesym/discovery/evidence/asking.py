"""Which questions data allow, how they are put, and what is answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.claim import SPANS, Claim, step_up
from pyg_liesym.discovery.evidence.density import Density
from pyg_liesym.discovery.evidence.law import Law
from pyg_liesym.discovery.evidence.question import Question
from pyg_liesym.discovery.evidence.support import Support
from pyg_liesym.discovery.evidence.trial import Trial
from pyg_liesym.discovery.samples import Samples, independent_units
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.typing import OptTensor

Asking: TypeAlias = Callable[[Samples, Tensor, Tensor, torch.Generator], Question]


class Answered(NamedTuple):
    """A question's answer.

    Attributes:
        claim: What may be said.
        basis: ``[K, n, n]``: the certified span; none without one.
        ladder: ``[R]``: squared defects of all directions on the samples that were fitted, ascending.
        seconds: How long it took.
        remarks: What else the question says of the span, plain Python values.
    """

    claim: Claim
    basis: Tensor
    ladder: Tensor
    seconds: float
    remarks: Mapping[str, Any]


def answers(
    samples: Samples,
    *,
    among: LieAlgebra | None = None,
    given: LieAlgebra | None = None,
    groups: Sequence[int] | OptTensor = None,
    margin: float = 0.05,
    seed: int = 0,
) -> list[Answered]:
    """Every question that the samples allow, the most telling first, answered.

    Args:
        samples: The data.
        among: Matrices among which to look; all of gl(n) if not given.
        given: Matrices to be judged as a whole, in place of those found.
        groups: A number for every sample; those of one group depend on each other.
        margin: The breaking up to which a symmetry counts as one.
        seed: Everything random follows from it.

    Raises:
        ValueError: On a margin outside (0, 1), matrices of another size, none to judge, or wrong groups.
    """
    if not 0 < margin < 1:
        raise ValueError(f"margin must lie between 0 and 1, got {margin}")
    n = samples.vectors.size(-1)
    among = LieAlgebra.general_linear(n) if among is None else among
    for algebra in (among, among if given is None else given):
        if algebra.n != n:
            raise ValueError(f"the vectors have {n} components, but the matrices are {algebra.n} × {algebra.n}")
        if algebra.rank() == 0:
            raise ValueError("there is nothing to certify: the algebra has no matrix that is not zero")
    units = independent_units(groups, len(samples))
    span, whole = among.basis.double(), None if given is None else given.basis.double()
    trials, seconds = [], []
    for ask in questions(samples.has_output):
        begun = time.perf_counter()
        generator = torch.Generator().manual_seed(seed)
        trials.append(Trial(ask(samples, span, units, generator), margin, generator, whole))
        trials[-1].claim()  # measured now, to be on the clock
        seconds.append(time.perf_counter() - begun)
    level = step_up([_certifies(trial) for trial in trials if not trial.undecided.reason], SPANS)
    answered = []
    for trial, took in zip(trials, seconds, strict=True):
        claim = trial.claim(level)
        basis = span[:0] if not claim.dim else trial.question.span(claim.dim) if whole is None else whole
        remarks = trial.question.remarks(basis) if len(basis) else {}
        answered.append(Answered(claim, basis, trial.question.ladder, took, remarks))
    return answered


def _certifies(trial: Trial) -> Callable[[float], bool]:
    return lambda level: trial.claim(level).dim > 0


def questions(has_output: bool) -> list[Asking]:
    """The questions that data allow, the most telling first: without an output there is no law."""
    return [_law, _support, _density] if has_output else [_support, _density]


def _law(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    inputs, outputs = samples.vectors[:, : samples.num_inputs], samples.vectors[:, samples.num_inputs :]
    return Law(inputs, outputs, _invariants(samples), span, units, generator)


def _support(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    return Support(samples.vectors, samples.scalars, span, units, generator, samples.noise)


def _density(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    return Density(samples.vectors, _invariants(samples), span, units, generator)


def _invariants(samples: Samples) -> Tensor:
    """Numbers that nothing moves, labels as a column a class."""
    if samples.labels is None:
        return samples.scalars
    return torch.nn.functional.one_hot(samples.labels, samples.num_classes).double()
