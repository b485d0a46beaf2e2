"""A hundred charged bodies: near edges and virtual nodes, and what comes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch import Tensor, nn

from pyg_liesym.cli.reproduce.charged_particles import FORECAST_COLUMNS, fit_and_test, straight_motion
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.datasets.simulation.n_body_recipes import NBodySplit
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.systems.forecasting import TrajectoryForecasting
from pyg_liesym.typing import OptTensor


@dataclass(frozen=True)
class ManyBodies(Experiment):
    """Forecast a hundred charged bodies 1000 steps ahead, with edges between near ones alone.

    Systems as in FastEGNN. Every network has the same training: Adam at a rate that rises over 100 steps and falls
    along a cosine, gradients of norm 1 at most, and a running mean of the weights, which is validated after every epoch
    and tested where that is best.

    Args:
        models: ``virtual`` (steps of second order and virtual nodes), ``near`` (the same without), ``egnn`` (the
            published network, 4 layers of 64 channels), ``straight`` (x + v·t with the best t).
        seeds: Seeds of the weights and of the order.
        systems: Systems to train with, to validate and to test, the first of each split.
        edges: Share of the pairs that edges join, the nearest ones.
        epochs: Passes over the training systems.
        batch_size: Systems in a batch.
        lr: Highest learning rate.
        averaging: Share of the running mean that a step keeps.
        hidden: Width of the nodes in ours.
        channels: Vectors a node.
        edge_channels: Width of the maps of edges and virtual nodes.
        num_steps: Steps of time.
        virtual_nodes: Virtual nodes of ``virtual``.
        scales: Factors of the distances.
        root: Folder of the data set, simulated when first used.
    """

    name: ClassVar[str] = "many-bodies"
    which: ClassVar[tuple[str, ...]] = ("seeds", "models")
    models: tuple[str, ...] = ("virtual", "near", "egnn", "straight")
    seeds: tuple[int, ...] = (1, 2, 3)
    systems: tuple[int, int, int] = (5000, 2000, 2000)
    edges: float = 0.05
    epochs: int = 10
    batch_size: int = 10
    lr: float = 3e-3
    averaging: float = 0.99
    hidden: int = 64
    channels: int = 8
    edge_channels: int = 32
    num_steps: int = 6
    virtual_nodes: int = 3
    scales: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    root: Path = Path("datasets/n_body")

    def jobs(self) -> Iterator[Job]:
        """Every network with one seed after the other; motion straight on has none."""
        unknown = set(self.models) - {*self.networks(), "straight"}
        if unknown:
            raise ValueError(
                f"there is no model {', '.join(unknown)}; there are {', '.join(self.networks())}, straight"
            )
        for seed in self.seeds:
            for model in self.models:
                if model != "straight":
                    yield Job(model, seed, self.settings())
                elif seed == self.seeds[0]:
                    yield Job(model, seed, {"systems": list(self.systems)})

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a network, or fit motion straight on."""
        splits = _splits(self.root, self.systems, self.edges)
        if job.row == "straight":
            return straight_motion(splits)
        L.seed_everything(job.seed, verbose=False)
        net = self.networks()[job.row]()
        system = TrajectoryForecasting(net, lr=self.lr, weight_decay=0.0, warm_up=100, decay=True)
        averaging = EMAWeightAveraging(decay=self.averaging)
        return fit_and_test(
            system, splits, job.seed, bench, self.epochs, averaging, batch_size=self.batch_size, every=1,
            gradient_clip_val=1.0,
        )  # fmt: skip

    def networks(self) -> dict[str, Callable[[], nn.Module]]:
        """Networks by name, with fresh weights."""

        def second_order(virtual_nodes: int) -> nn.Module:
            net = SecondOrderLieGNN(
                1, self.hidden, self.num_steps, metric=torch.eye(3), vector_channels=self.channels, edge_dim=1,
                edge_channels=self.edge_channels, scales=self.scales, virtual_nodes=virtual_nodes,
            )  # fmt: skip
            return OfProducts(net)

        return {
            "virtual": lambda: second_order(self.virtual_nodes),
            "near": lambda: second_order(0),
            "egnn": lambda: EGNN(2, 64, None, 4, edge_dim=2, velocity=True),
        }

    def columns(self, table: str) -> Sequence[Column]:
        """The error of the test first."""
        return (*FORECAST_COLUMNS, Column("training_seconds", "training", 0, "s"))


@lru_cache(maxsize=1)
def _splits(root: Path, systems: tuple[int, int, int], edges: float) -> dict[str, NBody]:
    names: tuple[NBodySplit, ...] = ("train", "val", "test")
    splits: dict[str, NBody] = {}
    for split, count in zip(names, systems, strict=True):
        bodies = NBody(str(root), split, "many_charged", num_systems=count, edges=edges)
        bodies._data.x = torch.stack([bodies._data.x[:, 0], bodies._data.charge], dim=1)
        splits[split] = bodies
    return splits


class OfProducts(nn.Module):
    """A network that sees a body's charge and the products of two, and neither speeds nor the first distances.

    Args:
        net: Takes one feature of a node and one of an edge.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, x: Tensor, pos: Tensor, edge_index: OptTensor, edge_attr: Tensor, vel: Tensor, *batch: Any
    ) -> Any:
        """Run the network."""
        return self.net(x[:, 1:], pos, edge_index, edge_attr[:, :1], vel, *batch)
