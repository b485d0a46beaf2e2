"""Relaxed networks against strict and free ones on smoke plumes: the tables of Approximately Equivariant Networks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

import torch

from pyg_liesym.cli.files import save_figure, save_tensors
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.plume_run import PlumeProtocol, forecaster_of, plume_data, train_and_test
from pyg_liesym.cli.reproduce.plume_symmetry import compare_with_data, turn_error
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.datasets.simulation.plume_settings import PlumeSetting
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import FORECASTERS, STRICT, TWINS, ForecasterName, GridSymmetry
from pyg_liesym.systems.field_data import SmokePlumeData

PlumeTable: TypeAlias = Literal["wind", "wind-scale", "shear", "scale", "graded", "rotation", "translation"]


class _Table(NamedTuple):
    """Data, the symmetry that the networks keep or relax, those of them that run first, and rules of its own."""

    data: PlumeSetting
    symmetry: GridSymmetry
    core: tuple[ForecasterName, ...]
    own: dict[str, Any]


_WIND: dict[str, Any] = {
    "history": 1, "frames": None, "test_horizon": 6, "budget": 4_000, "epochs": 6, "decay": 0.6,
}  # fmt: skip
_PLACES = {"mlp": 8, "rpp": 4, "clcnn": 2}
TABLES: dict[PlumeTable, _Table] = {
    "wind": _Table("wind", "rotation", ("strict", "rsteer", "convnet", "rgroup"), _WIND),
    "wind-scale": _Table("wind", "scale", ("strict", "rgroup", "riesz", "rriesz"), _WIND | {"num_banks": 1}),
    "shear": _Table(
        "shear",
        "translation",
        ("convnet", "rgroup", "mlp"),
        {"history": 1, "frames": None, "test_horizon": 10, "widths": _PLACES},
    ),
    "scale": _Table("scale", "scale", ("strict", "rgroup"), {"budget": 5_000, "num_banks": 1}),
    "graded": _Table(
        "graded",
        "rotation",
        ("rsteer", "strict", "convnet"),
        {"history": 1, "frames": None, "test_horizon": 6, "penalty": 100.0},
    ),
    "rotation": _Table("rotation", "rotation", ("strict", "rsteer", "convnet", "rgroup"), {}),
    "translation": _Table("translation", "translation", ("convnet", "rgroup", "mlp"), {"widths": _PLACES}),
}
"""The tables in the order in which they run. A steady wind breaks rotations and, having a speed of its own, scalings.

Of their own they have one frame, since from several a strict network could tell the wind, and as the authors have it in
``graded``; tests about as far as these flows can be told; a smaller budget and fewer rounds in ``wind``, where the
fewest plumes are to learn from; in ``graded`` a penalty that holds back what random batches do to the weights; one
filter bank for scalings, whose convolutions take longest, as a second would halve their widths; for translations a
width of its own for the free path of ``rpp``, which has a weight for every place."""


@dataclass(frozen=True)
class Plume(Experiment):
    """Train networks that keep, relax or ignore a symmetry on smoke plumes that break it, and compare their forecasts.

    The protocol is that of Approximately Equivariant Networks (Wang, Walters, Yu, ICML 2022), scaled to one core: 32 ×
    32 cells, one budget of parameters for all networks whose weights do not belong to places. The full one, for a GPU,
    is ``--config plume-full``.

    Args:
        tables: Data sets; ``wind-scale`` is ``wind`` with networks that keep or relax scalings, ``graded`` asks
            whether a network breaks the symmetry as far as its data do, at each level.
        models: Networks, out of those that there are for a table (default: all).
        seeds: Seeds of weights and order; ``graded`` runs with the first.
        levels: Levels of ``graded``.
        root: Folder of the data set; simulated when first used.
        protocol: What all networks get alike.
        own: What single tables have otherwise, ``{graded: {history: 1}}`` (default: one frame of history in
            ``graded``, with wind and in ``shear``, smaller budgets with wind and for ``scale``,
            six rounds with wind).
    """

    name: ClassVar[str] = "plume"
    which: ClassVar[tuple[str, ...]] = ("seeds", "tables", "models", "levels")
    tables: tuple[PlumeTable, ...] = tuple(TABLES)
    models: tuple[ForecasterName, ...] | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    levels: tuple[int, ...] = (0, 1, 3, 5, 7, 9)
    root: Path = Path("datasets/smoke_plume")
    protocol: PlumeProtocol = PlumeProtocol()
    own: dict[PlumeTable, dict[str, Any]] | None = None

    def jobs(self) -> Iterator[Job]:
        """First the core of all tables with all seeds, then the graded levels, then the other baselines."""
        known = {table: FORECASTERS[TABLES[table].symmetry] for table in self.tables}
        for name in self.models or ():
            if not any(name in names for names in known.values()):
                raise ValueError(f"there is no network {name!r} for {', '.join(self.tables)}; there are {known}")
        for core in (True, False):
            for seed in self.seeds:
                for table in (table for table in self.tables if table != "graded"):
                    first = TABLES[table].core
                    names = first if core else tuple(name for name in known[table] if name not in first)
                    chosen = [name for name in names if self.models is None or name in self.models]
                    yield from (self._job(table, name, seed) for name in chosen)
            if core and "graded" in self.tables:
                for name in self.models or TABLES["graded"].core:
                    if name in known["graded"]:
                        yield from (self._job("graded", name, self.seeds[0], level) for level in self.levels)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a network; of the first seed, keep a forecast, and in ``graded`` the errors of turns."""
        name: PlumeTable = job.settings["table"]
        table, rules = TABLES[name], self._rules(name)
        model, level = job.settings["model"], job.settings["level"]
        data = plume_data(self.root, table.data, level, job.seed, rules)
        numbers, net = train_and_test(model, table.symmetry, data, rules, job.seed, bench)
        if job.table == "graded":
            torch.manual_seed(job.seed)
            untrained = forecaster_of(model, table.symmetry, rules, data.sizes())[0]
            numbers |= {"turn_error": turn_error(net, data), "untrained": turn_error(untrained, data)}
        elif job.seed == self.seeds[0]:
            _keep_forecast(bench.folder, net, data)
        return numbers

    def columns(self, table: str) -> Sequence[Column]:
        """The errors at later times first."""
        if table == "graded":
            turns = (Column("turn_error", "error of turns"), Column("untrained", "untrained"))
            return (*turns, Column("relaxation", "relaxation"))
        return (
            Column("test_rmse_future", "RMSE future"),
            Column("test_rmse_domain", "RMSE held out"),
            Column("val_rmse", "RMSE validation"),
            Column("relaxation", "relaxation", 3),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Every network beside its twin, forecasts as pictures, and what was learned of the graded levels."""
        concluded: dict[str, Any] = {"comparisons": []}
        for table in dict.fromkeys(run["table"] for run in runs):
            own = [run for run in runs if run["table"] == table]
            if table == "graded":
                concluded["graded"] = compare_with_data(out, own, self.root, self.protocol.resolution)
                continue
            concluded["comparisons"] += _beside_twins(table, own)
            _draw(out, table, own)
        return concluded

    def _rules(self, table: PlumeTable) -> PlumeProtocol:
        return replace(self.protocol, **(TABLES[table].own if self.own is None else self.own.get(table, {})))

    def _job(self, table: PlumeTable, model: ForecasterName, seed: int, level: int = 0) -> Job:
        which = {"table": table, "model": model, "setting": TABLES[table].data, "level": level}
        row = f"level{level} {model}" if table == "graded" else model
        return Job(row, seed, {**which, **asdict(self._rules(table))}, table)


def _beside_twins(table: PlumeTable, runs: Sequence[Run]) -> list[dict[str, Any]]:
    """The errors of every network over those of its twin, seed by seed."""
    strict = STRICT[TABLES[table].symmetry]
    found = []
    for name in dict.fromkeys(run["row"] for run in runs):
        twin = TWINS.get(name, strict)
        for number in ("test_rmse_future", "test_rmse_domain"):
            ratios = paired(runs, number, name, twin, ratio=True) if name != twin else None
            found += [] if ratios is None else [{"table": table, **ratios}]
    return found


@torch.no_grad()
def _keep_forecast(folder: Path, net: FieldForecaster, data: SmokePlumeData) -> None:
    """Leave the forecast of one window in the middle of the later times, for the picture."""
    windows = data.dataset("future")
    window = windows[len(windows) // 2]
    forecast = net.rollout(window.x, window.y.size(1))[0]
    save_tensors(folder / "forecast.safetensors", {"truth": window.y[0], "forecast": forecast})


def _draw(out: Path, table: PlumeTable, runs: Sequence[Run]) -> None:
    from safetensors.torch import load_file

    from pyg_liesym.plot.flow import plot_flow_forecasts

    kept: Mapping[str, Path] = {run["row"]: out / run["folder"] / "forecast.safetensors" for run in reversed(runs)}
    frames = {name: load_file(path) for name, path in kept.items() if path.exists()}
    if frames:
        truth = next(iter(frames.values()))["truth"]
        forecasts = {name: own["forecast"] for name, own in frames.items()}
        save_figure(out / f"{table}.png", plot_flow_forecasts(truth, forecasts, title=f"{table}: later times"))
