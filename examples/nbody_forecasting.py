"""Forecast bodies that circle each other.

Two bodies under Newton's gravity: from positions and momenta at one moment, `LieGNN` with J = I learns those of the
next. The four vectors of a state (two positions, two momenta) are the nodes of a graph, told apart by one-hot
features; turn the first state and the whole forecast turns with it. A rollout feeds each forecast back as the next
question. Expect it to follow the orbits far better than the guess that nothing moves, and the picture to show where
it drifts away.

    python examples/nbody_forecasting.py [--epochs 15] [--out rollout.png]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import lightning as L
import torch
from torch import Tensor

from pyg_liesym import LieGNN
from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.simulation.gravity import Orbits, one_step_pairs, simulate_orbits
from pyg_liesym.lie import euclidean_metric
from pyg_liesym.plot import plot_rollout
from pyg_liesym.systems import TrajectoryForecasting


def pairs(orbits: Orbits) -> VectorPairs:
    """States and the states one step later, each two positions and two momenta in the plane."""
    x, y = (torch.from_numpy(state).float().unflatten(1, (-1, 2)) for state in one_step_pairs(orbits))
    return VectorPairs(x, y)


def rollout(system: TrajectoryForecasting, orbits: Orbits, steps: int) -> tuple[Tensor, Tensor]:
    """Positions that happened and that were forecast from the first state, ``[systems, steps, bodies, 2]``."""
    pos, mom = torch.from_numpy(orbits.pos).float(), torch.from_numpy(orbits.mom).float()
    first = torch.cat([pos[:, 0], mom[:, 0]], dim=1)
    batch = next(iter(PackedLoader(VectorPairs(first, first), len(first))))
    vectors = system.rollout(batch, steps).unflatten(1, (len(first), -1))
    return pos[:, 1 : steps + 1], vectors[:, :, : pos.size(2)].transpose(0, 1)


def main(args: Sequence[str] | None = None) -> dict[str, float]:
    """Train, roll out, draw; returns mean distances to the truth at the end of the rollout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=15, help="passes over the training pairs")
    parser.add_argument("--orbits", type=int, default=200, help="training orbits")
    parser.add_argument("--steps", type=int, default=15, help="length of the rollout")
    parser.add_argument("--out", type=Path, default=Path("rollout.png"), help="the picture")
    options = parser.parse_args(args)

    L.seed_everything(0, verbose=False)
    train = PackedLoader(
        pairs(simulate_orbits("two_body", num_orbits=options.orbits)), 128, shuffle=True, drop_last=True
    )
    val = PackedLoader(pairs(simulate_orbits("two_body", "val", num_orbits=20)), 500)
    test = simulate_orbits("two_body", "test", num_orbits=20)
    network = LieGNN(4, 32, 1, num_layers=3, metric=euclidean_metric(2))
    system = TrajectoryForecasting(network, lr=3e-3, decay=True)
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=options.epochs,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    trainer.fit(system, train, val)

    truth, forecast = rollout(system.eval(), test, options.steps)
    still = truth.new_tensor(test.pos[:, :1]).expand_as(truth)
    names = {"LieGNN": forecast, "nothing moves": still}
    result = {name: float((path - truth)[:, -1].norm(dim=-1).mean()) for name, path in names.items()}
    result["LieGNN, one step"] = float((forecast - truth)[:, 0].norm(dim=-1).mean())
    for name, distance in result.items():
        print(f"mean distance to the truth, {name:<16} {distance:.4f}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    plot_rollout(truth, names, dt=float(test.times[1])).savefig(options.out, dpi=130)
    print(f"picture: {options.out}")
    return result


if __name__ == "__main__":
    main()
