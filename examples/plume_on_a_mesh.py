"""Which way is up? A plume of smoke on an irregular mesh, for a strict and a relaxed network.

Smoke rises in a box, and the networks see the smoke alone: what is the velocity? The laws of the flow have no
direction, but gravity has one, which the smoke does not tell. For a strict network all directions are alike, and it can
say hardly anything. A relaxed one starts just as strict and moves away as far as the data ask for; then both are tried
on another plume on another mesh.

    pip install "pyg-liesym[fluids]"
    python examples/plume_on_a_mesh.py [--steps 300] [--frames 40]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch_geometric.data import Data

from pyg_liesym.datasets.simulation import Plumes, simulate_plumes
from pyg_liesym.field import FieldType, Lattice, PointGroup, RingBasis, perturbed_positions, scalars, values_at, vectors
from pyg_liesym.nn import SteerableConv
from pyg_liesym.transforms import MeshToGraph

SIZE, RADIUS, CHANNELS, FIRST = 20, 2.0, 8, 10
SO2 = PointGroup.so2()
HIDDEN = FieldType([*scalars(SO2, CHANNELS), *vectors(SO2, CHANNELS)])


def plume_on_a_mesh(inflow: tuple[float, float], frames: int, seed: int) -> Data:
    """Simulate a plume and take its ``smoke [T, N, 1]`` and ``velocity [T, N, 2]`` to the points of a mesh."""
    plume = Plumes(np.array([inflow]), np.array([[0.0, 0.1]]), radius=2.0, resolution=(SIZE, SIZE))
    result = simulate_plumes(plume, FIRST + frames, progress=False)
    lattice = Lattice(SIZE, SIZE)
    places = perturbed_positions(lattice, 0.3, torch.Generator().manual_seed(seed))
    mesh = MeshToGraph(radius=RADIUS)(Data(pos=places))
    mesh.smoke, mesh.velocity = (
        values_at(torch.from_numpy(field[0, FIRST:]), lattice, places) for field in result[::-1]
    )
    return mesh


class Network(nn.Module):
    """Three convolutions; scalars pass through SiLU and open or close the vectors."""

    def __init__(self, *, relaxed: bool) -> None:
        super().__init__()
        basis = RingBasis.up_to(RADIUS, count=3, max_frequency=2, relaxed_frequency=2)
        types = [scalars(SO2, 1), HIDDEN, HIDDEN, vectors(SO2, 1)]
        self.layers = nn.ModuleList(
            SteerableConv(*pair, basis, relaxed=relaxed, aggr="mean") for pair in pairwise(types)
        )

    def forward(self, smoke: Tensor, mesh: Data) -> Tensor:
        """Velocities of smoke, ``[N, 1]`` to ``[N, 2]``."""
        x = smoke
        for layer in self.layers[:-1]:
            x = layer(x, mesh.pos, mesh.edge_index)
            numbers, arrows = x[:, :CHANNELS], x[:, CHANNELS:].view(-1, CHANNELS, 2)
            gated = (arrows * numbers.sigmoid()[..., None]).flatten(1)
            x = torch.cat([nn.functional.silu(numbers), gated], 1)
        return self.layers[-1](x, mesh.pos, mesh.edge_index)


def train(net: nn.Module, meshes: Sequence[Data], steps: int) -> None:
    """Fit one frame of one plume at a time."""
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
    for step in range(steps):
        mesh = meshes[step % len(meshes)]
        frame = int(torch.randint(len(mesh.smoke), (), generator=generator))
        optimizer.zero_grad()
        nn.functional.mse_loss(net(mesh.smoke[frame], mesh), mesh.velocity[frame]).backward()
        optimizer.step()


def draw(mesh: Data, answers: dict[str, Tensor]) -> None:
    """Smoke in grey and the velocities as arrows, into ``plume.png``."""
    figure = Figure(figsize=(4 * len(answers), 4.2), layout="constrained")
    for ax, (name, velocity) in zip(figure.subplots(1, len(answers)), answers.items(), strict=True):
        ax.tripcolor(*mesh.pos.T, mesh.smoke[-1, :, 0], cmap="Greys", shading="gouraud")
        ax.quiver(*mesh.pos.T, *velocity.T, color="tab:red", angles="xy", scale_units="xy", scale=1.5)
        ax.set(title=name, aspect="equal", xticks=[], yticks=[])
    figure.savefig("plume.png", dpi=120)


def main(args: Sequence[str] | None = None) -> dict[str, Any]:
    """Simulate, train, try, draw; returns the relative error and the relaxation of each network."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=300, help="training steps of each network")
    parser.add_argument("--frames", type=int, default=40, help="frames of each plume")
    options = parser.parse_args(args)
    first, second, other = (plume_on_a_mesh((x, 3.0), options.frames, x) for x in (7, 10, 13))
    result: dict[str, Any] = {}
    answers = {"truth": other.velocity[-1]}
    for name in ("strict", "relaxed"):
        torch.manual_seed(0)
        net = Network(relaxed=name == "relaxed")
        train(net, (first, second), options.steps)
        with torch.no_grad():
            guessed = torch.stack([net(smoke, other) for smoke in other.smoke])
            moved = [float(layer.relaxation()) for layer in net.layers]
        result[name] = {"error": float((guessed - other.velocity).norm() / other.velocity.norm()), "relaxation": moved}
        answers[name] = guessed[-1]
        layers = ", ".join(f"{share:.2f}" for share in moved)
        print(
            f"{name:8} error on another plume and mesh {result[name]['error']:.2f}, relaxation of its layers {layers}"
        )
    draw(other, answers)
    return result


if __name__ == "__main__":
    main()
