"""Learn an energy from forces alone.

Five charges push and pull each other. A network that tells their energy is trained on the forces, F = −∂E/∂x: the loss
is made of first derivatives, its gradient of second ones. Turn the charges and the forces turn with them; they add up
to zero, and conserve an energy, because that is what gradients of an invariant do. Expect most of the forces to be
explained, and the energy, which no network was told, to come out right up to a constant.

    python examples/forces_of_charges.py [--epochs 30]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader

from pyg_liesym import LieGNN
from pyg_liesym.nn import VectorLieGNN
from pyg_liesym.systems import EnergyAndForces

SOFTENING = 0.5


def charges(num: int, seed: int) -> list[Data]:
    """Three charges +1 and two −1 at random places, with their energy under Coulomb's law (softened) and the forces."""
    generator = torch.Generator().manual_seed(seed)
    systems = []
    for _ in range(num):
        pos = torch.randn(5, 3, generator=generator, dtype=torch.float64).requires_grad_()
        charge = torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0], dtype=torch.float64)
        energy = coulomb(pos, charge)
        (slope,) = torch.autograd.grad(energy, pos)
        systems.append(
            Data(
                x=charge[:, None].float(),
                pos=pos.detach().float(),
                force=-slope.float(),
                energy=energy.detach().float()[None],
            )
        )
    return systems


def coulomb(pos: Tensor, charge: Tensor) -> Tensor:
    """Energy of charges."""
    first, second = torch.triu_indices(len(pos), len(pos), 1)
    distance = ((pos[first] - pos[second]).square().sum(1) + SOFTENING**2).sqrt()
    return (charge[first] * charge[second] / distance).sum()


def main(args: Sequence[str] | None = None) -> dict[str, dict[str, float]]:
    """Train both networks; returns errors over what saying zero, or the mean energy, would have."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=30, help="passes over the training systems")
    parser.add_argument("--systems", type=int, default=1000, help="training systems")
    options = parser.parse_args(args)

    train, test = charges(options.systems, 0), charges(200, 1)
    networks = {
        "one vector": lambda: LieGNN(1, 32, 1, 3, metric=torch.eye(3), invariants=("distance",), readout="sum"),
        "vector channels": lambda: VectorLieGNN(1, 32, 1, 2, metric=torch.eye(3), edge_channels=24, readout="sum"),
    }
    results = {}
    for name, build in networks.items():
        L.seed_everything(0, verbose=False)
        results[name] = explain(build(), train, test, options.epochs)
        said = ", ".join(f"{what} {value:.3g}" for what, value in results[name].items())
        print(f"{name}: {said}")
    return results


def explain(net: nn.Module, train: list[Data], test: list[Data], epochs: int) -> dict[str, float]:
    """Train a network on forces, and compare forces and energies of other systems."""
    system = EnergyAndForces(net, lr=3e-3)
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_checkpointing=False, enable_model_summary=False,
        enable_progress_bar=False,
    )  # fmt: skip
    trainer.fit(system, DataLoader(train, 50, shuffle=True), DataLoader(test, 200))
    batch = next(iter(DataLoader(test, len(test))))
    with torch.no_grad():
        energy, force = system(batch)
    offset = energy - batch.energy
    return {
        "force error": float((force - batch.force).norm() / batch.force.norm()),
        "energy error": float(offset.std() / batch.energy.std()),
        "sum of the forces": float(force.view(len(test), 5, 3).sum(1).abs().max()),
    }


if __name__ == "__main__":
    main()
