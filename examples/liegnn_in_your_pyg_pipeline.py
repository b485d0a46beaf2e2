"""An equivariant layer inside an ordinary PyG model.

`LieGNNConv` is a `MessagePassing` layer like any other: it goes into `torch_geometric.nn.Sequential`, is fed by PyG's
own `DataLoader` and trains in a plain loop. The toy task, the mean distance between the points of a cloud, does not
change when the cloud is turned, and neither does the answer of the model: the last lines prove it, in float64, with
all parameters drawn at random. Expect the loss to fall well below that of the best constant.

    python examples/liegnn_in_your_pyg_pipeline.py [--epochs 10] [--compile]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import torch
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.nn import Sequential, global_mean_pool

from pyg_liesym import LieAlgebra
from pyg_liesym.nn import LieGNNConv
from pyg_liesym.testing import assert_equivariant, assert_invariant, randomize_parameters


def clouds(count: int, generator: torch.Generator) -> list[Data]:
    """Point clouds of 4 to 7 points, all connected, labelled by the mean distance between the points."""
    graphs = []
    for _ in range(count):
        nodes = int(torch.randint(4, 8, (1,), generator=generator))
        pos = torch.randn(nodes, 3, generator=generator)
        pairs = torch.combinations(torch.arange(nodes), 2).T
        distance = (pos[pairs[0]] - pos[pairs[1]]).norm(dim=1).mean()
        edges = torch.cat([pairs, pairs.flip(0)], dim=1)
        graphs.append(Data(x=torch.ones(nodes, 1), pos=pos, edge_index=edges, y=distance.view(1, 1)))
    return graphs


def build() -> Sequential:
    """Two LieGNN layers, a pooling and a linear layer: the metric J = I stands for rotations."""
    J = torch.eye(3)
    return Sequential(
        "x, pos, edge_index, batch, num_graphs",
        [
            (LieGNNConv(1, 32, metric=J), "x, pos, edge_index -> x, pos"),
            (LieGNNConv(32, 32, metric=J), "x, pos, edge_index -> x, pos"),
            (global_mean_pool, "x, batch, num_graphs -> x"),
            torch.nn.Linear(32, 1),
        ],
    )


def prove(data: Data, generator: torch.Generator) -> float:
    """Assert in float64 that a model like ours does not see rotations, and that one layer turns its vectors along."""
    model = randomize_parameters(build().double(), generator=generator)
    rotation = LieAlgebra.rotation(3).sample(1, generator=generator)[0]
    x, pos, edges = data.x.double(), data.pos.double(), data.edge_index
    layer = model[0]
    assert_equivariant(lambda pos: layer(x, pos, edges), [pos], [rotation], [None, rotation])
    return assert_invariant(lambda pos: model(x, pos, edges, None, 1), [pos], [rotation])


def main(args: Sequence[str] | None = None) -> dict[str, float]:
    """Train, test, prove; returns the losses and the equivariance error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=10, help="passes over the training clouds")
    parser.add_argument("--graphs", type=int, default=1000, help="training clouds")
    parser.add_argument("--compile", action="store_true", help="train through torch.compile")
    options = parser.parse_args(args)

    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    train, test = clouds(options.graphs, generator), clouds(200, generator)
    loader = DataLoader(train, batch_size=50, shuffle=True)
    model = build()
    step = torch.compile(model, dynamic=True) if options.compile else model
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(options.epochs):
        total = 0.0
        for batch in loader:
            optimizer.zero_grad()
            answer = step(batch.x, batch.pos, batch.edge_index, batch.batch, batch.num_graphs)
            loss = torch.nn.functional.mse_loss(answer, batch.y)
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * batch.num_graphs
        print(f"epoch {epoch + 1:>3}: training loss {total / len(train):.5f}")

    with torch.no_grad():
        (batch,) = DataLoader(test, batch_size=len(test))
        answer = model(batch.x, batch.pos, batch.edge_index, batch.batch, batch.num_graphs)
        loss = float(torch.nn.functional.mse_loss(answer, batch.y))
        constant = float(batch.y.var())
    print(f"test loss {loss:.5f}, of the best constant {constant:.5f}")
    error = prove(test[0], generator)
    print(f"rotating the input changes the answer by {error:.0e} (relative, float64, parameters at random)")
    return {"loss": loss, "constant": constant, "equivariance_error": error}


if __name__ == "__main__":
    main()
