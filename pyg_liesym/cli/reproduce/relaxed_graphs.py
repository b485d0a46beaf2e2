"""Relaxed networks on graphs beside their strict and unconstrained twins."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import torch

from pyg_liesym.cli.files import save_figure, write_json
from pyg_liesym.cli.reproduce.graph_jets import JetExperiment
from pyg_liesym.cli.reproduce.graph_orbits import OrbitExperiment
from pyg_liesym.cli.reproduce.graph_plumes import MeshExperiment
from pyg_liesym.cli.reproduce.graph_table import COLUMNS, Columns, markdown, tabulate
from pyg_liesym.cli.reproduce.graph_training import GraphTask, Twin, run_twin
from pyg_liesym.writing import whole_file

Name: TypeAlias = Literal["orbits", "jets", "mesh"]


class Experiment(Protocol):
    """Settings of an experiment."""

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels at which all twins are trained."""

    def task(self, level: float, seed: int) -> GraphTask:
        """Data and questions of a level."""


def reproduce_relaxed_graphs(
    experiments: tuple[Name, ...] = ("orbits", "jets", "mesh"),
    twins: tuple[Twin, ...] = ("strict", "relaxed", "free"),
    seeds: tuple[int, ...] = (0, 1, 2),
    out: Path = Path("runs/relaxed-graphs"),
    orbits: OrbitExperiment = OrbitExperiment(),  # noqa: B008 - a frozen value
    jets: JetExperiment = JetExperiment(),  # noqa: B008
    mesh: MeshExperiment = MeshExperiment(),  # noqa: B008
    threads: int = 1,
    progress: bool = True,
) -> dict[str, list[dict[str, Any]]]:
    """Train strict, relaxed and free networks on graphs with one budget, and compare them.

    ``orbits``: two bodies in a weak trap that breaks the rotation symmetry, LieGNN with learned reference vectors;
    ``jets``: top tagging in the plane (Δη, Δφ), steerable convolutions; ``mesh``: smoke plumes on perturbed meshes,
    steerable convolutions (simulated when first used, which needs the extra ``fluids``). Each run is a minute or two of
    one core and has a folder in ``out``; results there are not repeated, so a stopped command goes on. The tables so
    far are in ``table.md`` and ``result.json``, a picture of each experiment beside them.

    Args:
        experiments: Which ones.
        twins: Which networks.
        seeds: Seeds of weights, order and training orbits.
        out: Folder of the results.
        orbits: Settings of the orbits.
        jets: Settings of the jets.
        mesh: Settings of the plumes.
        threads: Threads of this process.
        progress: Whether to show bars.
    """
    torch.set_num_threads(threads)
    chosen: dict[str, Experiment] = {"orbits": orbits, "jets": jets, "mesh": mesh}
    there = out / "result.json"
    tables: dict[str, list[dict[str, Any]]] = json.loads(there.read_text()) if there.exists() else {}
    for name in experiments:
        experiment, columns = chosen[name], COLUMNS[name]
        settings = {k: v for k, v in dataclasses.asdict(experiment).items() if k != "levels"}  # type: ignore[call-overload]
        runs: dict[tuple[float, str], list[dict[str, Any]]] = {
            (level, twin): [] for level in experiment.levels for twin in twins
        }
        for seed in seeds:
            for level in experiment.levels:
                task = experiment.task(level, seed)
                for twin in twins:
                    folder = out / name / f"{columns.level.replace(' ', '-')}{level:g}-{twin}-seed{seed}"
                    own = {"experiment": name, "level": level, **settings}
                    runs[level, twin].append(run_twin(folder, task, twin, own, seed=seed, progress=progress))
            tables[name] = tabulate(columns, runs)
            _write(out, name, columns, tables, runs)
        print(f"\n{markdown(columns, tables[name])}", flush=True)
    return tables


def _write(
    out: Path,
    name: str,
    columns: Columns,
    tables: dict[str, list[dict[str, Any]]],
    runs: dict[tuple[float, str], list[dict[str, Any]]],
) -> None:
    from pyg_liesym.plot.twins import plot_twins

    write_json(out / "result.json", tables)
    with whole_file(out / "table.md") as temporary:
        temporary.write_text("\n".join(markdown(COLUMNS[own], rows) for own, rows in tables.items()), encoding="utf-8")
    score = next(iter(columns.scores))
    values: dict[str, dict[str, list[float]]] = {}
    for (level, twin), results in runs.items():
        values.setdefault(twin, {})[f"{level:g}"] = [one["scores"][score] for one in results]
    figure = plot_twins(values, score=columns.scores[score], level=columns.level, title=columns.title)
    save_figure(out / f"{name}.png", figure)
