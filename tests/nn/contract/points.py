"""The rows of layers and networks for fields on points of the plane and of space."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import Module

from contract.row import Element, Points, Row, moved
from pyg_liesym import nn
from pyg_liesym.field import PointGroup, RingBasis, regulars, scalars, vectors
from pyg_liesym.field.point_group import rotation
from pyg_liesym.field.representation import FieldType
from pyg_liesym.field.spherical import ShellBasis, irreps, spherical_harmonics
from pyg_liesym.lie import LieAlgebra
from pyg_liesym.nn.field.kernels import SteerableKernel

C8 = PointGroup.cyclic(8)
RINGS = RingBasis.up_to(1.5, count=2, max_frequency=5, relaxed_frequency=1)
SHELLS = ShellBasis.up_to(2.0, count=2, max_degree=2, relaxed_degree=1)


def turn(kind_in: FieldType, kind_out: FieldType | None, angle: float = pi / 4, *, reflected: bool = False) -> Element:
    """An element of the plane, acting on a field and its points; the output is a field or does not turn."""
    # A reflection acts on fields of a group without reflections by what it does to their vectors.
    g = rotation(torch.tensor(angle, dtype=torch.float64), torch.tensor(reflected))
    x, out = (
        None if kind is None or reflected else (lambda value, kind=kind: kind.act(value, angle))
        for kind in (kind_in, kind_out)
    )
    return Element({"x": x, "pos": moved(g, 3.0)}, (out,))


def spherical(text: str, g: Tensor) -> Tensor:
    """The matrix of g on irreps, from Y(g r) = D Y(r); e3nn's own goes through angles and is right to 1e-7 only."""
    places = torch.randn(40, 3, dtype=torch.float64, generator=Generator().manual_seed(1))
    blocks = []
    for rep, count in irreps(text):
        own = slice(rep.degree**2, (rep.degree + 1) ** 2)
        before, after = (spherical_harmonics(r, rep.degree)[:, own] for r in (places, places @ g.mT))
        matrix = torch.linalg.lstsq(before, after).solution.mT
        # Y_l has the parity (−1)^l; the inversion does more, or less, to an irrep of the other one.
        odd_one_out = rep.parity != (-1) ** rep.degree and float(torch.det(g)) < 0
        blocks += [-matrix if odd_one_out else matrix] * count
    return torch.block_diag(*blocks)


def in_space(text_in: str, text_out: str, g: Tensor) -> Element:
    return Element({"x": spherical(text_in, g), "pos": moved(g, 3.0)}, (spherical(text_out, g),))


def on_points(name: str, build: Callable[[], Module], kind_in: FieldType, kind_out: FieldType | None) -> Row:
    """A layer or network of fields in the plane; without a type of the output it has an answer for each graph."""
    takes = ("batch", "batch_size") if name.startswith("SteerableGNN") else ()
    inputs = Points({"x": kind_in.channels, "pos": 2}, {}, takes=takes, readout=kind_out is None)
    return Row(name, build, inputs, turn(kind_in, kind_out), turn(kind_in, kind_out, 0.0, reflected=True))


def steerable_gnn(kind: FieldType, **arguments: Any) -> nn.SteerableGNN:
    return nn.SteerableGNN(FLOW, FieldType([*HIDDEN, *FLOW]), kind, 2, basis=RINGS, max_frequency=2, **arguments)


FLOW, HIDDEN = vectors(C8, 1), regulars(C8, 3)
SPACE_IN, SPACE_OUT = "2x0e + 1x1o", "1x0e + 1x1o"
INVERTED = -LieAlgebra.rotation(3).sample(1, generator=Generator().manual_seed(0))[0].double()
STRETCHED = torch.diag(torch.tensor([2.0, 1.0, 1.0])).double()

_ROWS = [
    on_points("FieldConv", lambda: nn.FieldConv(SteerableKernel(FLOW, HIDDEN, RINGS, 2), aggr="mean"), FLOW, HIDDEN),
    on_points("SteerableConv", lambda: nn.SteerableConv(FLOW, HIDDEN, RINGS), FLOW, HIDDEN),
    on_points("SteerableConv, relaxed", lambda: nn.SteerableConv(FLOW, HIDDEN, RINGS, relaxed=True), FLOW, HIDDEN),
    on_points("GroupConv", lambda: nn.GroupConv(HIDDEN, HIDDEN, RINGS), HIDDEN, HIDDEN),
    on_points("GroupConv, relaxed", lambda: nn.GroupConv(HIDDEN, HIDDEN, RINGS, relaxed=True), HIDDEN, HIDDEN),
    *(
        Row(
            f"TensorFieldConv{', relaxed' if relaxed else ''}",
            lambda relaxed=relaxed: nn.TensorFieldConv(SPACE_IN, SPACE_OUT, SHELLS, relaxed=relaxed),
            Points({"x": 5, "pos": 3}, {}, takes=()),
            in_space(SPACE_IN, SPACE_OUT, INVERTED),
            Element({"pos": STRETCHED}, (None,)),
        )
        for relaxed in (False, True)
    ),
    on_points("SteerableGNN", lambda: steerable_gnn(FLOW), FLOW, FLOW),
    on_points(
        "SteerableGNN, relaxed, mean",
        lambda: steerable_gnn(scalars(C8, 2), relaxed=True, readout="mean"),
        FLOW,
        None,
    ),
]

ROWS = [row.but(without=row.without | {"tiles": "sums over edges come before the map"}) for row in _ROWS]
