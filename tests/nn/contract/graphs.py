"""The rows of message passing on vectors: layers, networks and taggers."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from contract.row import Element, Points, Row, moved
from pyg_liesym import nn
from pyg_liesym.field.point_group import rotation
from pyg_liesym.lie import LieAlgebra

MINKOWSKI = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))


def drawn(algebra: LieAlgebra, scale: float = 0.4) -> Tensor:
    return algebra.sample(1, scale, generator=Generator().manual_seed(0))[0].double()


LORENTZ, ROTATION4, ROTATION3 = (
    drawn(LieAlgebra.lorentz()),
    drawn(LieAlgebra.rotation(4)),
    drawn(LieAlgebra.rotation(3)),
)
AREA = torch.block_diag(*2 * [torch.tensor([[0.0, 1.0], [-1.0, 0.0]])])
SYMPLECTIC4 = drawn(LieAlgebra.preserving(AREA))
ABOUT_Z = LieAlgebra(LieAlgebra.rotation(3).basis[:1])
SHEAR3 = torch.eye(3, dtype=torch.float64) + torch.diag(torch.full((2,), 0.3, dtype=torch.float64), 1)
ABOUT_BEAM = torch.block_diag(torch.eye(1), rotation(torch.tensor(0.7).double()), torch.eye(1)).double()


def graph(kept: Tensor, broken: Tensor, *names: str, by: float = 0.0, outputs: tuple[bool, ...]) -> tuple[Element, ...]:
    """Two elements that turn some arguments and the outputs marked; the first moves ``pos`` besides."""
    elements = []
    for g, shift in ((kept, by), (broken, 0.0)):
        acts = {name: moved(g, shift if name == "pos" else 0.0) for name in names}
        elements.append(Element(acts, tuple(moved(g, shift) if turns else None for turns in outputs)))
    return tuple(elements)


NEIGHBOURS = "how many neighbours there are is known from the data alone"
ONE_BY_ONE = "its messages are not made in tiles"
NODES, ANSWER = (False, True), (False,)

LAYERS = [
    Row(
        "LieGNNConv",
        lambda: nn.LieGNNConv(5, 5, metric=MINKOWSKI, edge_dim=2, velocity=True, pos_aggr="graph"),
        Points({"x": 5, "pos": 4, "vel": 4}, {"edge_attr": 2}),
        *graph(LORENTZ, ROTATION4, "pos", "vel", outputs=NODES),
    ),
    Row(
        "LieGNNConv, all pairs",
        lambda: nn.LieGNNConv(5, 6, metric=MINKOWSKI, edge_channels=3, linear_move=True),
        Points({"x": 5, "pos": 4}),
        *graph(LORENTZ, ROTATION4, "pos", outputs=NODES),
    ),
    Row(
        "EGNNConv",
        lambda: nn.EGNNConv(5, 5, edge_dim=2, velocity=True, gate=True),
        Points({"x": 5, "pos": 3, "vel": 3}, {"edge_attr": 2}),
        *graph(ROTATION3, SHEAR3, "pos", "vel", by=2.0, outputs=NODES),
    ),
    Row(
        "LorentzNetConv",
        lambda: nn.LorentzNetConv(5, 2),
        Points({"x": 5, "pos": 4, "scalars": 2}, {}, takes=()),
        *graph(LORENTZ, ROTATION4, "pos", outputs=NODES),
    ),
    Row(
        "LorentzNetConv, all pairs",
        lambda: nn.LorentzNetConv(5, 2, move=False),
        Points({"x": 5, "pos": 4, "scalars": 2}, takes=("batch",)),
        *graph(LORENTZ, ROTATION4, "pos", outputs=NODES),
    ),
    Row(
        "ParticleNetConv",
        lambda: nn.ParticleNetConv(5, (6, 4)),
        Points({"x": 5}, {}, takes=()),
        without={"equivariance": "features have no group", "tiles": ONE_BY_ONE},
    ),
    Row(
        "LieGNN",
        lambda: nn.LieGNN(2, 8, 3, 2, metric=MINKOWSKI, edge_dim=2, velocity=True),
        Points({"x": 2, "pos": 4, "vel": 4}, {"edge_attr": 2}),
        *graph(LORENTZ, ROTATION4, "pos", "vel", outputs=NODES),
    ),
    Row(
        "LieGNN, mean of all pairs",
        lambda: nn.LieGNN(2, 8, 3, 2, metric=MINKOWSKI, readout="mean"),
        Points({"x": 2, "pos": 4}, readout=True),
        *graph(LORENTZ, ROTATION4, "pos", outputs=ANSWER),
    ),
    Row(
        "LieGNN, learned J",
        lambda: nn.LieGNN(2, 8, 3, 2, metric="learned", dim=3, readout="sum"),
        Points({"x": 2, "pos": 3}, {}, readout=True),
        without={"equivariance": "J, and with it the group, is drawn: see test_liegnn_conv.py"},
    ),
    Row(
        "MomentumFractions",
        lambda: nn.MomentumFractions(nn.LieGNN(4, 8, 3, 2, metric=MINKOWSKI, readout="mean")),
        Points({"x": 2, "pos": 4}, readout=True),
        *graph(LORENTZ, ROTATION4, "pos", outputs=ANSWER),
    ),
    Row(
        "EGNN",
        lambda: nn.EGNN(2, 8, 3, 2, edge_dim=2, velocity=True, gate=True),
        Points({"x": 2, "pos": 3, "vel": 3}, {"edge_attr": 2}),
        *graph(ROTATION3, SHEAR3, "pos", "vel", by=2.0, outputs=NODES),
    ),
    Row(
        "LorentzNet",
        lambda: nn.LorentzNet(2, 8, 3, 2),
        Points({"x": 2, "pos": 4}, readout=True),
        *graph(LORENTZ, ROTATION4, "pos", outputs=ANSWER),
    ),
    Row(
        "RelaxedLieGNN",
        lambda: nn.RelaxedLieGNN(2, 8, 3, 2, metric=MINKOWSKI, num_spurions=2),
        Points({"x": 2, "pos": 4}),
        *graph(LORENTZ, ROTATION4, "pos", outputs=NODES),
    ),
    Row(
        "RelaxedLieGNN, mean",
        lambda: nn.RelaxedLieGNN(2, 8, 3, 2, metric=MINKOWSKI, readout="mean"),
        Points({"x": 2, "pos": 4}, readout=True),
        *graph(LORENTZ, ROTATION4, "pos", outputs=ANSWER),
    ),
    Row(
        "VectorLieGNNConv",
        lambda: nn.VectorLieGNNConv(5, 5, 3, metric=MINKOWSKI, edge_dim=2),
        Points({"x": 5, "pos": 4, "vectors": (3, 4)}, {"edge_attr": 2}),
        *graph(LORENTZ, ROTATION4, "pos", "vectors", outputs=NODES),
    ),
    Row(
        "VectorLieGNNConv, all pairs, sp(4)",
        lambda: nn.VectorLieGNNConv(5, 6, 4, metric=AREA, edge_channels=3, vector_aggr="sum"),
        Points({"x": 5, "pos": 4, "vectors": (4, 4)}),
        *graph(SYMPLECTIC4, ROTATION4, "pos", "vectors", outputs=NODES),
    ),
    Row(
        "VectorLieGNN",
        lambda: nn.VectorLieGNN(
            2, 8, 3, 2, metric=torch.eye(3), vector_channels=4, in_vectors=2, origin="mean", edge_dim=2
        ),
        Points({"x": 2, "pos": 3, "vectors": (2, 3)}, {"edge_attr": 2}),
        *graph(ROTATION3, SHEAR3, "pos", "vectors", by=2.0, outputs=NODES),
    ),
    Row(
        "VectorLieGNN, mean of all pairs",
        lambda: nn.VectorLieGNN(2, 8, 3, 2, metric=MINKOWSKI, vector_channels=4, origin="zero", readout="mean"),
        Points({"x": 2, "pos": 4}, readout=True),
        *graph(LORENTZ, ROTATION4, "pos", outputs=ANSWER),
    ),
    Row(
        "VectorLieGNN, vectors of graphs, so(2) in space",
        lambda: nn.VectorLieGNN(
            2, 8, 3, 2, metric=ABOUT_Z.invariant_metric(), vector_channels=4, in_vectors=1, out_vectors=2, readout="sum"
        ),
        Points({"x": 2, "pos": 3, "vectors": 3}, {}, readout=True),
        *graph(drawn(ABOUT_Z), ROTATION3, "pos", "vectors", outputs=NODES),
    ),
    Row(
        "VectorLieGNN, the distance as it is",
        lambda: nn.VectorLieGNN(2, 8, 3, 2, metric=torch.eye(3), vector_channels=4, scales=(0.01, 1.0), readout="sum"),
        Points({"x": 2, "pos": 3}, readout=True),
        *graph(ROTATION3, SHEAR3, "pos", by=2.0, outputs=ANSWER),
    ),
    Row(
        "RelaxedVectorLieGNN",
        lambda: nn.RelaxedVectorLieGNN(
            2, 8, 3, 2, metric=MINKOWSKI, vector_channels=4, in_vectors=2, num_spurions=2, origin="mean", edge_dim=2
        ),
        Points({"x": 2, "pos": 4, "vectors": (2, 4)}, {"edge_attr": 2}),
        *graph(LORENTZ, ROTATION4, "pos", "vectors", by=2.0, outputs=NODES),
    ),
    Row(
        "RelaxedVectorLieGNN, mean, so(2) in space",
        lambda: nn.RelaxedVectorLieGNN(
            2, 8, 3, 2, metric=ABOUT_Z.invariant_metric(), vector_channels=4, origin="zero", readout="mean"
        ),
        Points({"x": 2, "pos": 3}, readout=True),
        *graph(drawn(ABOUT_Z), ROTATION3, "pos", outputs=ANSWER),
    ),
    Row(
        "SecondOrderLieGNN",
        lambda: nn.SecondOrderLieGNN(2, 8, 3, metric=torch.eye(3), vector_channels=4, edge_dim=2, scales=(1.0, 10.0)),
        Points({"x": 2, "pos": 3, "vel": 3}, {"edge_attr": 2}),
        *(
            Element({"pos": moved(g, by), "vel": moved(g)}, (None, moved(g, by), moved(g)))
            for g, by in ((ROTATION3, 2.0), (SHEAR3, 0.0))
        ),
    ),
    Row(
        "VectorLieGNN, virtual nodes, mean of all pairs",
        lambda: nn.VectorLieGNN(2, 8, 3, 2, metric=MINKOWSKI, vector_channels=4, virtual_nodes=3, readout="mean"),
        Points({"x": 2, "pos": 4}, readout=True),
        *graph(LORENTZ, ROTATION4, "pos", by=2.0, outputs=ANSWER),
    ),
    Row(
        "SecondOrderLieGNN, virtual nodes",
        lambda: nn.SecondOrderLieGNN(2, 8, 2, metric=torch.eye(3), vector_channels=4, edge_dim=2, virtual_nodes=2),
        Points({"x": 2, "pos": 3, "vel": 3}, {"edge_attr": 2}),
        *(
            Element({"pos": moved(g, by), "vel": moved(g)}, (None, moved(g, by), moved(g)))
            for g, by in ((ROTATION3, 2.0), (SHEAR3, 0.0))
        ),
    ),
    Row(
        "ParticleNet",
        lambda: nn.ParticleNet(2, 3, blocks=((6, 6), (8,)), k=3, head_channels=8),
        Points({"x": 2, "p4": 4}, readout=True),
        *graph(ABOUT_BEAM, LORENTZ, "p4", outputs=ANSWER),
        graph_break=NEIGHBOURS,
        without={"tiles": ONE_BY_ONE},
    ),
]

# Of each tagger: arguments that make it small, an element of its group and one that is not in it.
SMALL = {"hidden_channels": 8, "num_layers": 2}
_TAGGERS = {
    "liegnn": (SMALL, LORENTZ, ROTATION4),
    "liegnn-fast": ({**SMALL, "edge_channels": 4}, LORENTZ, ROTATION4),
    "vector-liegnn": ({**SMALL, "edge_channels": 4, "vector_channels": 3}, LORENTZ, ROTATION4),
    "lorentznet": (SMALL, LORENTZ, ROTATION4),
    "lorentznet, beams": ({**SMALL, "beams": True}, ABOUT_BEAM, LORENTZ),
    "lorentznet-plain": (SMALL,),
    "egnn": (SMALL, ROTATION4, LORENTZ),
    "particlenet": ({"blocks": ((6, 6), (8,)), "k": 3, "head_channels": 8}, ABOUT_BEAM, LORENTZ),
}


def tagger(name: str) -> Row:
    arguments, *elements = _TAGGERS[name]
    acts = graph(*elements, "p4", outputs=ANSWER) if elements else ()
    build = lambda: nn.build_tagger(name.partition(",")[0], in_channels=2, **arguments)  # noqa: E731
    without = {} if acts else {"equivariance": "the control without symmetry"}
    if name != "lorentznet":
        without["compile"] = "the network's own row, with other sizes"
    if name == "particlenet":
        without["tiles"] = ONE_BY_ONE
    return Row(f"tagger {name}", build, Points({"x": 2, "p4": 4}, readout=True), *acts, without=without)


ROWS = [*LAYERS, *(tagger(name) for name in _TAGGERS)]
