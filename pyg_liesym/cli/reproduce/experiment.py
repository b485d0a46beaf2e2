"""What every experiment is, and the one runner of them all."""

from __future__ import annotations

import dataclasses
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import torch

from pyg_liesym.cli.files import finite, write_json, write_text
from pyg_liesym.cli.reproduce.provenance import provenance
from pyg_liesym.cli.reproduce.table import Column, Run, markdown, tabulate
from pyg_liesym.systems.system import TrainingDiverged


class SittingOver(Exception):
    """The time of a sitting is up; the run goes on from its checkpoint in the next."""


@dataclass(frozen=True)
class Sitting:
    """Where and how long an experiment runs: nothing that its numbers depend on, but for rounding.

    Args:
        out: Folder of checkpoints and results (default: ``runs/<experiment>``).
        hours: Length of this sitting (default: until all is done).
        threads: Threads of this process.
        accelerator: Of Lightning's trainer: ``cpu``, ``gpu`` or ``auto``.
        checkpoint_every: Steps between the checkpoints of a long training.
        progress: Whether to show bars.
    """

    out: Path | None = None
    hours: float | None = None
    threads: int = 1
    accelerator: str = "auto"
    checkpoint_every: int = 200
    progress: bool = True


class Job(NamedTuple):
    """One run of an experiment.

    Args:
        row: Row of the table, to which all seeds of one thing belong.
        seed: Of everything drawn.
        settings: All that its numbers depend on, as JSON has it; a result of other settings is not taken for it.
        table: Which of several tables.
    """

    row: str
    seed: int
    settings: Mapping[str, Any]
    table: str = ""

    @property
    def folder(self) -> str:
        """Where it works, beneath the folder of the experiment."""
        name = f"{self.row}-seed{self.seed}".lstrip("-").replace(" ", "-")
        return f"{self.table}/{name}".lstrip("/")


@dataclass(frozen=True)
class Bench:
    """Where one run works, and until when.

    Args:
        folder: Of its checkpoints and its result.
        sitting: Of the experiment.
        until: Reading of ``time.monotonic()`` at which the sitting ends.
    """

    folder: Path
    sitting: Sitting
    until: float = float("inf")


class Experiment(ABC):
    """A frozen dataclass of settings that knows its jobs, how to do one, and what of it a table shows."""

    name: ClassVar[str]
    which: ClassVar[tuple[str, ...]] = ("seeds",)
    """Fields that say which jobs there are, not what they are."""

    @abstractmethod
    def jobs(self) -> Iterable[Job]:
        """The runs in the order in which they are done.

        Raises:
            ValueError: If there is no such run.
        """

    @abstractmethod
    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Do one run, or go on with it, and give its numbers.

        Raises:
            SittingOver: If the time is up.
            TrainingDiverged: If there will be no result.
        """

    @abstractmethod
    def columns(self, table: str) -> Sequence[Column]:
        """What a table shows of its runs, the most important first."""

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw pictures into ``out``; give what is to be said of all runs together, ``comparisons`` above all."""
        return {}

    def settings(self, *leave_out: str) -> dict[str, Any]:
        """The settings as JSON, less which jobs there are, where data lie (paths), and what a job leaves out."""
        assert dataclasses.is_dataclass(self)
        assert not isinstance(self, type)
        own = dataclasses.asdict(self)
        kept = {name: own[name] for name in own if name not in (*self.which, *leave_out)}
        return _as_json(kept)


def run_experiment(experiment: Experiment, sitting: Sitting = Sitting(), command: str = "") -> dict[str, Any]:
    """Do all jobs of an experiment that are not done yet, and write the record of what there is.

    Every job has a folder with ``settings.json`` from its start and ``result.json`` at its end: a result there is not
    repeated, a run that was stopped goes on. The record of all of them is ``<out>/result.json``, the same as text in
    ``<out>/table.md``; runs that an earlier call left in ``out`` stay in both.

    Args:
        experiment: Which one.
        sitting: Where and how long.
        command: What the user typed, for the record.

    Returns:
        The record: ``experiment``, ``runs``, ``table``, ``diverged``, what the experiment concludes, and where it ran.

    Raises:
        ValueError: If a folder is of a run with other settings.
    """
    torch.set_num_threads(sitting.threads)
    until = float("inf") if sitting.hours is None else time.monotonic() + 3600 * sitting.hours
    out = sitting.out or Path("runs") / experiment.name
    jobs = list(experiment.jobs())
    record = Record(experiment, out, command)
    for number, job in enumerate(jobs, start=1):
        print(f"{job.folder}, {number} of {len(jobs)}", flush=True)
        try:
            record.add(job, _result(experiment, job, Bench(out / job.folder, sitting, until)))
        except SittingOver:
            print(f"the sitting is over; the same command goes on with {job.folder}")
            break
        except TrainingDiverged as error:
            print(f"{job.folder}: {error}", flush=True)
            record.diverged.append(job.folder)
    return record.write(experiment.conclude(list(record.runs.values()), out))


class Record:
    """The runs of an experiment, those of earlier calls included, and their tables.

    Args:
        experiment: Whose runs.
        out: Folder of ``result.json`` and ``table.md``.
        command: What the user typed.
    """

    def __init__(self, experiment: Experiment, out: Path, command: str) -> None:
        self.experiment, self.out, self.command = experiment, out, command
        self.diverged: list[str] = []
        there = out / "result.json"
        earlier: list[Run] = json.loads(there.read_text())["runs"] if there.exists() else []
        self.runs: dict[str, Run] = {run["folder"]: run for run in earlier if (out / run["folder"]).exists()}

    def add(self, job: Job, run: Run) -> None:
        """Take up a run, and write what there is so far.

        Raises:
            ValueError: If an earlier call left runs of the same row with other settings.
        """
        for other in self.runs.values():
            if (other["table"], other["row"]) == (run["table"], run["row"]):
                _compare(self.out, other["settings"], run["settings"], ("seed", "metric"))
        self.runs[job.folder] = run
        self.write({}, show=False)

    def write(self, conclusions: Mapping[str, Any], *, show: bool = True) -> dict[str, Any]:
        """Write record and tables."""
        tables = {name: self.experiment.columns(name) for name in dict.fromkeys(r["table"] for r in self.runs.values())}
        rows = [row for name, own in tables.items() for row in tabulate(self._of(name), own)]
        runs = list(self.runs.values())
        record: dict[str, Any] = finite(
            {
                "experiment": self.experiment.name, "command": self.command, **provenance(),
                "seconds": sum(run["seconds"] for run in runs), "table": rows, **conclusions,
                "diverged": self.diverged, "runs": runs,
            }
        )  # fmt: skip
        text = markdown(tables, rows, conclusions.get("comparisons", ()), self.diverged)
        write_json(self.out / "result.json", record)
        write_text(self.out / "table.md", text)
        if show:
            print(f"\n{text}", flush=True)
        return record

    def _of(self, table: str) -> list[Run]:
        return [run for run in self.runs.values() if run["table"] == table]


def _result(experiment: Experiment, job: Job, bench: Bench) -> Run:
    """The result that is there, or that of the run."""
    settings = _as_json({**job.settings, "seed": job.seed})
    _check(bench.folder / "settings.json", settings)
    done = bench.folder / "result.json"
    if done.exists():
        result: Run = json.loads(done.read_text())
        return result
    if time.monotonic() > bench.until and not (bench.folder / "last.ckpt").exists():
        raise SittingOver
    started = time.monotonic()
    numbers = finite(experiment.run(job, bench))
    result = {
        "folder": job.folder, "table": job.table, "row": job.row, "seed": job.seed, "settings": settings,
        "numbers": numbers, "seconds": time.monotonic() - started,
    }  # fmt: skip
    write_json(done, result)
    return result


def _check(path: Path, settings: Mapping[str, Any]) -> None:
    """Refuse to go on with, or take the result of, a run of other settings."""
    if path.exists():
        _compare(path.parent, json.loads(path.read_text()), settings)
    else:
        write_json(path, settings)


def _compare(folder: Path, found: Mapping[str, Any], asked: Mapping[str, Any], but: Sequence[str] = ()) -> None:
    names = {*found, *asked} - {*but}
    different = sorted(name for name in names if found.get(name) != asked.get(name))
    if different:
        raise ValueError(f"{folder} has runs with another {', '.join(different)}: choose another `out` or remove it")


def _as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values; without paths, which say where data lie and not what they are."""
    values: dict[str, Any] = json.loads(json.dumps(_without_paths(settings)))
    return values


def _without_paths(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_paths(own) for name, own in value.items() if not isinstance(own, Path)}
    return value
