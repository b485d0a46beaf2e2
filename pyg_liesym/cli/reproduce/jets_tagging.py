"""Top tagging with the discovered metric, Minkowski's and I: same data, initialisation and order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from torch import Tensor
from torch_geometric.data import InMemoryDataset

from pyg_liesym.cli.reproduce.discovered import kept
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.cli.reproduce.tagging_jets import TaggingJets, jet_splits
from pyg_liesym.cli.reproduce.training import Clock, resume, trainer
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.lie.metric import euclidean_metric, minkowski, scaled
from pyg_liesym.metrics.tagging import Roc, roc
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.systems.last_checkpoint import LastCheckpoint
from pyg_liesym.systems.tagging import JetTagging

METRICS = ("discovered", "minkowski", "identity")


@dataclass(frozen=True)
class SmallTagger:
    """The networks, and how much of a jet they see.

    Args:
        hidden_channels: Width.
        num_layers: Depth.
        max_constituents: Hardest constituents of each jet.
        batch_size: Jets in a batch.
        lr: Peak learning rate of the one-cycle schedule.
    """

    hidden_channels: int = 16
    num_layers: int = 3
    max_constituents: int = 20
    batch_size: int = 64
    lr: float = 2e-3


@dataclass(frozen=True)
class JetsTagging(Experiment):
    r"""Tag jets with the discovered J, with Minkowski's and with I, and compare the areas in pairs.

    The jets are those of ``liesym simulate jets --num-jets 60000``; the J of seed s is what
    ``liesym reproduce jets-metric`` left in ``<discovered>/seed<s>``. Every metric is put on the sphere of norm 2,
    where Minkowski's and I lie: its scale is not determined by the symmetry, but a network sees it.

    Args:
        files: Files of the jets; the first ``num_train`` are trained on, the next ``num_test`` scored.
        discovered: Folder of the discovered symmetries.
        seeds: Seeds of weights and order.
        num_train: Training jets.
        num_test: Test jets.
        epochs: Passes over the training jets.
        network: The networks, and how much of a jet they see.
    """

    name: ClassVar[str] = "jets-tagging"
    files: tuple[str, ...] = ("datasets/jets/raw/*.root",)
    discovered: Path = Path("runs/jets-metric")
    seeds: tuple[int, ...] = (0, 1, 2)
    num_train: int = 40_000
    num_test: int = 20_000
    epochs: int = 4
    network: SmallTagger = SmallTagger()

    def jobs(self) -> Iterator[Job]:
        """The three metrics with every seed, once all are found."""
        found = {seed: self._metrics(seed) for seed in self.seeds}
        for seed, metrics in found.items():
            for name, metric in metrics.items():
                yield Job(name, seed, {**self.settings(), "metric": metric.tolist()})

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and score a tagger."""
        own = self.network
        jets = jet_splits(TaggingJets(self.files, self.files, self.num_train, 0, self.num_test, own.max_constituents))
        clock = Clock(bench)
        net, curve = train_tagger(
            self._metrics(job.seed)[job.row], jets.train, jets.test, own, epochs=self.epochs, seed=job.seed,
            bench=bench, clock=clock,
        )  # fmt: skip
        return {"auc": curve.auc, "parameters": sum(p.numel() for p in net.parameters()), **clock.numbers()}

    def columns(self, table: str) -> Sequence[Column]:
        """The area."""
        return (Column("auc", "AUC", 5), Column("jets_per_second", "training jets/s", 0))

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """The areas in pairs."""
        pairs = (METRICS[:2], METRICS[::2], METRICS[1:])
        found = [paired(runs, "auc", first, second) for first, second in pairs]
        return {"comparisons": [one for one in found if one is not None]}

    def _metrics(self, seed: int) -> dict[str, Tensor]:
        found = kept(self.discovered / f"seed{seed}", "run `liesym reproduce jets-metric`").metric.J
        return dict(zip(METRICS, (found, minkowski(), euclidean_metric(4)), strict=True))


def train_tagger(
    metric: Tensor, train: InMemoryDataset, test: InMemoryDataset, network: SmallTagger, *, epochs: int, seed: int,
    bench: Bench, clock: Clock | None = None,
) -> tuple[LieGNN, Roc]:  # fmt: skip
    r"""Train LieGNN with one metric, put on the sphere of norm 2, and score it.

    Args:
        metric: J.
        train: Training jets.
        test: Jets that are scored.
        network: Size of the network, batch and rate.
        epochs: Passes over the training jets.
        seed: On which alone weights and order depend.
        bench: Where; a run that was stopped goes on from the last epoch there.
        clock: Times the training.
    """
    L.seed_everything(seed, verbose=False)
    metric = scaled(metric)
    net = LieGNN(0, network.hidden_channels, 2, network.num_layers, metric=metric, readout="mean")
    system = JetTagging(net, lr=network.lr, schedule="one-cycle")
    full = len(train) >= network.batch_size
    loader = PackedLoader(train, network.batch_size, shuffle=True, drop_last=full, seed=seed)
    callbacks = [clock or Clock(bench), LastCheckpoint(folder=bench.folder)]
    resume(trainer(bench, epochs, callbacks, limit_val_batches=0), bench, system, loader)
    system.eval()
    with torch.no_grad():
        batches = [(system(batch), batch.y) for batch in PackedLoader(test, 200)]
    logits, label = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return net, roc(logits[:, 1] - logits[:, 0], label)
