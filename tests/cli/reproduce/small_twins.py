"""Experiments with twins, so small that a test can run them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pyg_liesym.cli.reproduce.experiment import Sitting
from pyg_liesym.cli.reproduce.relaxed_jets import PlaneJets, RelaxedJets
from pyg_liesym.cli.reproduce.relaxed_mesh import Mesh, RelaxedMesh, Windows
from pyg_liesym.cli.reproduce.relaxed_orbits import OrbitNetwork, RelaxedOrbits
from pyg_liesym.cli.reproduce.relaxed_twins import TwinTraining
from pyg_liesym.cli.reproduce.steerable_twins import SteerableTwins
from pyg_liesym.datasets.simulation.plume import PlumeFrames
from pyg_liesym.datasets.simulation.plume_settings import Plumes

ORBITS = RelaxedOrbits(
    levels=(0.02,), seeds=(0, 1), num_orbits=2, num_test=2, steps=3, network=OrbitNetwork(4, 1),
    training=TwinTraining(epochs=2, batch_size=16, lr=3e-3, penalty=3.0),
)  # fmt: skip
JETS = RelaxedJets(
    levels=(32,), seeds=(0, 1), data=PlaneJets(num_val=16, num_test=24, max_constituents=5, neighbours=3),
    network=SteerableTwins(num_layers=1, parameters=400), steps=4,
    training=TwinTraining(epochs=1, batch_size=16, lr=3e-3, penalty=0.3),
)  # fmt: skip


def mesh(root: Path) -> RelaxedMesh:
    return RelaxedMesh(
        seeds=(0, 1), data=Mesh(root, resolution=4, frames=62, points=4, neighbours=4), windows=Windows(2, 1, 2, 50),
        network=SteerableTwins(num_layers=1, parameters=400, order=4, radius=2.0), steps=4,
        training=TwinTraining(epochs=2, batch_size=2, lr=2e-3, penalty=0.3),
    )  # fmt: skip


def sitting(out: Path) -> Sitting:
    return Sitting(out=out, progress=False)


def noise(plumes: Plumes, frames: int, **_: object) -> PlumeFrames:
    """Stands in for the simulation."""
    velocity = np.random.default_rng(0).normal(size=(len(plumes), frames, 2, *plumes.resolution)).astype(np.float32)
    return PlumeFrames(velocity, velocity[:, :, :1])
