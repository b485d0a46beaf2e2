"""Digits, textures and winds: should a network that looks at them keep rotations?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any, ClassVar, Literal, TypeAlias, get_args

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.relaxed_twins import TwinTraining, train_twin
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.cli.reproduce.vision_data import TABLES, VisionTable, parts_of
from pyg_liesym.cli.reproduce.vision_networks import GridTwins, PointTwins
from pyg_liesym.cli.reproduce.vision_symmetry import MARGIN, QUESTIONS, ask
from pyg_liesym.cli.reproduce.vision_tasks import Answer, Classify, VisionTask
from pyg_liesym.cli.reproduce.vision_width import WIDTHS, turned_within
from pyg_liesym.cli.twins import Twin

Layout: TypeAlias = Literal["grid", "points"]

SYMMETRY, FAR = "symmetry", "how far"


@dataclass(frozen=True)
class Vision(Experiment):
    """Ask pictures and winds what they keep; train networks that keep, bend or ignore rotations, and turn the tests.

    Beside the questions stands how far digits can be turned before it costs what they say.

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
    tables: tuple[VisionTable, ...] = get_args(VisionTable)
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
            for width in WIDTHS if self.questions else ():
                own = {**self.settings(*networks), "width": width}
                yield Job(f"digits within {width}°", seed, own, FAR)
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
        if job.table == FAR:
            return turned_within(job.settings["width"], job.seed)
        return train_twin(self.task(job), job.settings["twin"], self.training, job.seed, bench)

    def task(self, job: Job) -> VisionTask:
        """Data and questions of a job."""
        name: VisionTable = job.settings["data"]
        table, on_grid = TABLES[name], job.settings["layout"] == "grid"
        build = self.grids.build if on_grid else partial(self.points.build, size=table.size)
        parts, batch_size = parts_of(name, self.winds), self.training.batch_size
        if table.vectors:
            return Answer(parts, build, batch_size, job.seed)
        return Classify(parts, build, batch_size, job.seed, table.pair)

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
        if table == FAR:
            return (
                Column("error", "error of the nearest neighbour", 2, "%"),
                Column("rise", "more than upright", 2, "%"),
                Column("rise_pair", "of 6 and 9", 2, "%"),
                Column("rise_others", "of the others", 2, "%"),
            )
        return (
            Column("upright", "error, upright", 2, "%"),
            Column("turned", "error, turned", 2, "%"),
            *TABLES[table].more,
            Column("relaxation", "relaxation", 3),
            Column("strict_upright", "made strict: upright", 2, "%"),
            Column("strict_turned", "made strict: turned", 2, "%"),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw how far rotations are broken, and the errors of all twins; set the twins beside each other."""
        asked = [run for run in runs if run["table"] == SYMMETRY]
        if asked:
            save_figure(out / "symmetry.png", _draw_answers(asked))
        comparisons = []
        for table in dict.fromkeys(run["table"] for run in runs if run["table"] in TABLES):
            own = [run for run in runs if run["table"] == table]
            for layout in dict.fromkeys(run["settings"]["layout"] for run in own):
                _draw_errors(own, table, layout, out)
                rows = [f"{layout}, {twin}" for twin in ("strict", "relaxed", "free")]
                for first, second in ((rows[0], rows[2]), (rows[1], rows[2]), (rows[0], rows[1])):
                    for number in ("upright", "turned"):
                        found = paired(own, number, first, second)
                        comparisons += [] if found is None else [{"table": table, **found}]
        return {"comparisons": comparisons}


def _draw_answers(runs: Sequence[Run]) -> Any:
    """Means over the seeds; certified or refuted is what all seeds are."""
    from pyg_liesym.plot.ladder import plot_breakings

    candidates = []
    for name in dict.fromkeys(run["row"] for run in runs):
        numbers = [run["numbers"] for run in runs if run["row"] == name]
        low, size, high = (mean(each[key] for each in numbers) / 100 for key in ("low", "breaking", "high"))
        agreed = [status for status in ("certified", "refuted") if all(each[status] for each in numbers)]
        candidates.append((name, (low, size, high), agreed[0] if agreed else "no evidence"))
    return plot_breakings(candidates, MARGIN, title="Rotations of the density")


def _draw_errors(runs: Sequence[Run], table: str, layout: str, out: Path) -> None:
    """A dot for each seed of each twin on data as they are and turned."""
    from pyg_liesym.plot.twins import plot_twins

    scores: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        if run["settings"]["layout"] == layout:
            of_twin = scores.setdefault(run["settings"]["twin"], {"as they are": [], "turned": []})
            of_twin["as they are"].append(run["numbers"]["upright"])
            of_twin["turned"].append(run["numbers"]["turned"])
    name = table.replace(" ", "-")
    save_figure(out / f"{name}-{layout}.png", plot_twins(scores, score="error [%]", level="test data", title=table))
