"""Twins that look at pictures and windows of winds: on grids, and on points among their pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from pyg_liesym.cli.reproduce.steerable_twins import SteerableTwins, fields
from pyg_liesym.cli.twins import Twin
from pyg_liesym.field.lattice import Lattice
from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, regulars, scalars
from pyg_liesym.field.sampling import perturbed_positions, values_at
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.field_norm import FieldNorm
from pyg_liesym.nn.field.group_pool import GroupPool
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.message.edges import Edges
from pyg_liesym.nn.models.field_conv_net import FieldConvNet
from pyg_liesym.nn.models.field_forecasters import widest
from pyg_liesym.nn.models.steerable_gnn import SteerableGNN

_HEAD = 32

Numbers = tuple[int, int]
"""How many scalars and vectors."""


@dataclass(frozen=True)
class GridTwins:
    """Steerable networks on pictures: strict and relaxed of C_n, and of C_1, which any kernel obeys.

    Their kernels are those of :class:`~pyg_liesym.cli.reproduce.steerable_twins.SteerableTwins` on points: three rings
    with harmonics up to frequency 2, which a grid carries at any angle; filters that are free on every pixel would not
    be. For an answer of numbers, the largest over the rotations and over the places go through a small
    network; an answer of vectors is that of the middle pixel.

    Args:
        order: n.
        num_layers: Hidden convolutions.
        kernel_size: Their size.
        parameters: Each network is as wide as so many parameters allow.
    """

    order: int = 8
    num_layers: int = 2
    kernel_size: int = 5
    parameters: int = 6_000

    def build(self, twin: Twin, numbers: Numbers, answer: Numbers, readout: Literal["max"] | None) -> nn.Module:
        """A network from ``[B, C, H, W]`` to ``[B, C']``."""
        group = PointGroup.cyclic(1 if twin == "free" else self.order)
        relaxed = twin == "relaxed"
        basis = RingBasis.up_to(self.kernel_size / 2, count=3, max_frequency=2, relaxed_frequency=2 if relaxed else 0)

        def layer(before: FieldType, after: FieldType) -> nn.Module:
            conv = FieldConv2d(SteerableKernel(before, after, basis, 2, relaxed=relaxed), self.kernel_size)
            return conv if after == fields(group, answer) else nn.Sequential(conv, FieldNorm(after))

        def build(width: int) -> nn.Module:
            hidden = scalars(group, width) if twin == "free" else regulars(group, width)
            types = [fields(group, numbers), *[hidden] * self.num_layers]
            if readout is None:
                return nn.Sequential(FieldConvNet([*types, fields(group, answer)], layer), Middle())
            return nn.Sequential(
                FieldConvNet(types, layer, act_last=True), GroupPool(hidden), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
                nn.Linear(width, _HEAD), nn.ReLU(), nn.Linear(_HEAD, answer[0]),
            )  # fmt: skip

        return build(widest(build, self.parameters))


class Middle(nn.Module):
    """The middle pixel of a field, ``[B, C, H, W]`` to ``[B, C]``; of an even number of rows the mean of two."""

    def forward(self, field: Tensor) -> Tensor:
        """Read it."""
        height, width = field.shape[-2:]
        rows, columns = slice((height - 1) // 2, height // 2 + 1), slice((width - 1) // 2, width // 2 + 1)
        return field[..., rows, columns].mean((-2, -1))


@dataclass(frozen=True)
class PointTwins:
    """The same on graphs of points, which lie irregularly among the pixels of a grid and read it bilinearly.

    Every batch in training has one of many clouds of points, and tests have another, so that no network learns where
    the points are. Each point has all neighbours that the kernels reach.

    Args:
        network: The networks; lengths are in pixels. An answer of vectors, which no norm follows, is of means.
        spacing: Of the points, in pixels.
        jitter: Largest move of a point, in spacings of the points.
        clouds: Clouds of points in training.
    """

    network: SteerableTwins = SteerableTwins(num_layers=2, parameters=6_000, radius=2.5, aggr="sum")
    spacing: float = 1.0
    jitter: float = 0.3
    clouds: int = 64

    def build(
        self, twin: Twin, numbers: Numbers, answer: Numbers, readout: Literal["max"] | None, size: int
    ) -> nn.Module:
        """A network from ``[B, C, size, size]`` to ``[B, C']``; an answer of vectors is that at the middle."""
        twins = self.network if readout else replace(self.network, aggr="mean")
        net = twins.build(twin, numbers, answer, readout)
        points = round(size / self.spacing)
        share = size / points
        corner = (share - size) / 2
        lattice = Lattice(points, points, (share, share), (corner, corner))
        generator = torch.Generator().manual_seed(0)
        inside = lattice.positions().norm(dim=1) < size / 2
        clouds = [
            torch.cat([torch.zeros(1, 2), perturbed_positions(lattice, self.jitter, generator)[inside]])
            for _ in range(self.clouds + 1)
        ]
        return AtPoints(net, torch.stack(clouds), size, self.network.basis(twin).reach)


class AtPoints(nn.Module):
    """A network of points, which reads grids at some places, the first of which has the answer if it is a field.

    Args:
        net: The network.
        places: Clouds of points, in pixels about the middle of the grid: the first for tests, the others in training.
        size: Pixels along a side of the grid.
        reach: Points no further from each other than this are neighbours, each its own too.

    Shapes:
        - **places**: :math:`(K, N, 2)`; **field**: :math:`(B, C, size, size)`; **output**: :math:`(B, C')`
    """

    places: Tensor

    def __init__(self, net: SteerableGNN, places: Tensor, size: int, reach: float) -> None:
        super().__init__()
        self.net, self.reach = net, reach
        self.lattice = Lattice(size, size, (1.0, 1.0), ((1 - size) / 2, (1 - size) / 2))
        self.register_buffer("places", places)

    def forward(self, field: Tensor) -> Tensor:
        """Read the grids and run the network."""
        places = self.places[int(torch.randint(1, len(self.places), ())) if self.training else 0]
        answer: Tensor = self.net(values_at(field, self.lattice, places), places, self.edges(places))
        return answer if self.net.readout else answer[:, 0]

    def edges(self, places: Tensor) -> Edges:
        """The neighbours of each point of a cloud."""
        near = (places[:, None] - places).square().sum(-1) <= self.reach**2
        return Edges(near.nonzero().mT.flip(0), torch.cat([near.new_zeros(1).long(), near.sum(1).cumsum(0)]))
