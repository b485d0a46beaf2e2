"""Digits, textures and winds: should a network that looks at them keep rotations?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.relaxed_twins import Twin, TwinTraining, train_twin
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.cli.reproduce.vision_data import SIZES, VisionTable, parts_of
from pyg_liesym.cli.reproduce.vision_networks import GridTwins, PointTwins
from pyg_liesym.cli.reproduce.vision_symmetry import QUESTIONS, ask
from pyg_liesym.cli.reproduce.vision_tasks import Answer, Classify, VisionTask

Layout: TypeAlias = Literal["grid", "points"]

SYMMETRY = "symmetry"


@dataclass(frozen=True)
class Vision(Experiment):
    """Ask pictures and winds what they keep; train networks that keep, bend or ignore rotations, and turn the tests.

    Args:
        seeds: Seeds of weights, order and questions.
        tables: Which data networks learn from.
        layouts: On grids, or on graphs of points.
        twins: Which networks.
        questions: Whether to ask the data for their symmetry too.
        winds: Folder of the cache of the winds.
        grids: The networks on grids.
        points: The networks on points.
        training: What all twins get alike.
    """

    name: ClassVar[str] = "vision"
    which: ClassVar[tuple[str, ...]] = ("seeds", "tables", "layouts", "twins", "questions")
    seeds: tuple[int, ...] = (1, 2, 3)
    tables: tuple[VisionTable, ...] = tuple(SIZES)
    layouts: tuple[Layout, ...] = ("grid", "points")
    twins: tuple[Twin, ...] = ("strict", "relaxed", "free")
    questions: bool = True
    winds: Path = Path("datasets/global_wind")
    grids: GridTwins = GridTwins()
    points: PointTwins = PointTwins()
    training: TwinTraining = TwinTraining(epochs=15, batch_size=25, lr=1e-2, penalty=1.0)

    def jobs(self) -> Iterator[Job]:
        """With every seed the questions, then all twins on all data, those on grids first."""
        networks = ("grids", "points", "training")
        for seed in self.seeds:
            for row in QUESTIONS if self.questions else ():
                yield Job(row, seed, self.settings(*networks), SYMMETRY)
        for layout in self.layouts:
            other = "points" if layout == "grid" else "grids"
            for seed in self.seeds:
                for table in self.tables:
                    for twin in self.twins:
                        own = {"layout": layout, "twin": twin, "data": table}
                        yield Job(f"{layout}, {twin}", seed, {**self.settings(other), **own}, table)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Ask a question, or train and test a twin."""
        if job.table == SYMMETRY:
            return ask(job.row, self.winds, job.seed)
        return train_twin(self.task(job), job.settings["twin"], self.training, job.seed, bench)

    def task(self, job: Job) -> VisionTask:
        """Data and questions of a job."""
        table: VisionTable = job.settings["data"]
        grid = job.settings["layout"] == "grid"
        build = self.grids.build if grid else partial(self.points.build, size=SIZES[table])
        parts, size = parts_of(table, self.winds), self.training.batch_size
        if "winds" in table:
            return Answer(parts, build, size, job.seed)
        return Classify(parts, build, size, job.seed, pair=(6, 9) if "digits" in table else ())

    def columns(self, table: str) -> Sequence[Column]:
        """Errors on data as they are and turned, and of the relaxed network when it is made strict."""
        if table == SYMMETRY:
            return (
                Column("certified", "certified", 2),
                Column("refuted", "refuted", 2),
                Column("breaking", "rotations broken", 1, "%"),
                Column("low", "at least", 1, "%"),
                Column("high", "at most", 1, "%"),
                Column("null", "of a random matrix", 0, "%"),
                Column("tilt", "tilt of the metric", 1, "°"),
                Column("samples", "samples", 0),
                Column("units", "independent", 0),
            )
        digits = (Column("upright_pair", "6 and 9, upright", 1, "%"), Column("turned_pair", "6 and 9, turned", 1, "%"))
        return (
            Column("upright", "error, upright", 2, "%"),
            Column("turned", "error, turned", 2, "%"),
            *(digits if "digits" in table else ()),
            *((Column("tilted", "error, tilted", 2, "%"),) if "textures" in table else ()),
            Column("relaxation", "relaxation", 3),
            Column("strict_upright", "made strict: upright", 2, "%"),
            Column("strict_turned", "made strict: turned", 2, "%"),
        )
