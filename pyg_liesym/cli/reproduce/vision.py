"""Digits: should a network that looks at them keep rotations?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

from torch_geometric.loader import DataLoader

from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.relaxed_twins import Twin, TwinTraining, train_twin
from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.cli.reproduce.vision_networks import GridTwins
from pyg_liesym.cli.reproduce.vision_tasks import Classify, Pictures
from pyg_liesym.datasets.pictures.digits import Digits

VisionTable: TypeAlias = Literal["digits", "digits, trained on turned ones"]

TABLES: dict[VisionTable, float] = {"digits": 0.0, "digits, trained on turned ones": math.pi}
"""By how much the pictures are turned that a network learns from."""


@dataclass(frozen=True)
class Vision(Experiment):
    """Train strict, relaxed and free networks on pictures, and test them on pictures as they are and on turned ones.

    Args:
        seeds: Seeds of weights and order.
        tables: Which data.
        twins: Which networks.
        grids: The networks on grids.
        training: What all twins get alike.
    """

    name: ClassVar[str] = "vision"
    which: ClassVar[tuple[str, ...]] = ("seeds", "tables", "twins")
    seeds: tuple[int, ...] = (1, 2, 3)
    tables: tuple[VisionTable, ...] = tuple(TABLES)
    twins: tuple[Twin, ...] = ("strict", "relaxed", "free")
    grids: GridTwins = GridTwins()
    training: TwinTraining = TwinTraining(epochs=15, batch_size=50, lr=5e-3, penalty=0.1)

    def jobs(self) -> Iterator[Job]:
        """All twins on all data with every seed."""
        for seed in self.seeds:
            for table in self.tables:
                for twin in self.twins:
                    yield Job(f"grid, {twin}", seed, {**self.settings(), "table": table, "twin": twin}, table)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a twin."""
        turn = TABLES[job.settings["table"]]
        train, val = (_digits(split, turn) for split in ("train", "val"))
        tests = {"upright": _digits("test", 0.0), "turned": _digits("test", math.pi)}
        size = self.training.batch_size
        task = Classify(train, val, tests, self.grids.build, batch_size=size, seed=job.seed, pairs=(6, 9))
        return train_twin(task, job.settings["twin"], self.training, job.seed, bench)

    def columns(self, table: str) -> Sequence[Column]:
        """Errors on upright and turned pictures, and of the relaxed network when it is made strict."""
        return (
            Column("upright", "error, upright", 2, "%"),
            Column("turned", "error, turned", 2, "%"),
            Column("upright_pair", "6 and 9, upright", 1, "%"),
            Column("turned_pair", "6 and 9, turned", 1, "%"),
            Column("relaxation", "relaxation", 3),
            Column("strict_upright", "made strict: upright", 2, "%"),
            Column("strict_turned", "made strict: turned", 2, "%"),
        )


@lru_cache(maxsize=8)
def _digits(split: Literal["train", "val", "test"], turn: float) -> Pictures:
    digits = Digits(split, turn=turn)
    (batch,) = DataLoader(digits, len(digits))
    return Pictures(batch.x, batch.y)
