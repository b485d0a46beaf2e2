from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job, Sitting, SittingOver, run_experiment
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.systems.system import TrainingDiverged


@dataclass(frozen=True)
class Doubling(Experiment):
    """Doubles its seed."""

    name: ClassVar[str] = "doubling"
    calls: ClassVar[list[str]] = []
    seeds: tuple[int, ...] = (1, 2)
    factor: float = 2.0
    root: Path = Path("somewhere")

    def jobs(self) -> Iterator[Job]:
        for seed in self.seeds:
            yield from (Job(row, seed, self.settings()) for row in ("plain", "more"))

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        self.calls.append(job.folder)
        if job.seed == 13:
            raise TrainingDiverged("the loss is nan")
        if job.seed == 99:
            raise SittingOver
        return {"value": self.factor * job.seed + (job.row == "more"), "nothing": float("nan"), "parameters": 1234}

    def columns(self, table: str) -> tuple[Column, ...]:
        return (Column("value", "value", 1, "GeV"),)

    def conclude(self, runs: list[Run], out: Path) -> dict[str, Any]:  # type: ignore[override]
        found = paired(runs, "value", "more", "plain")
        return {"comparisons": [found] if found else []}


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    Doubling.calls.clear()


def test_a_record_has_all_that_is_needed_to_judge_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = run_experiment(Doubling(), Sitting(out=tmp_path), "liesym reproduce doubling")
    assert json.loads((tmp_path / "result.json").read_text()) == record
    assert {"command", "version", "commit", "machine", "software", "date", "seconds"} <= set(record)
    plain, _ = record["table"]
    assert plain["value"] == {"values": [2.0, 4.0], "mean": 3.0, "std": 2**0.5, "error": 1.0, "unit": "GeV"}
    first = record["runs"][0]
    assert first["settings"] == {"factor": 2.0, "seed": 1}
    assert first["numbers"]["nothing"] is None
    assert record["comparisons"][0]["values"] == [1.0, 1.0]
    assert "| plain | 1 234 | 3.0 ± 1.0 |" in (tmp_path / "table.md").read_text()
    assert "plain-seed1, 1 of 4" in capsys.readouterr().out


def test_what_is_done_is_not_repeated_and_other_seeds_are_added(tmp_path: Path) -> None:
    run_experiment(Doubling(seeds=(1,)), Sitting(out=tmp_path))
    record = run_experiment(Doubling(seeds=(5,), root=Path("elsewhere")), Sitting(out=tmp_path))
    assert Doubling.calls == ["plain-seed1", "more-seed1", "plain-seed5", "more-seed5"]
    assert record["table"][0]["seeds"] == [1, 5]
    run_experiment(Doubling(seeds=(1, 5)), Sitting(out=tmp_path))
    assert len(Doubling.calls) == 4


def test_a_run_of_other_settings_is_refused(tmp_path: Path) -> None:
    run_experiment(Doubling(seeds=(1,)), Sitting(out=tmp_path))
    with pytest.raises(ValueError, match="has runs with another factor: choose another `out`"):
        run_experiment(Doubling(seeds=(1,), factor=3.0), Sitting(out=tmp_path))


def test_rows_do_not_mix_settings(tmp_path: Path) -> None:
    run_experiment(Doubling(seeds=(1,)), Sitting(out=tmp_path))
    with pytest.raises(ValueError, match="runs with another factor"):
        run_experiment(Doubling(seeds=(2,), factor=3.0), Sitting(out=tmp_path))


def test_a_run_that_diverges_is_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = run_experiment(Doubling(seeds=(1, 13)), Sitting(out=tmp_path))
    assert record["diverged"] == ["plain-seed13", "more-seed13"]
    assert record["table"][0]["seeds"] == [1]
    assert "Diverged, and in no table: plain-seed13; more-seed13." in (tmp_path / "table.md").read_text()
    assert "the loss is nan" in capsys.readouterr().out


def test_a_sitting_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = run_experiment(Doubling(seeds=(1, 99, 2)), Sitting(out=tmp_path))
    assert [run["folder"] for run in record["runs"]] == ["plain-seed1", "more-seed1"]
    assert "the same command goes on with plain-seed99" in capsys.readouterr().out
    before = time.monotonic()
    assert run_experiment(Doubling(), replace(Sitting(), out=tmp_path / "new", hours=0.0))["runs"] == []
    assert time.monotonic() - before < 60
