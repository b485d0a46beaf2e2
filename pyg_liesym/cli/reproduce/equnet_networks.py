"""Residual networks and U-Nets that forecast flows and keep some of the symmetries of the Navier–Stokes equations."""

from __future__ import annotations

from functools import partial
from typing import Literal, TypeAlias, get_args

from torch import nn

from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, regulars, scalars, vectors
from pyg_liesym.nn.field.riesz_conv2d import RieszConv2d
from pyg_liesym.nn.field.soft_relu import SoftReLU
from pyg_liesym.nn.field.steerable_conv2d import SteerableConv2d
from pyg_liesym.nn.models.canonicalized import Canonicalized
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import widest
from pyg_liesym.nn.models.field_res_net import FieldResNet
from pyg_liesym.nn.models.field_u_net import FieldUNet
from pyg_liesym.nn.models.riesz_rate_net import RieszRateNet

Backbone: TypeAlias = Literal["ResNet", "U-Net"]
Keeps: TypeAlias = Literal["nothing", "UM", "Mag", "Rot", "Scale", "UM, Mag, Rot"]
"""Uniform motion, magnitude, quarter turns, scalings of space and time, and what can be kept together.

Magnitude and scaling together would leave terms with two derivatives alone, and no flow that carries itself along."""
BACKBONES: tuple[Backbone, ...] = get_args(Backbone)
KEEPS: tuple[Keeps, ...] = get_args(Keeps)


def build_network(
    backbone: Backbone, keeps: Keeps, *, history: int, budget: int, scale: float, step: float
) -> FieldForecaster:
    """Build a forecaster as wide as so many parameters allow.

    Args:
        backbone: A residual network, or a U-Net that halves the lattice twice.
        keeps: Its symmetry, exact but for scalings.
        history: Frames that are given.
        budget: Parameters.
        scale: Root mean square of the flow.
        step: That of its changes from frame to frame.
    """
    kept = set(keeps.split(", "))

    def of_width(width: int) -> nn.Module:
        return _scaling(backbone, history, width) if "Scale" in kept else _turning(backbone, history, width, kept)

    net = of_width(widest(of_width, budget))
    if kept & {"UM", "Mag"}:
        net = Canonicalized(
            net, 2, uniform_motion="UM" in kept, magnitude="Mag" in kept, answer="change", lattice_dims=2
        )
    return FieldForecaster(net, history, scale, step)


def _turning(backbone: Backbone, history: int, width: int, kept: set[str]) -> nn.Module:
    """Convolutions that turn by quarters, or of numbers that nothing turns."""
    group = PointGroup.cyclic(4 if "Rot" in kept else 1)
    hidden = partial(regulars if "Rot" in kept else scalars, group)
    first, last = (vectors(group, count) if "Rot" in kept else scalars(group, 2 * count) for count in (history, 1))
    conv = partial(SteerableConv2d, kernel_size=3)
    if backbone == "ResNet":
        return FieldResNet(first, hidden(width), last, conv, num_blocks=3)
    return FieldUNet(first, [hidden(width), hidden(2 * width), hidden(4 * width)], last, conv)


def _scaling(backbone: Backbone, history: int, width: int) -> nn.Module:
    """Convolutions that scalings leave as they are, each of which sees all places, so that few will do."""

    def conv(before: FieldType, after: FieldType) -> RieszConv2d:
        return RieszConv2d(before.channels, after.channels, bias=False)

    hidden, act = partial(scalars, PointGroup.cyclic(1)), SoftReLU()
    if backbone == "ResNet":
        layers: nn.Module = FieldResNet(hidden(2), hidden(width), hidden(width), conv, num_blocks=1, act=act)
    else:
        layers = FieldUNet(hidden(2), [hidden(width), hidden(2 * width)], hidden(width), conv, act=act)
    return RieszRateNet(history, width, layers=nn.Sequential(layers, act))
