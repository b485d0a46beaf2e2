"""The rows of layers and networks on lattices, and of modules of fields anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from contract.row import Element, Lattice, Row
from pyg_liesym import nn
from pyg_liesym.field import PointGroup, StencilBasis, regulars, scalars, vectors
from pyg_liesym.field.action import quarter_turn
from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.stencil import stencil
from pyg_liesym.nn import baselines, field
from pyg_liesym.nn.field.kernels import SteerableKernel
from pyg_liesym.nn.models.field_forecasters import FORECASTERS

C4 = PointGroup.cyclic(4)
FLOW, HIDDEN = vectors(C4, 1), regulars(C4, 2)
SIDE = 6
SCALES = (1.0, 1.5)
NOTHING = "keeps no group"
BORDER = "translations are kept away from the border only"
NO_PARAMETERS = dict.fromkeys(("ddp", "functional", "reset", "gradients"), "has no parameters")
INEXACT = "a lattice has no exact scalings"


def turn(kind_in: FieldType, kind_out: FieldType) -> Element:
    """A quarter turn."""
    return Element({"field": lambda f: quarter_turn(f, kind_in)}, (lambda f: quarter_turn(f, kind_out),))


def flip(kind_in: FieldType, kind_out: FieldType) -> Element:
    """A reflection, which fields of C4 do not know, so that only the places move."""
    return Element({"field": lambda f: f.flip(-2)}, (lambda f: f.flip(-2),))


def plain_turn() -> Element:
    """A quarter turn of the places alone, and of the numbers as if they were scalars."""
    return Element({"field": lambda f: torch.rot90(f, 1, (-2, -1))}, (lambda f: torch.rot90(f, 1, (-2, -1)),))


def roll() -> Element:
    """A translation of a periodic lattice."""
    move = lambda f: torch.roll(f, (1, 2), (-2, -1))  # noqa: E731
    return Element({"field": move}, (move,))


def turning(name: str, build: Callable, kind_in: FieldType = FLOW, kind_out: FieldType = HIDDEN, **inputs) -> Row:
    """A layer that keeps quarter turns and no reflections."""
    shape = (kind_in.channels, SIDE, SIDE)
    return Row(name, build, Lattice(shape, **inputs), turn(kind_in, kind_out), flip(kind_in, kind_out))


def at_a_place(name: str, build: Callable, kind_in: FieldType, kind_out: FieldType) -> Row:
    """A module that looks at one place at a time, where any mixture of the channels is what it does not keep."""
    matrix = torch.randn(kind_in.channels, kind_in.channels, generator=torch.Generator().manual_seed(0)).double()
    mix = lambda f: torch.einsum("ij,bjhw->bihw", matrix, f)  # noqa: E731
    other = Element({"field": mix}, (mix if kind_in == kind_out else None,))
    return turning(name, build, kind_in, kind_out, periodic=True).but(other=other)


def scaling(name: str, build: Callable, channels: tuple[int, ...] = (2,)) -> Row:
    """A layer that keeps translations exactly, and no turns; scalings, its purpose, are inexact on a lattice."""
    return Row(
        name, build, Lattice((*channels, SIDE, SIDE + 2), periodic=True), roll(), plain_turn(), relaxed_keeps=True
    )


def steerable(**arguments: Any) -> field.SteerableConv2d:
    return field.SteerableConv2d(FLOW, HIDDEN, 3, padding="circular", **arguments)


def group(**arguments: Any) -> field.GroupConv2d:
    return field.GroupConv2d(HIDDEN, HIDDEN, 3, padding="circular", **arguments)


def scale(**arguments: Any) -> field.ScaleConv2d:
    return field.ScaleConv2d(2, 3, 5, SCALES, padding="circular", **arguments)


LAYERS = [
    turning(
        "FieldConv2d",
        lambda: field.FieldConv2d(SteerableKernel(FLOW, HIDDEN, StencilBasis(stencil(3)), 2), 3, padding="circular"),
        periodic=True,
    ),
    turning("SteerableConv2d", lambda: steerable(), periodic=True),
    turning("SteerableConv2d, relaxed", lambda: steerable(relaxed=True), periodic=True),
    turning("GroupConv2d", lambda: group(), HIDDEN, periodic=True),
    turning("GroupConv2d, relaxed", lambda: group(relaxed=True), HIDDEN, periodic=True),
    scaling("ScaleConv2d", lambda: scale(), (2, len(SCALES))),
    scaling("ScaleConv2d, lifting", lambda: scale(lifting=True)),
    scaling("ScaleConv2d, relaxed", lambda: scale(relaxed=True), (2, len(SCALES))),
    scaling("RieszConv2d", lambda: field.RieszConv2d(2, 3, padding="circular")),
    scaling("RieszConv2d, relaxed", lambda: field.RieszConv2d(2, 3, relaxed=True, num_octaves=3, padding="circular")),
    Row(
        "RelaxedTranslationConv2d",
        lambda: field.RelaxedTranslationConv2d(FLOW, HIDDEN, 3, (SIDE, SIDE + 2), padding="circular"),
        Lattice((2, SIDE, SIDE + 2)),
        roll(),
        without={"permutation": "the weights belong to the places"},
    ),
    at_a_place("FieldActivation", lambda: field.FieldActivation(FLOW), FLOW, FLOW),
    at_a_place("SoftReLU", field.SoftReLU, HIDDEN, HIDDEN).but(without=NO_PARAMETERS),
    at_a_place("FieldNorm", lambda: field.FieldNorm(HIDDEN), HIDDEN, HIDDEN),
    at_a_place("GroupPool", lambda: field.GroupPool(HIDDEN), HIDDEN, scalars(C4, 2)).but(without=NO_PARAMETERS),
    Row(
        "LatticeLinear",
        lambda: baselines.LatticeLinear(2, 3, (SIDE, SIDE), 2),
        Lattice((2, SIDE, SIDE)),
        without={"equivariance": NOTHING},
    ),
    turning("LocallyConnectedConv2d", lambda: baselines.LocallyConnectedConv2d(FLOW, HIDDEN, 3, (SIDE, SIDE))),
    turning(
        "ResidualPathway",
        lambda: baselines.ResidualPathway(field.SteerableConv2d(FLOW, HIDDEN, 3), baselines.PlainConv2d(2, 8, 3)),
    ),
    Row(
        "PlainConv2d",
        lambda: baselines.PlainConv2d(2, 3, 3),
        Lattice((2, SIDE, SIDE)),
        without={"equivariance": BORDER},
    ),
]  # fmt: skip


def lift_expansion() -> baselines.LiftExpansion:
    wider = regulars(C4, 3)
    front, back = field.SteerableConv2d(FLOW, HIDDEN, 3), field.SteerableConv2d(wider, FLOW, 3)
    return baselines.LiftExpansion(front, back, in_channels=2, hidden_channels=4, num_features=4, blocks=2)


def circular(before: FieldType, after: FieldType) -> field.SteerableConv2d:
    return field.SteerableConv2d(before, after, 3, relaxed=True, padding="circular")


def steerable_net() -> nn.FieldConvNet:
    return nn.FieldConvNet([FLOW, HIDDEN, FLOW], circular)


def canonicalized(inner: Any = None, **arguments: Any) -> nn.Canonicalized:
    return nn.Canonicalized(steerable_net() if inner is None else inner, 2, lattice_dims=2, **arguments)


def wind(factor: float) -> Element:
    """A flow made so many times as strong, in a wind."""
    act = lambda f: factor * f + torch.tensor([3.0, -2.0], dtype=f.dtype)[:, None, None]  # noqa: E731
    return Element({"field": act}, (act,))


def riesz_res_net() -> nn.RieszRateNet:
    """Residual layers in place of those that follow each other."""
    plain = lambda channels: scalars(PointGroup.cyclic(1), channels)  # noqa: E731
    conv = lambda a, b: field.RieszConv2d(a.channels, b.channels, bias=False, padding="circular")  # noqa: E731
    layers = nn.FieldResNet(plain(2), plain(3), plain(3), conv, num_blocks=1, act=field.SoftReLU())
    return nn.RieszRateNet(1, 3, layers=layers, padding="circular")


NETS = [
    Row("Canonicalized", canonicalized, Lattice((2, SIDE, SIDE), periodic=True), wind(5.0), wind(-5.0)).but(
        relaxed_keeps=True
    ),
    turning("Canonicalized, turned", canonicalized, FLOW, FLOW, periodic=True),
    turning("FieldConvNet", steerable_net, FLOW, FLOW, periodic=True),
    turning(
        "FieldResNet", lambda: nn.FieldResNet(FLOW, HIDDEN, FLOW, circular, num_blocks=2), FLOW, FLOW, periodic=True
    ),
    turning("FieldUNet", lambda: nn.FieldUNet(FLOW, [HIDDEN, regulars(C4, 3)], FLOW, circular), FLOW, FLOW),
    scaling(
        "ScaleConvNet",
        lambda: nn.ScaleConvNet(
            [2, 3, 2], lambda a, b, lifting: field.ScaleConv2d(a, b, 5, SCALES, lifting=lifting, padding="circular")
        ),
    ),
    turning("LiftExpansion", lift_expansion, FLOW, FLOW),
    scaling(
        "SpaceTimeScaling",
        lambda: nn.SpaceTimeScaling(
            field.ScaleConv2d(2, 2, 5, SCALES, zero_mean=True, padding="circular"), SCALES, history=1
        ),
    ),
    scaling("RieszRateNet", lambda: nn.RieszRateNet(2, 3, padding="circular"), (4,)),
    scaling("RieszRateNet, layers of its own", riesz_res_net, (2,)),
    scaling("RieszRateNet, relaxed", lambda: nn.RieszRateNet(1, 3, relaxed=True, num_octaves=3, padding="circular")),
    Row(
        "FieldMLP",
        lambda: baselines.FieldMLP(2, 4, 3, 3, size=(SIDE, SIDE)),
        Lattice((2, SIDE, SIDE)),
        without={"equivariance": NOTHING},
    ),
]

FRAMES = 2


def forecaster(symmetry: str, name: str) -> Row:
    """A network of `build_forecaster`: only quarter turns are exact where the lattice has a border."""
    size = (SIDE, SIDE)
    build = lambda: nn.build_forecaster(  # noqa: E731
        name, symmetry, width=3, size=size, history=FRAMES, num_layers=3, scales=SCALES, scale=2.0, step=0.5
    )
    without = {} if name == "strict" else {"compile": "the rows of the networks and layers that it is made of"}
    row = Row(f"forecaster {symmetry} {name}", build, Lattice((FRAMES, 2, *size)), without=without)
    if symmetry == "rotation" and name not in ("mlp", "convnet"):
        return row.but(element=frames_turned(), other=flip(FLOW, FLOW))
    reason = NOTHING if name == "mlp" else INEXACT if symmetry == "scale" and name != "convnet" else BORDER
    return row.but(without=without | {"equivariance": reason})


def frames_turned() -> Element:
    frames = vectors(C4, FRAMES)

    def act(history: Tensor) -> Tensor:
        return quarter_turn(history.flatten(1, 2), frames).unflatten(1, (FRAMES, 2))

    return Element({"field": act}, (lambda f: quarter_turn(f, FLOW),))


ROWS = [*LAYERS, *NETS, *(forecaster(symmetry, name) for symmetry, names in FORECASTERS.items() for name in names)]
