"""Strict, relaxed and free twins on graphs: one budget, one training, the same questions."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

import lightning as L
import torch
from torch import Tensor, nn

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.cli.reproduce.training import best_checkpoint, load_best, resume, trainer
from pyg_liesym.field.offset_basis import RingBasis
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, Representation, regulars, scalars
from pyg_liesym.nn.models.steerable_gnn import SteerableGNN
from pyg_liesym.nn.relaxable import make_strict, relaxation, relaxation_penalty
from pyg_liesym.systems.checkpoint_io import read_checkpoint
from pyg_liesym.systems.last_checkpoint import LastCheckpoint

Twin: TypeAlias = Literal["strict", "relaxed", "free"]
QUARTER_TURN = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
MOST_FIELDS = 128


@dataclass(frozen=True)
class TwinTraining:
    """What all twins get alike.

    Args:
        epochs: Passes over the training data, each with a validation after it.
        batch_size: Examples in a batch.
        lr: First learning rate of Adam, which falls to zero along a cosine.
        penalty: Weight of the relaxation penalty beside a loss that begins near one.
    """

    epochs: int
    batch_size: int
    lr: float
    penalty: float


class Task(Protocol):
    """Data of an experiment, at one level and seed, and what is asked of a network."""

    def network(self, twin: Twin) -> nn.Module:
        """A network with fresh weights."""

    def batches(self, epoch: int) -> Iterable[Any]:
        """The training batches of an epoch, in an order of its own."""

    def loss(self, net: nn.Module, batch: Any) -> Tensor:
        """The loss of a batch."""

    def validate(self, net: nn.Module) -> float:
        """A number by which the best epoch is chosen, the smaller the better."""

    def test(self, net: nn.Module) -> dict[str, float]:
        """The scores."""


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
    def task(self, level: float, seed: int) -> Task:
        """Data and questions of a level."""

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
        return train_twin(_task(self, level, job.seed), job.settings["twin"], self.budget(level), job.seed, bench)

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


@lru_cache(maxsize=1)
def _task(experiment: TwinExperiment, level: float, seed: int) -> Task:
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
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = task.network(twin)
    system = TwinSystem(net, task, budget, relaxed=twin == "relaxed")
    callbacks = [best_checkpoint(bench, "validation"), LastCheckpoint(folder=bench.folder)]
    options = {"accelerator": "cpu", "reload_dataloaders_every_n_epochs": 1}
    resume(trainer(bench, budget.epochs, callbacks, **options), bench, system)
    load_best(system, bench)
    net.eval()
    numbers = {"parameters": sum(p.numel() for p in net.parameters()), **task.test(net)}
    numbers["best_epoch"] = read_checkpoint(bench.folder / "best.ckpt")["epoch"]
    if twin == "relaxed":
        numbers["relaxation"] = float(relaxation(net))
        make_strict(net)
        numbers["strict_relaxation"] = float(relaxation(net))
        numbers |= {f"strict_{name}": value for name, value in task.test(net).items()}
    return numbers


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
        return self.task.batches(self.current_epoch)

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


@dataclass(frozen=True)
class SteerableTwins:
    """Steerable networks on points of the plane: strict and relaxed of C_n, and of C_1, which any kernel obeys.

    Hidden fields are regular ones, three rings with harmonics up to frequency 2; relaxed weights have modes up to
    frequency 2 too.

    Args:
        num_layers: Hidden layers.
        parameters: About how many each network has.
        order: n.
        radius: Where the outermost ring ends.
    """

    num_layers: int = 3
    parameters: int = 14_000
    order: int = 8
    radius: float = 0.6

    def build(
        self, twin: Twin, numbers: tuple[int, int], answer: tuple[int, int], readout: Literal["mean"] | None = None
    ) -> SteerableGNN:
        """A network whose width comes nearest to the number of parameters.

        Args:
            twin: Which one.
            numbers: Scalars and vectors of the input.
            answer: Scalars and vectors of the output.
            readout: One answer for each graph, or a field.
        """
        group = PointGroup.cyclic(1 if twin == "free" else self.order)
        relaxed = twin == "relaxed"
        basis = RingBasis.up_to(self.radius, count=3, max_frequency=2, relaxed_frequency=2 if relaxed else 0)

        def build(count: int) -> SteerableGNN:
            hidden = scalars(group, count) if twin == "free" else regulars(group, count)
            return SteerableGNN(
                _fields(group, numbers), hidden, _fields(group, answer), self.num_layers, basis=basis, max_frequency=2,
                relaxed=relaxed, readout=readout,
            )  # fmt: skip

        return build(_count_within(build, self.parameters))


def _fields(group: PointGroup, numbers: Sequence[int]) -> FieldType:
    representations = (Representation.trivial(group), Representation.vector(group))
    return FieldType([(one, count) for one, count in zip(representations, numbers, strict=True) if count])


def _count_within(build: Callable[[int], nn.Module], parameters: int) -> int:
    """The number of hidden fields whose network comes nearest to a number of parameters."""
    best, distance = 1, float("inf")
    for count in range(1, MOST_FIELDS):
        gap = sum(p.numel() for p in build(count).parameters()) - parameters
        if abs(gap) < distance:
            best, distance = count, abs(gap)
        if gap > 0:
            break
    return best
