"""What does a relaxed filter see in a jet?

The constituents of a jet are points of the plane of Δη and Δφ, each carrying its share of the transverse momentum.
A relaxed `SteerableConv` makes scalars and vectors of them on the graph of nearest neighbours. Fresh from the box it is
strict: turn the jet, and scalars stay while vectors turn along. Trained to find what lies to the right of each
constituent, towards +Δη, and to point there, which no filter can that minds rotations, it relaxes, and says how far;
`make_strict()` takes that back.

    python examples/jet_in_the_plane.py [--jet 18] [--angle 60] [--steps 200] [--out jet.png]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch_geometric.data import Data

from pyg_liesym.datasets import Jets
from pyg_liesym.field import FieldType, PointGroup, Representation, RingBasis, scalars, vectors
from pyg_liesym.metrics import relative_error
from pyg_liesym.nn import SteerableConv
from pyg_liesym.plot.style import COLOURS, as_array
from pyg_liesym.transforms import MeshToGraph

SO2 = PointGroup.so2()
MOMENTUM = scalars(SO2, 1)
ANSWER = FieldType([(Representation.trivial(SO2), 1), (Representation.vector(SO2), 1)])


def points(jet: Data) -> Data:
    """A jet's constituents with their share of the transverse momentum, and the 12 nearest as neighbours."""
    pt = torch.hypot(jet.p4[:, 1], jet.p4[:, 2])
    return MeshToGraph(k=12)(Data(x=(pt / pt.sum())[:, None], pos=jet.pos))


def turned(graph: Data, angle: float) -> Data:
    """The same jet, turned about its axis; the edges stay, as distances do."""
    return Data(x=graph.x, pos=vectors(SO2, 1).act(graph.pos, angle), edge_index=graph.edge_index)


def equivariance_error(conv: SteerableConv, graph: Data, angle: float) -> float:
    """How far the answer to the turned jet is from the turned answer."""
    with torch.no_grad():
        moved, answer = (conv(g.x, g.pos, g.edge_index) for g in (turned(graph, angle), graph))
    return relative_error(moved, ANSWER.act(answer, angle))


def what_lies_right(graph: Data) -> Tensor:
    """The moment of the neighbours' momenta to the right of each constituent, as a number and as a vector along Δη."""
    source, target = graph.edge_index
    right = (graph.pos[source] - graph.pos[target])[:, :1]
    moment = torch.zeros_like(graph.x).index_add(0, target, right * graph.x[source])
    return torch.cat([moment, moment, torch.zeros_like(moment)], 1)


def train(conv: SteerableConv, graphs: Sequence[Data], steps: int) -> None:
    """Teach the filter the law, with a penalty on what it relaxes."""
    optimizer = torch.optim.Adam(conv.parameters(), lr=0.02)
    size = torch.cat([what_lies_right(graph) for graph in graphs]).square().mean()
    for step in range(steps):
        graph = graphs[step % len(graphs)]
        error = conv(graph.x, graph.pos, graph.edge_index) - what_lies_right(graph)
        optimizer.zero_grad()
        (error.square().mean() / size + 1e-3 * conv.relaxation_penalty()).backward()
        optimizer.step()


def draw(rows: Sequence[tuple[str, SteerableConv, Data]]) -> Figure:
    """The jet and the filter's answer: scalars as colours, vectors as arrows."""
    figure = Figure(figsize=(8.6, 8.8), layout="constrained")
    for ax, (title, conv, graph) in zip(figure.subplots(2, 2).flatten(), rows, strict=True):
        with torch.no_grad():
            answer = as_array(conv(graph.x, graph.pos, graph.edge_index))
        x, y = as_array(graph.pos).T
        limit = abs(answer[:, 0]).max() or 1.0
        ax.scatter(x, y, s=20 + 1500 * as_array(graph.x)[:, 0], c=answer[:, 0], cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.quiver(x, y, *answer[:, 1:].T, color=COLOURS[6], width=0.004)
        ax.set(xlabel="$\\Delta\\eta$", ylabel="$\\Delta\\phi$", aspect="equal", xlim=(-0.9, 0.9), ylim=(-0.9, 0.9))
        ax.set_title(f"{title}; relaxation {float(conv.relaxation()):.2f}", fontsize=10)
    return figure


def main(args: Sequence[str] | None = None) -> dict[str, float]:
    """Ask, train, ask again, draw; returns relaxations and equivariance errors before, after, and made strict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jet", type=int, default=18, help="number of the jet in the packaged sample")
    parser.add_argument("--angle", type=float, default=60.0, help="angle of the turn in degrees")
    parser.add_argument("--steps", type=int, default=200, help="training steps")
    parser.add_argument("--out", type=Path, default=Path("jet.png"), help="the picture")
    options = parser.parse_args(args)
    torch.manual_seed(0)
    jets, angle = Jets(max_constituents=40), math.radians(options.angle)
    graph, result = points(jets[options.jet]), {}
    basis = RingBasis.up_to(0.5, count=3, max_frequency=1, relaxed_frequency=2)
    conv, before = (SteerableConv(MOMENTUM, ANSWER, basis, relaxed=True) for _ in range(2))
    before.load_state_dict(conv.state_dict())
    train(conv, [points(jets[k]) for k in range(20)], options.steps)
    strict = SteerableConv(MOMENTUM, ANSWER, basis, relaxed=True)
    strict.load_state_dict(conv.state_dict())
    strict.make_strict()
    for name, layer in {"fresh": before, "trained": conv, "made strict": strict}.items():
        error, relaxation = equivariance_error(layer, graph, angle), float(layer.relaxation())
        result |= {f"{name}, equivariance error": error, f"{name}, relaxation": relaxation}
        print(f"{name:12} relaxation {relaxation:.3f}, equivariance error {error:.1e}")
    shown = (("", graph), (", jet turned", turned(graph, angle)))
    figure = draw([(t + s, layer, g) for t, layer in {"fresh": before, "trained": conv}.items() for s, g in shown])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, dpi=120)
    print(f"picture: {options.out}")
    return result


if __name__ == "__main__":
    main()
