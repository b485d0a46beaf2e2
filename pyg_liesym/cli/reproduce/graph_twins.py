"""Three networks on points of the plane that differ in what they are held to alone, with as many parameters each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from torch import nn

from pyg_liesym.cli.reproduce.graph_training import Twin
from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars
from pyg_liesym.nn.models.steerable_gnn import SteerableGNN

MOST_FIELDS = 128


def steerable_twin(
    twin: Twin,
    numbers: tuple[int, int],
    answer: tuple[int, int],
    *,
    order: int,
    radius: float,
    num_layers: int,
    parameters: int,
    readout: Literal["mean"] | None = None,
) -> SteerableGNN:
    """Build a strict, relaxed or free network of about so many parameters.

    Hidden fields are regular ones of C_n, three rings with harmonics up to frequency 2; relaxed weights have modes up
    to frequency 2 too. The free network is the same of C_1: every kernel made of these rings and harmonics.

    Args:
        twin: Which one.
        numbers: Scalars and vectors of the input.
        answer: Scalars and vectors of the output.
        order: n.
        radius: Where the outermost ring ends.
        num_layers: Hidden layers.
        parameters: About how many.
        readout: One answer for each graph, or a field.
    """
    group = PointGroup.cyclic(1 if twin == "free" else order)
    relaxed = twin == "relaxed"
    basis = RingBasis.up_to(radius, count=3, max_frequency=2, relaxed_frequency=2 if relaxed else 0)

    def build(count: int) -> SteerableGNN:
        hidden = scalars(group, count) if twin == "free" else regulars(group, count)
        return SteerableGNN(
            _fields(group, numbers), hidden, _fields(group, answer), num_layers, basis=basis, max_frequency=2,
            relaxed=relaxed, readout=readout,
        )  # fmt: skip

    return build(_count_within(build, parameters))


def _fields(group: PointGroup, numbers: Sequence[int]) -> FieldType:
    kinds = (Representation.trivial(group), Representation.vector(group))
    return FieldType([(kind, count) for kind, count in zip(kinds, numbers, strict=True) if count])


def _count_within(build: Callable[[int], nn.Module], parameters: int) -> int:
    """The number of hidden fields whose network comes nearest to a number of parameters."""
    best, distance = 1, float("inf")
    for count in range(1, MOST_FIELDS):
        gap = sum(p.numel() for p in build(count).parameters()) - parameters
        if abs(gap) < distance:
            best, distance = count, abs(gap)
        if gap > 0:
            break
    return best
