"""Strict, relaxed or free: against the number of samples, and on samples that are turned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from torch import nn

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.crossover import Array, dependence
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.relaxed_jets import PlaneJets, RelaxedJets
from pyg_liesym.cli.reproduce.relaxed_mesh import Mesh, RelaxedMesh, Windows
from pyg_liesym.cli.reproduce.relaxed_orbits import OrbitNetwork, RelaxedOrbits
from pyg_liesym.cli.reproduce.relaxed_twins import PlaneTask, TwinExperiment, TwinTraining, best_twin, task_of
from pyg_liesym.cli.reproduce.steerable_twins import SteerableTwins
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.cli.twins import Twin
from pyg_liesym.nn.relaxable import relaxation

QUARTERS = tuple(math.radians(angle) for angle in (90, 180, 270))
ANGLES = tuple(math.radians(angle) for angle in (20, 140, 260))
"""Neither is a turn by which a lattice of eight directions comes onto itself, nor are their differences to one."""
TITLES = {"orbits": "Orbits in a trap", "jets": "Jets, squeezed", "plumes": "Plumes on meshes"}
SCORES = {
    "seen": "error in distribution",
    "quarter": "after quarter turns",
    "turned": "after turns by any angle",
    "elsewhere": "where no training state is",
}


@dataclass(frozen=True)
class Grid:
    """What is run of a task.

    Args:
        levels: How much the symmetry is broken, rising.
        samples: Training samples.
        twins: Which networks.
    """

    levels: tuple[float, ...]
    samples: tuple[int, ...]
    twins: tuple[Twin, ...] = ("strict", "relaxed", "free")


def _grids() -> dict[str, Grid]:
    traps, pairs = (0.0, 0.01, 0.02, 0.04), (10, 30, 100, 300)
    return {
        "orbits": Grid(traps, pairs),
        "orbits, vector channels": Grid(traps, pairs, ("relaxed",)),
        "jets": Grid((0.0, 1.0), (100, 500, 2500)),
        "plumes": Grid((0, 9), (15, 40, 100)),
    }


@dataclass(frozen=True)
class RelaxedSize(Experiment):
    """Strict, relaxed and free twins against the number of training samples, in and out of distribution.

    The tasks of ``relaxed-orbits``, ``relaxed-jets`` and ``relaxed-mesh``, with levels of breaking that are known: the
    strength of a trap; how much a detector squeezes the plane of a jet; the grade of the plumes. Orbits train where
    body 1 is in one half of the plane. All numbers of samples have the same training steps. Errors are those of the
    test samples; of them turned, inputs and answers together, by quarter turns and by other angles (means of three);
    and, of orbits, of states in the other half of the plane, the trap as it is. Beside them stands the error in
    distribution of what has learned nothing: that bodies and flows stay as they are, and all jets are alike.

    Args:
        seeds: Seeds of weights, order and training samples.
        tasks: Which of the grids.
        grids: Levels, samples and twins of each task.
        orbits: The orbits; what their levels, seeds and twins are is said here, of the others likewise.
        jets: The jets.
        mesh: The plumes.
        vector_channels: Of the orbits' networks with several vectors a node.
    """

    name: ClassVar[str] = "relaxed-size"
    which: ClassVar[tuple[str, ...]] = ("seeds", "tasks", "grids")
    seeds: tuple[int, ...] = (1, 2, 3)
    tasks: tuple[str, ...] = ("orbits", "orbits, vector channels", "jets", "plumes")
    grids: dict[str, Grid] = field(default_factory=_grids)
    orbits: RelaxedOrbits = RelaxedOrbits(
        num_orbits=200, network=OrbitNetwork(32, 2), sector=180.0, training_steps=500,
        training=TwinTraining(epochs=1, batch_size=64, lr=2e-2, penalty=0.3),
    )  # fmt: skip
    jets: RelaxedJets = RelaxedJets(
        data=PlaneJets(num_val=300, num_test=1000, max_constituents=12, neighbours=6), steps=150,
        network=SteerableTwins(num_layers=2, parameters=4000),
        training=TwinTraining(epochs=1, batch_size=64, lr=3e-3, penalty=0.3),
    )  # fmt: skip
    mesh: RelaxedMesh = RelaxedMesh(
        data=Mesh(frames=None, points=10, neighbours=8), windows=Windows(every=2), steps=200,
        network=SteerableTwins(num_layers=2, parameters=6000, order=4, radius=2.0),
        training=TwinTraining(epochs=5, batch_size=8, lr=3e-3, penalty=0.3),
    )  # fmt: skip
    vector_channels: int = 4

    def jobs(self) -> Iterator[Job]:
        """All tasks; of each all twins, levels and numbers of samples, one seed after the other."""
        unknown = set(self.tasks) - set(self.grids)
        if unknown:
            raise ValueError(f"there is no task {', '.join(sorted(unknown))}; there are {', '.join(self.grids)}")
        for task in self.tasks:
            grid, own = self.grids[task], self.experiment(task).settings()
            for seed in self.seeds:
                for level in grid.levels:
                    for samples in grid.samples:
                        for twin in grid.twins:
                            settings = {**own, "level": level, "samples": samples, "twin": twin}
                            yield Job(f"{level:g}, {samples} samples, {twin}", seed, settings, task)

    def experiment(self, task: str) -> TwinExperiment:
        """The experiment of a task, still without breaking and number of samples."""
        several = replace(self.orbits.network, vector_channels=self.vector_channels)
        kinds: dict[str, TwinExperiment] = {
            "orbits": self.orbits, "orbits, vector channels": replace(self.orbits, network=several),
            "jets": self.jets, "plumes": self.mesh,
        }  # fmt: skip
        return kinds[task]

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train a twin, and test it in distribution and out of it."""
        level, samples, twin = (job.settings[name] for name in ("level", "samples", "twin"))
        experiment, there = self.experiment(job.table).at(level, samples)
        task = task_of(experiment, there, job.seed)
        net, epoch = best_twin(task, twin, experiment.budget(there), job.seed, bench)
        size = sum(p.numel() for p in net.parameters())
        numbers = {"parameters": size, "best_epoch": epoch, "null": task.null()}
        numbers |= in_and_out_of_distribution(task, net)
        return numbers | ({"relaxation": float(relaxation(net))} if twin == "relaxed" else {})

    def columns(self, table: str) -> Sequence[Column]:
        """The errors."""
        scores = [Column(name, title) for name, title in SCORES.items() if name != "elsewhere" or "orbits" in table]
        return (*scores, Column("null", "in distribution, nothing learned"), Column("relaxation", "relaxation"))

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Where free overtakes strict, what each twin loses to the best in hindsight, and pictures."""
        from pyg_liesym.plot.levels import plot_levels

        found: dict[str, Any] = {"crossovers": {}, "regrets": {}}
        tasks: dict[str, list[Run]] = {}
        for run in runs:
            tasks.setdefault(run["table"].partition(",")[0], []).append(run)
        for task, own in tasks.items():
            levels, panels = sorted({run["settings"]["level"] for run in own}), {}
            for score, title in SCORES.items():
                pair, errors = errors_of(own, score, levels, ("strict", "free")), errors_of(own, score, levels)
                if len(pair) == 2:
                    found["crossovers"].setdefault(task, {})[score] = dependence(levels, pair["strict"], pair["free"])
                if errors:
                    found["regrets"].setdefault(task, {})[score] = regrets(errors)
                    panels[title] = errors
            panels.pop(SCORES["quarter"], None)
            if panels:
                save_figure(out / f"{task}.png", plot_levels(levels, panels, title=TITLES.get(task)))
        return {**found, "facts": facts_of(found["crossovers"], found["regrets"])}


def in_and_out_of_distribution(task: PlaneTask, net: nn.Module) -> dict[str, float]:
    """Errors of a network on test samples as they come, turned, and elsewhere."""
    error: Callable[[float], float] = lambda angle: task.error(net, angle)  # noqa: E731
    return {
        "seen": error(0.0),
        "quarter": sum(map(error, QUARTERS)) / len(QUARTERS),
        "turned": sum(map(error, ANGLES)) / len(ANGLES),
        **task.elsewhere(net),
    }


def errors_of(
    runs: Sequence[Run], score: str, levels: Sequence[float], twins: Sequence[str] | None = None
) -> dict[str, dict[int, Array]]:
    """Network → number of samples → errors ``[levels, seeds]``, of the seeds that all of them have.

    A network is named after its twin and what its table has behind a comma.

    Args:
        runs: Of one task.
        score: Name of the error.
        levels: All of them.
        twins: Which networks (default: all).
    """
    by: dict[str, dict[int, dict[float, dict[int, float]]]] = {}
    for run in runs:
        own, (_, comma, kind) = run["settings"], run["table"].partition(",")
        name = own["twin"] + comma + kind
        if run["numbers"].get(score) is not None and (twins is None or name in twins):
            place = by.setdefault(name, {}).setdefault(own["samples"], {}).setdefault(own["level"], {})
            place[run["seed"]] = run["numbers"][score]
    cells = [of.get(level, {}) for sizes in by.values() for of in sizes.values() for level in levels]
    seeds = sorted(set.intersection(*map(set, cells))) if cells else []
    if not seeds:
        return {}
    return {
        name: {n: np.array([[sizes[n][level][seed] for seed in seeds] for level in levels]) for n in sorted(sizes)}
        for name, sizes in by.items()
    }


def regrets(errors: Mapping[str, Mapping[int, Array]]) -> dict[str, float]:
    """Mean logarithm of each twin's error over that of the best twin, at the same level, samples and seed."""
    arrays = {twin: np.stack(list(own.values())) for twin, own in errors.items()}
    best = np.min(list(arrays.values()), axis=0)
    return {twin: float(np.log(own / best).mean()) for twin, own in arrays.items()}


def facts_of(crossovers: Mapping[str, Any], losses: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Numbers that a page can quote: powers and crossings with their intervals, and losses in per cent."""
    facts: dict[str, float] = {}
    for name, own in _flat(crossovers):
        if own["slope"] is not None and own["slope_interval"] is not None:
            facts |= _between(f"{name}_power", own["slope"], own["slope_interval"])
        for n, crossing, interval in zip(own["samples"], own["crossings"], own["intervals"], strict=True):
            facts |= _between(f"{name}_{n}", crossing, interval)
    for name, own in _flat(losses):
        facts |= {f"{name}_{twin}_loses_percent": 100 * math.expm1(value) for twin, value in own.items()}
    digits = {name: 0 if "percent" in name else 2 if "power" in name else 4 for name in facts}
    return {name: {"value": value, "digits": digits[name]} for name, value in facts.items() if math.isfinite(value)}


def _flat(by: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    return ((f"{task}_{score}", own) for task, scores in by.items() for score, own in scores.items())


def _between(name: str, value: float, interval: Sequence[float]) -> dict[str, float]:
    low, high = interval
    return {name: value, f"{name}_from": low, f"{name}_to": high}
