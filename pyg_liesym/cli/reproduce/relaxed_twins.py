"""Strict, relaxed and free twins on graphs: one budget, one training, the same questions."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol

import lightning as L
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.cli.reproduce.training import best_checkpoint, load_best, resume, trainer
from pyg_liesym.cli.twins import Twin
from pyg_liesym.nn.relaxable import make_strict, relaxation, relaxation_penalty
from pyg_liesym.systems.checkpoint_files import read_checkpoint
from pyg_liesym.systems.last_checkpoint import LastCheckpoint

QUARTER_TURN = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
VALIDATIONS = 10
"""Validations in a training of so many steps, whatever the number of samples."""


@dataclass(frozen=True)
class TwinTraining:
    """What all twins get alike.

    Args:
        epochs: Each has a validation after it.
        batch_size: Examples in a batch.
        lr: First learning rate of Adam, which falls to zero along a cosine.
        penalty: Weight of the relaxation penalty beside a loss that begins near one.
        passes: Passes over the training data that make an epoch.
    """

    epochs: int
    batch_size: int
    lr: float
    penalty: float
    passes: int = 1

    def lasting(self, steps: int, samples: int) -> TwinTraining:
        """As many epochs as make so many steps, but no fewer than there are."""
        per_pass = max(samples // self.batch_size, 1)
        return replace(self, epochs=max(round(steps / (per_pass * self.passes)), self.epochs))

    def validated(self, times: int, steps: int, samples: int) -> TwinTraining:
        """With so many passes in an epoch that there are about so many validations in so many steps."""
        per_pass = max(samples // self.batch_size, 1)
        return replace(self, passes=max(steps // (per_pass * times), 1))


class Task(Protocol):
    """Data of an experiment, at one level and seed, and what is asked of a network."""

    def network(self, twin: Twin) -> nn.Module:
        """A network with fresh weights."""

    def batches(self, epoch: int) -> Iterable[Any]:
        """The training batches of a pass over the data, in an order of its own."""

    def loss(self, net: nn.Module, batch: Any) -> Tensor:
        """The loss of a batch."""

    def validate(self, net: nn.Module) -> float:
        """A number by which the best epoch is chosen, the smaller the better."""

    def test(self, net: nn.Module) -> dict[str, float]:
        """The scores."""


class PlaneTask(Task, Protocol):
    """A task in the plane, whose samples can be turned."""

    def error(self, net: nn.Module, angle: float = 0.0) -> float:
        """The error on the test samples, inputs and answers turned together by an angle."""

    def elsewhere(self, net: nn.Module) -> dict[str, float]:
        """Errors on other states under the same law, if there are any."""

    def null(self) -> float:
        """The error on the test samples of what answers without having learned."""


class TwinExperiment(Experiment):
    """Trains every twin at every level, tests it, makes the relaxed one strict, and tests that too."""

    which: ClassVar[tuple[str, ...]] = ("seeds", "twins", "levels")
    title: ClassVar[str]
    level: ClassVar[str]
    scores: ClassVar[tuple[Column, ...]]
    seeds: tuple[int, ...]
    twins: tuple[Twin, ...]
    levels: tuple[float, ...]
    training: TwinTraining

    @abstractmethod
    def task(self, level: float, seed: int) -> PlaneTask:
        """Data and questions of a level."""

    @abstractmethod
    def at(self, breaking: float, samples: int) -> tuple[TwinExperiment, float]:
        """The same with so much breaking and so many training samples, and the level that this is there."""

    def budget(self, level: float) -> TwinTraining:
        """The training of a level, the same for all of them unless an experiment says otherwise."""
        return self.training

    def jobs(self) -> Iterator[Job]:
        """All twins at all levels with every seed."""
        for seed in self.seeds:
            for level in self.levels:
                for twin in self.twins:
                    yield Job(
                        f"{self.level} {level:g}, {twin}", seed, {**self.settings(), "level": level, "twin": twin}
                    )

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a twin."""
        level = job.settings["level"]
        return train_twin(task_of(self, level, job.seed), job.settings["twin"], self.budget(level), job.seed, bench)

    def columns(self, table: str) -> Sequence[Column]:
        """The scores, and the first of them after ``make_strict()``."""
        first = self.scores[0]
        strict = Column(f"strict_{first.name}", f"made strict: {first.title}", first.digits)
        return (*self.scores, Column("relaxation", "relaxation"), strict)

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw the first score of all twins at all levels."""
        from pyg_liesym.plot.twins import plot_twins

        first = self.scores[0]
        values: dict[str, dict[str, list[float]]] = {}
        for run in runs:
            of_twin = values.setdefault(run["settings"]["twin"], {})
            of_twin.setdefault(f"{run['settings']['level']:g}", []).append(run["numbers"][first.name])
        if values and len({tuple(own) for own in values.values()}) == 1:
            figure = plot_twins(values, score=first.title, level=self.level, title=self.title)
            save_figure(out / "twins.png", figure)
        return {}


def chosen(total: int, count: int | None, seed: int) -> Tensor:
    """Numbers of the samples that train, drawn with a seed; all of them, in order, unless there is a ``count``."""
    if count is None:
        return torch.arange(total)
    if count > total:
        raise ValueError(f"there are {total} samples to train on, but {count} are asked for: ask for fewer")
    return torch.randperm(total, generator=torch.Generator().manual_seed(seed))[:count]


@lru_cache(maxsize=1)
def task_of(experiment: TwinExperiment, level: float, seed: int) -> PlaneTask:
    """The task of a level and seed, kept for the next twin."""
    return experiment.task(level, seed)


def train_twin(task: Task, twin: Twin, budget: TwinTraining, seed: int, bench: Bench) -> dict[str, Any]:
    """Train a network, test the weights of its best epoch, and if it is relaxed, what is left when it is made strict.

    Args:
        task: Data and questions.
        twin: Which network.
        budget: Its training.
        seed: Of the weights.
        bench: Where.

    Raises:
        SittingOver: If the time is up.
    """
    net, epoch = best_twin(task, twin, budget, seed, bench)
    numbers = {"parameters": sum(p.numel() for p in net.parameters()), **task.test(net), "best_epoch": epoch}
    if twin == "relaxed":
        numbers["relaxation"] = float(relaxation(net))
        make_strict(net)
        numbers["strict_relaxation"] = float(relaxation(net))
        numbers |= {f"strict_{name}": value for name, value in task.test(net).items()}
    return numbers


def best_twin(task: Task, twin: Twin, budget: TwinTraining, seed: int, bench: Bench) -> tuple[nn.Module, int]:
    """Train a network; it has the weights of its best epoch, which comes with it. Arguments as :func:`train_twin`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = task.network(twin)
    system = TwinSystem(net, task, budget, relaxed=twin == "relaxed")
    callbacks = [best_checkpoint(bench, "validation"), LastCheckpoint(folder=bench.folder)]
    options = {"accelerator": "cpu", "reload_dataloaders_every_n_epochs": 1}
    resume(trainer(bench, budget.epochs, callbacks, **options), bench, system)
    load_best(system, bench)
    return net.eval(), int(read_checkpoint(bench.folder / "best.ckpt")["epoch"])


class TwinSystem(L.LightningModule):
    """Adam along a cosine, with the penalty of a relaxed network; validated after every epoch.

    Args:
        net: The network.
        task: Its data and loss.
        budget: Length, rate and penalty.
        relaxed: Whether the penalty counts.
    """

    def __init__(self, net: nn.Module, task: Task, budget: TwinTraining, *, relaxed: bool) -> None:
        super().__init__()
        self.net, self.task, self.budget, self.relaxed = net, task, budget, relaxed

    def train_dataloader(self) -> Iterable[Any]:
        """The batches of this epoch."""
        passes = self.budget.passes
        if passes == 1:
            return self.task.batches(self.current_epoch)
        numbers = range(self.current_epoch * passes, (self.current_epoch + 1) * passes)
        batches = list(chain.from_iterable(map(self.task.batches, numbers)))
        return DataLoader(batches, batch_size=None, collate_fn=lambda batch: batch)  # type: ignore[arg-type]

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """The loss, and the penalty."""
        loss = self.task.loss(self.net, batch)
        if self.relaxed:
            loss = loss + self.budget.penalty * relaxation_penalty(self.net)
        return loss

    @torch.no_grad()
    def on_train_epoch_end(self) -> None:
        """Validate."""
        self.log("validation", self.task.validate(self.net.eval()), prog_bar=True)
        self.net.train()

    def configure_optimizers(self) -> Any:
        """Adam, its rate falling to zero along a cosine over all steps."""
        steps = int(self.trainer.estimated_stepping_batches)
        adam = torch.optim.Adam([p for p in self.net.parameters() if p.requires_grad], lr=self.budget.lr)
        cosine = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 0.5 * (1 + math.cos(math.pi * step / steps)))
        return {"optimizer": adam, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}
