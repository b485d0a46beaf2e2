"""The real planets, decades ahead: networks, ellipses and Newton's law on dates that no training has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import lightning as L
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from pyg_liesym.cli.files import save_figure, save_tensors
from pyg_liesym.cli.reproduce.charged_particles import fit_and_test
from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.kepler import Array
from pyg_liesym.cli.reproduce.rolling import Curves, Moves, Pairs, Seen, complete_edges, roll_out
from pyg_liesym.cli.reproduce.solar_nulls import NULLS, Start
from pyg_liesym.cli.reproduce.solar_states import PLANETS, YEAR, about_sun, era, era_dates, states
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.datasets.bodies.solar_system import SolarSystem
from pyg_liesym.discovery.evidence.moments import Moments
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.nn.models.second_order_liegnn import SecondOrderLieGNN
from pyg_liesym.plot.rollout import plot_rollout
from pyg_liesym.systems.forecasting import TrajectoryForecasting

_LENGTH, _TIME = 10.0, YEAR
"""Astronomical units and days, in which networks see numbers of order one."""
_NETWORKS = ("second-order, J = I", "second-order, J found", "second-order, a wrong J", "egnn")
_SHOWN = (5, 10, 20)


@dataclass(frozen=True)
class SolarSystemForecast(Experiment):
    """Forecast Jupiter, Saturn, Uranus and Neptune 20 years ahead, from the ephemeris that spacecraft fly by.

    Networks learn a step of some months from 1899 to 1991, are chosen by the years to 2022, and are rolled out from
    dates after that. They know which body is which and no masses, and see all about the barycentre. J is the identity,
    the one found in the years of training (as in ``liesym reproduce real-data``), or a wrong one. Beside them stand
    straight motion; what was a period ago; the ellipse of the first state; ellipses fitted to the years of training;
    and Newton's law with the masses that astronomers know. Errors are distances of the positions about the centre of
    mass of the Sun and its inner planets.

    Args:
        models: Rows of the table.
        seeds: Seeds of dates and weights.
        steps_a_year: Of a rollout.
        years: Length of a rollout.
        starts: Rollouts, from dates spread over the test years.
        num_dates: Pairs to train with.
        epochs: Passes over them.
        lr: Learning rate at first; it falls to zero along a cosine.
        hidden: Width of the nodes; 64 for ``egnn``, as published.
        channels: Vectors a node.
        num_steps: Steps of time that make one.
    """

    name: ClassVar[str] = "solar-system"
    which: ClassVar[tuple[str, ...]] = ("seeds", "models")
    models: tuple[str, ...] = (*NULLS, *_NETWORKS)
    seeds: tuple[int, ...] = (1, 2, 3)
    steps_a_year: int = 2
    years: int = 20
    starts: int = 8
    num_dates: int = 3000
    epochs: int = 60
    lr: float = 1e-2
    hidden: int = 32
    channels: int = 8
    num_steps: int = 2

    def jobs(self) -> Iterator[Job]:
        """Everything with one seed after the other; what learns nothing once."""
        rows = chosen("model", self.models, (*NULLS, *_NETWORKS))
        sizes = {"steps_a_year": self.steps_a_year, "years": self.years, "starts": self.starts}
        for seed in self.seeds:
            for row in rows:
                if row in _NETWORKS:
                    yield Job(row, seed, self.settings())
                elif seed == self.seeds[0]:
                    yield Job(row, seed, sizes)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train where there is something to train, and roll out."""
        step = YEAR / self.steps_a_year
        length = self.years * self.steps_a_year
        first, last = era("test")
        dates = np.linspace(first, last - length * step, self.starts)[:, None] + step * np.arange(length + 1)
        pos, vel = states(dates)
        start = Start(dates, pos[:, 0], vel[:, 0])
        trained: dict[str, Any] = {}
        if job.row in NULLS:
            path = NULLS[job.row](start)
        else:
            net, trained = self._train(job, bench, step)
            path = about_sun(_follow(net, start))
        true = about_sun(pos)
        save_tensors(
            bench.folder / "rollout.safetensors", {"pos": torch.from_numpy(path), "truth": torch.from_numpy(true)}
        )
        return self._scores(path, true) | trained

    def _train(self, job: Job, bench: Bench, step: float) -> tuple[Curves, dict[str, Any]]:
        L.seed_everything(job.seed, verbose=False)
        sizes = {"train": self.num_dates, "val": 1000, "test": 1000}
        pairs = {split: _steps(split, size, step, job.seed) for split, size in sizes.items()}
        pos, vel, later, faster = pairs["train"]
        span = step / _TIME
        bends, pushes = ((part.square().mean((0, 2))).sqrt() for part in (later - pos - span * vel, faster - vel))
        net = self._network(job, span)
        curves = Curves(net, span, bends, pushes)
        system = TrajectoryForecasting(curves, lr=self.lr, weight_decay=0.0, decay=True, warm_up=100)
        graphs = {split: _graphs(own, curves) for split, own in pairs.items()}
        numbers = fit_and_test(system, graphs, job.seed, bench, self.epochs, gradient_clip_val=1.0)
        return curves.double().eval(), {f"step_{name}" if "mse" in name else name: own for name, own in numbers.items()}

    def _network(self, job: Job, span: float) -> nn.Module:
        bodies = 1 + len(PLANETS)
        if job.row == "egnn":
            first, second = (EGNN(bodies, 64, None, 4, velocity=True) for _ in range(2))
            return Moves(first, second, span)
        return SecondOrderLieGNN(
            bodies, self.hidden, self.num_steps, metric=_METRICS[job.row](job.seed), vector_channels=self.channels,
            span=span, origin="zero", scheme="verlet",
        )  # fmt: skip

    def _scores(self, path: Array, true: Array) -> dict[str, Any]:
        """Distances from the truth at the end of every year, means over starts; relative ones also over planets."""
        away = np.linalg.norm(path - true, axis=-1)[:, :: self.steps_a_year]  # [starts, years + 1, planets]
        relative = away / np.linalg.norm(true, axis=-1)[:, :: self.steps_a_year]
        numbers: dict[str, Any] = {}
        for year in range(1, self.years + 1):
            own = relative[:, year].mean(-1)
            numbers |= {f"relative_{year}": float(own.mean()), f"between_starts_{year}": float(own.std(ddof=1))}
            numbers[f"relative_{year}_error"] = float(own.std(ddof=1) / len(own) ** 0.5)
            numbers |= {f"{name}_{year}": float(away[:, year, k].mean()) for k, name in enumerate(PLANETS)}
        return numbers

    def columns(self, table: str) -> Sequence[Column]:
        """Errors of the rollouts, then of a step."""
        return (
            *(Column(f"relative_{year}", f"error after {year} years", 5) for year in _SHOWN if year <= self.years),
            *(Column(f"{name}_{self.years}", f"{name} after {self.years}", 4, "au") for name in PLANETS),
            Column(f"between_starts_{self.years}", "spread over start dates", 5),
            Column("step_test_mse", "share of the curve missed in a step", 6),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw the first seed from the first start on."""
        own = [run for run in runs if run["seed"] == runs[0]["seed"] and run["row"] in _DRAWN]
        found = {run["row"]: load_file(out / run["folder"] / "rollout.safetensors") for run in own}
        if found:
            truth = next(iter(found.values()))["truth"]
            # The start is the same for all, but for rounding.
            paths = {row: torch.cat([truth[:, :1], one["pos"][:, 1:]], 1) for row, one in found.items()}
            figure = plot_rollout(truth, paths, dt=1 / self.steps_a_year, unit="au", title="Planets, time in years")
            save_figure(out / "planets.png", figure)
        return {}


_DRAWN = ("ellipse of the first state", "second-order, J = I", "egnn")


class _Steps(NamedTuple):
    """States ``[S, 5, 3]`` and those a step later, in the units of networks."""

    pos: Tensor
    vel: Tensor
    later: Tensor
    faster: Tensor


def _in_units(pos: Array, vel: Array) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(pos / _LENGTH), torch.from_numpy(vel * _TIME / _LENGTH)


@lru_cache(maxsize=6)
def _steps(split: str, number: int, step: float, seed: int) -> _Steps:
    dates = era_dates(split, number, step, seed)
    return _Steps(*_in_units(*states(dates)), *_in_units(*states(dates + step)))


def _graphs(steps: _Steps, curves: Curves) -> Pairs:
    systems, bodies = steps.pos.shape[:2]
    pos = steps.pos.flatten(0, 1)
    seen = Seen(torch.eye(bodies).repeat(systems, 1), pos.float(), complete_edges(bodies, systems))
    y = curves.of(pos, *(part.flatten(0, 1) for part in steps[1:]))
    return Pairs(seen, steps.vel.float(), y.unflatten(0, (systems, bodies)).float())


def _found(seed: int) -> Tensor:
    """The form of the inner planets' orbits in the years of training, of mean one on the diagonal."""
    r, k = SolarSystem(None, "train", num_dates=500, seed=seed).pulls()
    lengths = k ** (-2 / 3)
    form = Relations(Moments.of(r, lengths / lengths.mean(), output="scalar")).form()
    if form is None:
        raise ValueError("no form was found in the years of training")
    return 3 * form / form.trace()


_METRICS: dict[str, Callable[[int], Tensor]] = {
    "second-order, J = I": lambda seed: torch.eye(3),
    "second-order, J found": _found,
    "second-order, a wrong J": lambda seed: torch.diag(torch.tensor([1.0, 1.0, 4.0])),
}


def _follow(net: Curves, start: Start) -> Array:
    """Roll out in double precision ``[S, T, 5, 3]``."""
    systems, bodies = start.pos.shape[:2]
    batch, edges = torch.arange(systems).repeat_interleave(bodies), complete_edges(bodies, systems)
    names = torch.eye(bodies).double().repeat(systems, 1)

    def step(q: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        pos, vel = q.flatten(0, 1), p.flatten(0, 1)
        later, faster = net.along(pos, vel, net(names, pos, edges, None, vel, batch, systems)[1])
        return later.view_as(q), faster.view_as(p)

    pos, vel = _in_units(start.pos, start.vel)
    path: Array = _LENGTH * roll_out(step, pos, vel, start.dates.shape[1] - 1)[0].numpy()
    return path
