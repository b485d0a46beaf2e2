"""MSR's synthetic tasks: how much a learned sharing of weights helps with the next task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.msr_tasks import TASKS, draw_tasks, true_sharing, unshared
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.discovery.msr import MSR
from pyg_liesym.discovery.weight_sharing import shared_weights

_HELD_OUT = 100


@dataclass(frozen=True)
class SharedTasks(Experiment):
    """Learn the sharing of weights from tasks, and use it on new ones with few examples.

    A hundred new tasks are adapted to by least squares over the free weights of each row, and judged on their other
    examples, relative to the variance of the outputs.

    Args:
        seeds: Seeds of tasks and fits.
        tasks: Which tables.
        num_tasks: Tasks to learn from.
        examples: Of each task.
        num_support: Of a new task, to adapt by.
        length: Inputs of a layer on a row; the paper has 70.
        max_steps: Steps of MSR's outer loop.
    """

    name: ClassVar[str] = "msr"
    which: ClassVar[tuple[str, ...]] = ("seeds", "tasks")
    seeds: tuple[int, ...] = (0, 1, 2)
    tasks: tuple[str, ...] = TASKS
    num_tasks: int = 1000
    examples: int = 20
    num_support: int = 2
    length: int = 20
    max_steps: int = 800

    def jobs(self) -> Iterator[Job]:
        """Every row with every seed, a table for each kind of task."""
        for task in chosen("task", self.tasks, TASKS):
            for row in (*unshared(task, self.length), "MSR", "closed form", "true sharing"):
                yield from (Job(row, seed, self.settings(), task) for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Draw tasks, learn the sharing, adapt to new tasks."""
        generator = torch.Generator().manual_seed(job.seed)
        true = true_sharing(job.table, self.length, generator)
        x, y = draw_tasks(true, self.num_tasks, self.examples, generator)
        if job.row == "true sharing":
            sharing = true
        elif job.row == "closed form":
            sharing = shared_weights(x, y)
        elif job.row == "MSR":
            method = MSR(true.rank, max_steps=self.max_steps, progress=bench.sitting.progress)
            sharing = method.fit(x, y, seed=job.seed)
        else:
            sharing = unshared(job.table, self.length)[job.row]
        x, y = draw_tasks(true, _HELD_OUT, self.examples, generator)
        w = sharing.adapt(x[:, : self.num_support], y[:, : self.num_support])
        wrong = (x @ w.mT - y)[:, self.num_support :].square().mean((1, 2))
        return {
            "error": float(wrong.mean() / y.square().mean()),
            "free": sharing.rank,
            "angle": sharing.angle(true),
        }

    def columns(self, table: str) -> Sequence[Column]:
        """The error on new tasks first."""
        return (
            Column("error", "error on new tasks", 6),
            Column("free", "free weights", 0),
            Column("angle", "angle from the true sharing", 4, "rad"),
        )
