"""Strict, relaxed and free steerable networks of one size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from pyg_liesym.cli.twins import Twin
from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars
from pyg_liesym.nn.conv.field_conv import Aggregation
from pyg_liesym.nn.message.reduce import Readout
from pyg_liesym.nn.models.steerable_gnn import SteerableGNN

MOST_FIELDS = 128


@dataclass(frozen=True)
class SteerableTwins:
    """Steerable networks on points of the plane: strict and relaxed of C_n, and of C_1, which any kernel obeys.

    Hidden fields are regular ones, three rings with harmonics up to frequency 2; relaxed weights have modes up to
    frequency 2 too.

    Args:
        num_layers: Hidden layers.
        parameters: About how many each network has.
        order: n.
        radius: Where the outermost ring ends.
        aggr: Sum over neighbours, or mean.
        head: Width of the small network behind a readout.
    """

    num_layers: int = 3
    parameters: int = 14_000
    order: int = 8
    radius: float = 0.6
    aggr: Aggregation = "mean"
    head: int = 32

    def build(
        self, twin: Twin, numbers: tuple[int, int], answer: tuple[int, int], readout: Readout | None = None
    ) -> SteerableGNN:
        """A network whose width comes nearest to the number of parameters.

        Args:
            twin: Which one.
            numbers: Scalars and vectors of the input.
            answer: Scalars and vectors of the output.
            readout: One answer for each graph, or a field.
        """
        group = PointGroup.cyclic(1 if twin == "free" else self.order)
        relaxed, basis = twin == "relaxed", self.basis(twin)

        def build(count: int) -> SteerableGNN:
            hidden = scalars(group, count) if twin == "free" else regulars(group, count)
            return SteerableGNN(
                fields(group, numbers), hidden, fields(group, answer), self.num_layers, basis=basis, max_frequency=2,
                relaxed=relaxed, readout=readout, aggr=self.aggr, head_channels=self.head,
            )  # fmt: skip

        return build(_count_within(build, self.parameters))

    def basis(self, twin: Twin) -> RingBasis:
        """The functions of the offset that the kernels of a twin are made of."""
        relaxed_frequency = 2 if twin == "relaxed" else 0
        return RingBasis.up_to(self.radius, count=3, max_frequency=2, relaxed_frequency=relaxed_frequency)


def fields(group: PointGroup, numbers: Sequence[int]) -> FieldType:
    """A field type of so many scalars and vectors."""
    representations = (Representation.trivial(group), Representation.vector(group))
    return FieldType([(one, count) for one, count in zip(representations, numbers, strict=True) if count])


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
