"""Which questions data allow, and how they are put."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.density import Density
from pyg_liesym.discovery.evidence.law import Law
from pyg_liesym.discovery.evidence.question import Question
from pyg_liesym.discovery.evidence.support import Support
from pyg_liesym.discovery.samples import Samples

Asking: TypeAlias = Callable[[Samples, Tensor, Tensor, torch.Generator], Question]


def questions(has_output: bool) -> list[Asking]:
    """The questions that data allow, the most telling first: without an output there is no law."""
    return [_law, _support, _density] if has_output else [_support, _density]


def _law(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    inputs, outputs = samples.vectors[:, : samples.num_inputs], samples.vectors[:, samples.num_inputs :]
    return Law(inputs, outputs, _invariants(samples), span, units, generator)


def _support(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    return Support(samples.vectors, samples.scalars, span, units, generator)


def _density(samples: Samples, span: Tensor, units: Tensor, generator: torch.Generator) -> Question:
    return Density(samples.vectors, _invariants(samples), span, units, generator)


def _invariants(samples: Samples) -> Tensor:
    """Numbers that nothing moves, labels as a column a class."""
    if samples.labels is None:
        return samples.scalars
    return torch.nn.functional.one_hot(samples.labels, samples.num_classes).double()
