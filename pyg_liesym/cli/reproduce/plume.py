"""Relaxed networks against strict and free ones on smoke plumes: the tables of Approximately Equivariant Networks."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import torch

from pyg_liesym.cli.files import save_figure, write_json
from pyg_liesym.cli.reproduce.plume_protocol import PlumeProtocol
from pyg_liesym.cli.reproduce.plume_run import forecaster_of, plume_data, run_plume
from pyg_liesym.cli.reproduce.plume_symmetry import data_error, report_symmetry, turn_error
from pyg_liesym.cli.reproduce.plume_table import markdown, tabulate
from pyg_liesym.cli.reproduce.tagging_sitting import SittingOver
from pyg_liesym.datasets.simulation.plume_settings import PlumeSetting
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import FORECASTERS, STRICT, TWINS, ForecasterName, GridSymmetry
from pyg_liesym.writing import whole_file

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


class _Job(NamedTuple):
    setting: PlumeTable
    model: ForecasterName
    seed: int
    level: int = 0

    @property
    def folder(self) -> str:
        level = f"level{self.level}-" if self.setting == "graded" else ""
        return f"{self.setting}/{level}{self.model}-seed{self.seed}"


def reproduce_plume(
    settings: tuple[PlumeTable, ...] = tuple(TABLES),
    models: tuple[ForecasterName, ...] | None = None,
    root: Path = Path("datasets/smoke_plume"),
    out: Path = Path("runs/plume"),
    seeds: tuple[int, ...] = (0, 1, 2),
    protocol: PlumeProtocol = PlumeProtocol(),  # noqa: B008
    levels: tuple[int, ...] = (0, 1, 3, 5, 7, 9),
    own: dict[PlumeTable, dict[str, Any]] | None = None,
    hours: float | None = None,
    threads: int = 1,
    progress: bool = True,
) -> dict[str, Any]:
    """Train networks that keep, relax or ignore a symmetry on smoke plumes that break it, and compare their forecasts.

    The protocol is that of Approximately Equivariant Networks (Wang, Walters, Yu, ICML 2022), scaled to one core: 32 ×
    32 cells, one budget of parameters for all networks whose weights do not belong to places. The full one, for a GPU,
    is ``--config plume-full``. Each run has a folder in ``out``; results there are not repeated,
    and one that was stopped goes on from its last round, so that the benchmark can take several sittings. The tables so
    far are in ``table.md`` and ``result.json``, pictures beside them.

    Args:
        settings: Data sets; ``wind-scale`` is ``wind`` with networks that keep or relax scalings, ``graded`` asks
            whether a network breaks the symmetry as far as its data do, at each level.
        models: Networks, out of those that there are for a setting (default: all).
        root: Folder of the data set; simulated when first used.
        out: Folder of checkpoints and results.
        seeds: Seeds of weights and order; ``graded`` runs with the first.
        protocol: What all networks get alike.
        levels: Levels of ``graded``.
        own: What single settings have otherwise, ``{graded: {history: 1}}`` (default: one frame of history in
            ``graded``, with wind and in ``shear``, smaller budgets with wind and for ``scale``,
            six rounds with wind).
        hours: Length of this sitting (default: until all is done).
        threads: Threads of this process.
        progress: Whether to show bars.
    """
    torch.set_num_threads(threads)
    until = float("inf") if hours is None else time.monotonic() + 3600 * hours
    results: dict[PlumeTable, dict[str, list[dict[str, Any]]]] = {}
    for job in _jobs(settings, models, seeds, levels):
        table = TABLES[job.setting]
        rules = replace(protocol, **(table.own if own is None else own.get(job.setting, {})))
        print(f"{job.folder}", flush=True)
        try:
            result, net = run_plume(
                out / job.folder, job.model, table.data, table.symmetry, root, rules, seed=job.seed,
                level=job.level, until=until, progress=progress,
            )  # fmt: skip
        except SittingOver:
            print(f"the sitting is over; the same command goes on with {job.folder}")
            break
        if job.setting == "graded":
            data = plume_data(root, "graded", job.level, job.seed, rules)
            torch.manual_seed(job.seed)
            untrained = forecaster_of(job.model, table.symmetry, rules, data.sizes())[0]
            result["turn_error"], result["untrained"] = turn_error(net, data), turn_error(untrained, data)
        elif job.seed == seeds[0]:
            _keep_forecast(out / job.folder, net, job, root, rules)
        results.setdefault(job.setting, {}).setdefault(job.model, []).append(result)
        _report(out, results, root, protocol.resolution)
    return _report(out, results, root, protocol.resolution, draw=True)


def _jobs(
    settings: Sequence[PlumeTable],
    models: Sequence[ForecasterName] | None,
    seeds: Sequence[int],
    levels: Sequence[int],
) -> Iterator[_Job]:
    """First the core of all settings with all seeds, then the graded levels, then the other baselines."""
    known = {setting: FORECASTERS[TABLES[setting].symmetry] for setting in settings}
    for name in models or ():
        if not any(name in names for names in known.values()):
            raise ValueError(f"there is no network {name!r} for {', '.join(settings)}; there are {known}")
    tables = [setting for setting in settings if setting != "graded"]
    for core in (True, False):
        for seed in seeds:
            for setting in tables:
                first = TABLES[setting].core
                names = first if core else tuple(name for name in known[setting] if name not in first)
                yield from (_Job(setting, name, seed) for name in names if models is None or name in models)
        if core and "graded" in settings:
            for name in models or TABLES["graded"].core:
                if name in known["graded"]:
                    yield from (_Job("graded", name, seeds[0], level) for level in levels)


def _report(
    out: Path, results: Mapping[PlumeTable, Mapping[str, Sequence[dict[str, Any]]]], root: Path,
    resolution: int, *, draw: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write the tables of what is done; pictures in the end. Settings of earlier calls keep theirs."""
    table, numbers = out / "table.md", out / "result.json"
    parts = table.read_text(encoding="utf-8").split("### ")[1:] if table.exists() else []
    texts = {part.split()[0].strip(":"): f"### {part.rstrip()}\n" for part in parts}
    whole: dict[str, Any] = json.loads(numbers.read_text()) if numbers.exists() else {}
    for setting, own in results.items():
        if setting != "graded":
            strict = STRICT[TABLES[setting].symmetry]
            whole[setting] = rows = tabulate(own, strict, TWINS)
            texts[setting] = markdown(setting, rows, strict)
            if draw:
                _draw(out, setting, own)
            continue
        levels = sorted(set.intersection(*({one["level"] for one in results} for results in own.values())))
        if len(levels) > 1:
            data = {level: data_error(root, level, resolution) for level in levels}
            texts[setting] = report_symmetry(out, data, own)
    write_json(numbers, whole)
    text = "\n".join(texts.values())
    with whole_file(table) as temporary:
        temporary.write_text(text, encoding="utf-8")
    print(f"\n{text}", flush=True)
    return whole


@torch.no_grad()
def _keep_forecast(folder: Path, net: FieldForecaster, job: _Job, root: Path, protocol: PlumeProtocol) -> None:
    """Leave the forecast of one window in the middle of the later times, for the picture."""
    from safetensors.torch import save_file

    if (folder / "forecast.safetensors").exists():
        return
    data = plume_data(root, TABLES[job.setting].data, job.level, job.seed, protocol).dataset("future")
    window = data[len(data) // 2]
    forecast = net.rollout(window.x, window.y.size(1))[0]
    with whole_file(folder / "forecast.safetensors") as temporary:
        save_file({"truth": window.y[0].contiguous(), "forecast": forecast.contiguous()}, temporary)


def _draw(out: Path, setting: PlumeTable, results: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    from safetensors.torch import load_file

    from pyg_liesym.plot.flow import plot_flow_forecasts

    kept = {name: out / _Job(setting, own[0]["model"], own[0]["seed"]).folder for name, own in results.items()}
    frames = {
        name: load_file(folder / "forecast.safetensors")
        for name, folder in kept.items()
        if (folder / "forecast.safetensors").exists()
    }
    if frames:
        truth = next(iter(frames.values()))["truth"]
        forecasts = {name: own["forecast"] for name, own in frames.items()}
        save_figure(out / f"{setting}.png", plot_flow_forecasts(truth, forecasts, title=f"{setting}: later times"))
