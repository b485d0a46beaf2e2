"""Twins that look at pictures on grids."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from pyg_liesym.cli.reproduce.relaxed_twins import Twin
from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, regulars, scalars
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.field_norm import FieldNorm
from pyg_liesym.nn.field.group_pool import GroupPool
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.models.field_conv_net import FieldConvNet
from pyg_liesym.nn.models.field_forecasters import widest

_HEAD = 32


@dataclass(frozen=True)
class GridTwins:
    """Steerable networks on pictures: strict and relaxed of C_n, and of C_1, which any kernel obeys.

    Their kernels are those of :class:`~pyg_liesym.cli.reproduce.steerable_twins.SteerableTwins` on points: three rings
    with harmonics up to frequency 2, which a grid carries at any angle; filters that are free on every pixel would not
    be. After the convolutions the largest number over the rotations and the mean over the places go through a small
    network.

    Args:
        order: n.
        num_layers: Convolutions.
        kernel_size: Their size.
        parameters: Each network is as wide as so many parameters allow.
    """

    order: int = 8
    num_layers: int = 3
    kernel_size: int = 5
    parameters: int = 9_500

    def build(self, twin: Twin, channels: int, classes: int) -> nn.Module:
        """A network from pictures ``[B, channels, H, W]`` to the logits of classes ``[B, classes]``."""
        group = PointGroup.cyclic(1 if twin == "free" else self.order)
        relaxed = twin == "relaxed"
        basis = RingBasis.up_to(self.kernel_size / 2, count=3, max_frequency=2, relaxed_frequency=2 if relaxed else 0)

        def layer(before: FieldType, after: FieldType) -> nn.Module:
            kernel = SteerableKernel(before, after, basis, 2, relaxed=relaxed)
            return nn.Sequential(FieldConv2d(kernel, self.kernel_size), FieldNorm(after))

        def build(width: int) -> nn.Module:
            hidden = scalars(group, width) if twin == "free" else regulars(group, width)
            return nn.Sequential(
                FieldConvNet([scalars(group, channels), *[hidden] * self.num_layers], layer, act_last=True),
                GroupPool(hidden), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                nn.Linear(width, _HEAD), nn.ReLU(), nn.Linear(_HEAD, classes),
            )  # fmt: skip

        return build(widest(build, self.parameters))
