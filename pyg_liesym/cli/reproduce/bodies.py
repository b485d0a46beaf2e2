"""Bodies at several horizons: networks of vector channels, and EGNN, in one training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch import Tensor, nn

from pyg_liesym.cli.reproduce.charged_particles import FORECAST_COLUMNS, fit_and_test
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES, NBodyKind
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.nn.models.vector_liegnn import VectorLieGNN
from pyg_liesym.systems.forecasting import TrajectoryForecasting
from pyg_liesym.typing import OptTensor

STEPS, TIME = 100, 0.1
"""Steps of the simulation in a frame, and the time that it takes."""


@dataclass(frozen=True)
class Bodies(Experiment):
    """Forecast charged particles and masses 1000, 1500 or 2000 steps ahead, with vector channels and with EGNN.

    The systems and splits of EGNN's n-body benchmark and of SEGNN's under gravity, with the horizons of SEGNO. Every
    network has the same training: 3000 systems in batches of 100, Adam at one rate behind 300 steps in which it rises,
    gradients of norm 1 at most, and a running mean of the weights, which is validated every 5 epochs and tested where
    that is best. Networks of vector channels see the products of the charges or masses and no speeds: a change of sign
    of all charges is kept, and by the second-order ones boosts are as well.

    Args:
        systems: ``charged``, ``gravity``.
        models: ``second-order`` (a layer shared by steps of time), ``vectors`` (layers with vector channels), ``egnn``
            (the published network, 4 layers of 64 channels, with its inputs).
        horizons: Steps of the simulation from input to target; every system and horizon has a table.
        seeds: Seeds of the weights and of the order.
        epochs: Passes over the training systems.
        lr: Learning rate.
        decay: Of the running mean, a step.
        hidden: Width of the nodes in networks of vector channels.
        channels: Vectors a node.
        edge_channels: Width of the maps of edges.
        num_steps: Steps of time of ``second-order``, layers of ``vectors``.
        scales: Factors of the distances.
        root: Folder of the data sets, simulated when first used.
    """

    name: ClassVar[str] = "bodies"
    which: ClassVar[tuple[str, ...]] = ("seeds", "models", "systems", "horizons")
    systems: tuple[NBodyKind, ...] = ("charged", "gravity")
    models: tuple[str, ...] = ("second-order", "vectors", "egnn")
    horizons: tuple[int, ...] = (1000, 1500, 2000)
    seeds: tuple[int, ...] = (1, 2, 3)
    epochs: int = 140
    lr: float = 1e-3
    decay: float = 0.998
    hidden: int = 64
    channels: int = 8
    edge_channels: int = 48
    num_steps: int = 4
    scales: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    root: Path = Path("datasets/n_body")

    def jobs(self) -> Iterator[Job]:
        """Every network at every horizon, with one seed after the other."""
        unknown = set(self.models) - set(self.networks())
        if unknown:
            raise ValueError(f"there is no model {', '.join(unknown)}; there are {', '.join(self.networks())}")
        if any(horizon < STEPS or horizon % STEPS for horizon in self.horizons):
            raise ValueError(f"expected horizons of whole frames, {STEPS} steps each, got {self.horizons}")
        for seed, kind, horizon, model in product(self.seeds, self.systems, self.horizons, self.models):
            settings = self.settings() | {"system": kind, "horizon": horizon}
            yield Job(model, seed, settings, f"{kind}, {horizon} steps")

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a network."""
        kind, frames = job.settings["system"], job.settings["horizon"] // STEPS
        first = RECIPES[kind].frames[0]
        L.seed_everything(job.seed, verbose=False)
        system = TrajectoryForecasting(
            self.networks()[job.row](TIME * frames), lr=self.lr, weight_decay=0.0, warm_up=300
        )
        averaging = EMAWeightAveraging(decay=self.decay)
        splits = _splits(self.root, kind, (first, first + frames))
        return fit_and_test(system, splits, job.seed, bench, self.epochs, averaging, gradient_clip_val=1.0)

    def networks(self, scheme: Literal["euler", "verlet"] = "euler") -> dict[str, Callable[[float], nn.Module]]:
        """Networks by name, each made for a time to look ahead."""
        space: dict[str, Any] = {"metric": torch.eye(3), "vector_channels": self.channels, "origin": "mean"}
        space |= {"edge_dim": 1, "edge_channels": self.edge_channels, "scales": self.scales}
        return {
            "second-order": lambda span: OfCharges(
                SecondOrderLieGNN(1, self.hidden, self.num_steps, span=span, scheme=scheme, **space)
            ),
            "vectors": lambda _: OfCharges(VectorLieGNN(1, self.hidden, 1, self.num_steps, in_vectors=1, **space)),
            "egnn": lambda _: EGNN(1, 64, None, 4, edge_dim=2, velocity=True),
        }

    def columns(self, table: str) -> Sequence[Column]:
        """The error of the test first."""
        return (*FORECAST_COLUMNS, Column("training_seconds", "training", 0, "s"))


@lru_cache(maxsize=1)
def _splits(root: Path, kind: NBodyKind, frames: tuple[int, int]) -> dict[str, NBody]:
    return {split: NBody(str(root), split, kind, frames=frames) for split in RECIPES[kind].systems}


class OfCharges(nn.Module):
    """A network that sees the products of two charges, and neither speeds nor the first distances.

    Args:
        net: Takes one constant feature of a node and one feature of an edge.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, x: Tensor, pos: Tensor, edge_index: OptTensor, edge_attr: Tensor, vel: Tensor, *batch: Any
    ) -> Any:
        """Run the network."""
        return self.net(torch.ones_like(x), pos, edge_index, edge_attr[:, :1], vel, *batch)
