"""EGNN's n-body benchmark: LieGNN with J = I, and a linear law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import InMemoryDataset

from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.cli.reproduce.training import fit_best
from pyg_liesym.datasets.bodies.charged_particles import ChargedParticles
from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.systems.forecasting import TrajectoryForecasting

HIDDEN, LAYERS, EDGE_DIM = 64, 4, 2
FORECAST_COLUMNS = (
    Column("test_mse", "test MSE at the best validation", 5),
    Column("best_val_mse", "validation MSE", 5),
    Column("best_epoch", "epoch of it", 0),
)
"""What a table shows of :func:`fit_and_test`."""


@dataclass(frozen=True)
class ChargedParticlesForecast(Experiment):
    """Forecast charged particles by the protocol of EGNN's n-body benchmark, and test at the best validation.

    3000 systems in batches of 100, Adam at 5e-4, 4 layers of 64 channels, validation every 5 epochs. LieGNN begins with
    the weights that the released EGNN would draw on its seed; ``benchmarks/charged_particles.py`` trains that one.

    Args:
        models: ``liegnn`` (J = I, distances alone, no ψ, no gate, velocities), ``linear`` (x + v·t with the best t).
        seeds: Seeds of the weights and of the order.
        epochs: Passes over the training systems.
        root: Folder of the data set, simulated when first used.
        compiled: Whether to train through ``torch.compile`` (about a fifth faster, after a minute of compiling).
    """

    name: ClassVar[str] = "charged-particles"
    which: ClassVar[tuple[str, ...]] = ("seeds", "models")
    known: ClassVar[tuple[str, ...]] = ("liegnn", "linear")
    models: tuple[str, ...] = ("liegnn", "linear")
    seeds: tuple[int, ...] = (1,)
    epochs: int = 10_000
    root: Path = Path("datasets/charged_particles")
    compiled: bool = False

    def jobs(self) -> Iterator[Job]:
        """Every network with every seed; the linear law has none."""
        unknown = set(self.models) - set(self.known)
        if unknown:
            raise ValueError(f"there is no model {', '.join(unknown)}; there are {', '.join(self.known)}")
        for seed in self.seeds:
            for model in self.models:
                if model != "linear":
                    yield Job(model, seed, self.settings("compiled"))
                elif seed == self.seeds[0]:
                    yield Job(model, seed, {})

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a network, or fit the linear law."""
        splits = _splits(self.root)
        if job.row == "linear":
            return straight_motion(splits)
        L.seed_everything(job.seed, verbose=False)
        system = TrajectoryForecasting(self.network(job.row))
        if self.compiled:
            system.net.compile(fullgraph=True)
        return fit_and_test(system, splits, job.seed, bench, self.epochs)

    def network(self, model: str) -> nn.Module:
        """A network of the benchmark with fresh weights."""
        return liegnn_as_egnn(1, HIDDEN, LAYERS, EDGE_DIM)

    def columns(self, table: str) -> Sequence[Column]:
        """The error of the test first."""
        return FORECAST_COLUMNS


@lru_cache(maxsize=1)
def _splits(root: Path) -> dict[str, NBody]:
    return {split: ChargedParticles(str(root), split) for split in ("train", "val", "test")}


def fit_and_test(
    system: TrajectoryForecasting,
    splits: Mapping[Any, InMemoryDataset],
    seed: int,
    bench: Bench,
    epochs: int,
    averaging: L.Callback | None = None,
    *,
    batch_size: int = 100,
    every: int = 5,
    **options: Any,
) -> dict[str, Any]:
    """Train, validate every few epochs, and test at the best validation.

    Args:
        system: With fresh weights.
        splits: Systems, of ``train``, ``val`` and ``test``.
        seed: Of the order of the systems.
        bench: Where the run works.
        epochs: Passes over the training systems.
        averaging: Of the weights; the averages are then what is validated and tested.
        batch_size: Systems in a batch.
        every: Epochs from one validation, and checkpoint to go on from, to the next.
        **options: Of Lightning's trainer.
    """
    train = PackedLoader(splits["train"], batch_size, shuffle=True, drop_last=True, seed=seed)
    val = PackedLoader(splits["val"], batch_size)
    training, numbers = fit_best(
        system, (train, val), bench, epochs, "val_mse", every=every, averaging=averaging, **options
    )
    (scores,) = training.test(system, PackedLoader(splits["test"], batch_size), verbose=False)
    return {"test_mse": scores["test_mse"], "best_val_mse": numbers.pop("best_val"), **numbers}


def straight_motion(splits: Mapping[Any, NBody]) -> dict[str, Any]:
    """The error of x + v·t on the test, with the t that is best on the training systems."""
    train, test = splits["train"]._data, splits["test"]._data
    t = ((train.y - train.pos) * train.vel).sum() / train.vel.square().sum()
    return {"test_mse": float(nn.functional.mse_loss(test.pos + t * test.vel, test.y)), "time": float(t)}


@torch.no_grad()
def liegnn_as_egnn(in_channels: int, hidden: int, num_layers: int, edge_dim: int) -> LieGNN:
    """LieGNN with the metric I and the first weights that the released EGNN would draw, in its order.

    The two are then one function, in another order of summation; the head, which answers for the nodes, has weights of
    its own.

    Example:
        >>> liegnn_as_egnn(1, 8, 2, 1).metric()[0].tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    embedding = nn.Linear(in_channels, hidden)
    layers = [_layer(hidden, edge_dim) for _ in range(num_layers)]
    net = LieGNN(
        in_channels, hidden, 1, num_layers, metric=torch.eye(3), psi="identity", gate=False, edge_dim=edge_dim,
        invariants=("distance",), velocity=True,
    )  # fmt: skip
    net.embedding.load_state_dict(embedding.state_dict())
    for conv, layer in zip(net.convs, layers, strict=True):
        conv.load_state_dict({**conv.state_dict(), **layer})
    return net


def _layer(hidden: int, edge_dim: int) -> dict[str, Tensor]:
    """First weights of a layer by LieGNN's names, drawn in EGNN's order."""
    last = nn.Linear(hidden, 1, bias=False)
    nn.init.xavier_uniform_(last.weight, gain=1e-3)
    edge = nn.Linear(2 * hidden + 1 + edge_dim, hidden)
    target, source, scalars = edge.weight.split([hidden, hidden, 1 + edge_dim], dim=1)
    first = {"lin_target.weight": target, "lin_source.weight": source, "lin_edge.weight": scalars}
    weights = {f"edge_map.{name}": weight for name, weight in first.items()} | {"edge_map.lin_target.bias": edge.bias}
    mlps = {"edge_map.phi_e.1": nn.Linear(hidden, hidden), "phi_h.0": nn.Linear(2 * hidden, hidden)}
    mlps |= {"phi_h.2": nn.Linear(hidden, hidden), "edge_map.phi_x.0": nn.Linear(hidden, hidden)}
    mlps |= {"edge_map.phi_x.2": last}
    mlps |= {"phi_v.0": nn.Linear(hidden, hidden), "phi_v.2": nn.Linear(hidden, 1)}
    for name, linear in mlps.items():
        weights |= {f"{name}.{key}": value for key, value in linear.state_dict().items()}
    return weights
