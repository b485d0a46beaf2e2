"""Closed forms beside LieGAN: what a symmetry costs, with an exact answer to compare with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.datasets.simulation.gravity import in_sector, one_step_pairs, simulate_orbits
from pyg_liesym.datasets.simulation.orbit_starts import OrbitKind
from pyg_liesym.discovery.evidence.moments import Moments
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.mask import block_mask, matrices_within
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.lie.subspace import weighted_cosine

_MILLION = 1e6
_SUBSET = 1000
_LARGEST_ANGLE = 1e-3
_MUONS = "muons, subsets of 1000"
_NOISES = {"noise, blocks": True, "noise, all matrices": False}
_ORBITS: dict[OrbitKind, int] = {"two_body": 1021, "three_body": 2632}
"""As many as 50 000 pairs need."""


class Answer(NamedTuple):
    """What a method said, and what it took on one thread.

    Args:
        off: 1 − |cos| to the truth.
        seconds: Of the processor.
        wall: Of the clock.
    """

    off: float
    seconds: float
    wall: float


def _timed(ask: Callable[[], Tensor | LieAlgebra], off: Callable[[Any], float]) -> Answer:
    begun, clock = time.process_time(), time.perf_counter()
    said = ask()
    return Answer(seconds=time.process_time() - begun, wall=time.perf_counter() - clock, off=off(said))


@dataclass(frozen=True)
class ClosedForms(Experiment):
    """Ask for the rotation of bodies and the metric of momenta by linear algebra, and by LieGAN in the same run.

    Args:
        seeds: Seeds of the data and of LieGAN.
        rows: Which; all if none is named.
        muons: Momenta of real pairs of muons, ``p4`` in an ``.npz``; rows of muons need it.
        liegan: Whether to ask LieGAN too, which takes nearly all of the time.
        refine: Whether to start LieGAN from the closed form besides, where there is noise.
        noises: Of every component, relative to the root mean square of the data.
    """

    name: ClassVar[str] = "closed-forms"
    which: ClassVar[tuple[str, ...]] = ("seeds", "rows", "noises")
    seeds: tuple[int, ...] = (0, 1, 2)
    rows: tuple[str, ...] = ()
    muons: Path | None = None
    liegan: bool = True
    refine: bool = False
    noises: tuple[float, ...] = (0.01, 0.05, 0.1, 0.2)

    def jobs(self) -> Iterator[Job]:
        """Every kind of data with every seed, then every noise."""
        rows = chosen("row", self.rows, (*_EXACT, _MUONS, *_NOISES))
        if _MUONS in self.rows and self.muons is None:
            raise ValueError("rows of muons need `muons`, a file of their momenta")
        for row in rows:
            if row in _NOISES:
                names = [f"{100 * noise:g} %, {row.removeprefix('noise, ')}" for noise in self.noises]
                yield from (Job(name, seed, self.settings(), "with noise") for name in names for seed in self.seeds)
            elif row != _MUONS or self.muons is not None:
                yield from (Job(row, seed, self.settings("refine"), "exact") for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Ask both, and compare."""
        if job.table == "with noise":
            percent, matrices = job.row.split(" %, ")
            return self._noisy(float(percent) / 100, _NOISES[f"noise, {matrices}"], job.seed)
        if job.row == _MUONS:
            return self._real(job.seed)
        return _EXACT[job.row](job.seed, self.liegan)

    def _noisy(self, noise: float, blocks: bool, seed: int) -> dict[str, Any]:
        x, y = _pairs("two_body", seed, 10_000)
        drawn = torch.Generator().manual_seed(seed)
        size = noise * float(torch.cat([x, y]).square().mean().sqrt())
        noisy = [part + size * torch.randn(part.shape, generator=drawn, dtype=part.dtype) for part in (x, y)]
        mask = block_mask([2] * 4) if blocks else None
        among = None if mask is None else matrices_within(mask)
        off = _off_rotation(x, y)

        def closed(size: float = size) -> LieAlgebra:
            return Relations(Moments.of(*noisy, output="vector"), size).algebra(1, among)

        def game(start: LieAlgebra | None = None) -> LieAlgebra:
            return LieGAN(1, mask=mask, start=start, progress=False).fit(*noisy, seed=seed).algebra

        numbers = _beside(_timed(closed, off), _timed(game, off) if self.liegan else None)
        refined = _timed(lambda: game(closed()), off).off if self.liegan and self.refine else None
        numbers["refined"] = None if refined is None else _MILLION * refined
        return numbers | {"not_removed": _MILLION * _timed(lambda: closed(0.0), off).off}

    def _real(self, seed: int) -> dict[str, Any]:
        """Real momenta, a thousand pairs at a time; the worst subset counts."""
        assert self.muons is not None
        with np.load(self.muons) as arrays:
            p, mass = (torch.from_numpy(arrays[name]).double() for name in ("p4", "mass"))
        order = torch.randperm(len(p), generator=torch.Generator().manual_seed(seed))
        subsets = [index for index in order.split(_SUBSET) if len(index) == _SUBSET]
        answers = [_timed(partial(_smallest_quadric, p[index]), _off_minkowski) for index in subsets]
        worst = max(answers, key=lambda answer: answer.off)
        game = _timed(partial(_metric_of_game, p[subsets[0]], None, seed), _off_minkowski) if self.liegan else None
        certified = sum(_certified_lorentz(p[index], mass[index].square(), seed) for index in subsets)
        return _beside(worst, game) | {"subsets": len(subsets), "certified": certified}

    def columns(self, table: str) -> Sequence[Column]:
        """How far off, then how long it took on one thread."""
        columns = [
            Column("off", "closed form, 1 − cos", 2, "10⁻⁶"),
            Column("liegan", "LieGAN, 1 − cos", 0, "10⁻⁶"),
            Column("seconds_each", "closed form", 3, "s"),
            Column("liegan_seconds", "LieGAN", 1, "s"),
            Column("ratio", "times faster", 0),
        ]
        if table == "with noise":
            columns[0] = columns[0]._replace(digits=0)
            columns.insert(2, Column("not_removed", "closed form, noise not removed", 0, "10⁻⁶"))
            columns.insert(3, Column("refined", "LieGAN from the closed form", 0, "10⁻⁶"))
        return columns

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """The slowest closed form, and the smallest lead over LieGAN."""
        numbers = [run["numbers"] for run in runs]
        ratios = [own["ratio"] for own in numbers if own["ratio"] is not None]
        facts = {"slowest_seconds": {"value": max(own["seconds_each"] for own in numbers), "digits": 2}}
        facts |= {"smallest_ratio": {"value": min(ratios), "digits": 0}} if ratios else {}
        noisy = [
            run["numbers"] for run in runs if run["table"] == "with noise" and run["numbers"]["liegan"] is not None
        ]
        if noisy:
            facts["noisy_runs"] = {"value": len(noisy), "digits": 0}
            facts["noisy_no_worse"] = {"value": sum(own["off"] <= own["liegan"] for own in noisy), "digits": 0}
        return {"facts": facts}


def _beside(closed: Answer, game: Answer | None) -> dict[str, Any]:
    numbers: dict[str, Any] = {
        "off": _MILLION * closed.off, "seconds_each": closed.seconds, "wall_each": closed.wall,
        "liegan": None, "liegan_seconds": None, "liegan_wall": None, "ratio": None,
    }  # fmt: skip
    if game is not None:
        numbers |= {"liegan": _MILLION * game.off, "liegan_seconds": game.seconds, "liegan_wall": game.wall}
        numbers["ratio"] = game.seconds / closed.seconds
    return numbers


@lru_cache(maxsize=2)
def _orbits(kind: OrbitKind, seed: int, count: int) -> tuple[Tensor, Tensor]:
    x, y = one_step_pairs(simulate_orbits(kind, num_orbits=count, seed=seed))
    return torch.as_tensor(x).double(), torch.as_tensor(y).double()


def _pairs(kind: OrbitKind, seed: int, count: int) -> tuple[Tensor, Tensor]:
    """States and the next states; few are drawn from as many orbits as many are."""
    x, y = _orbits(kind, seed, _ORBITS[kind])
    chosen = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[:count]
    return x[chosen], y[chosen]


def _off_rotation(x: Tensor, y: Tensor) -> Callable[[LieAlgebra], float]:
    """1 − |cos| to the rotation of all vectors of the plane, as these data see it."""
    states = torch.cat([x, y])
    truth = LieAlgebra.rotation(2).repeat(states.size(1) // 2).basis[0]
    moments = states.mT @ states / len(states)
    return lambda algebra: 1 - abs(weighted_cosine(algebra.basis[0], truth, moments))


def _off_minkowski(form: Tensor) -> float:
    """1 − |cos| to Minkowski's metric."""
    truth = minkowski().double()
    return 1 - abs(float((form.double() * truth).sum() / (form.double().norm() * truth.norm())))


def _rotation(
    kind: OrbitKind, count: int, seed: int, liegan: bool, *, blocks: bool = False, sector: float = 360.0
) -> dict[str, Any]:
    """Bodies; LieGAN is told the 2 × 2 blocks in any case, since it needs minutes without them, and misses."""
    x, y = _pairs(kind, seed, count)
    off = _off_rotation(x, y)
    inside = torch.from_numpy(in_sector(x.unflatten(1, (-1, 2)).numpy(), width=sector))
    x, y = x[inside], y[inside]
    mask = block_mask([2] * (x.size(1) // 2))
    among = matrices_within(mask) if blocks else None
    closed = _timed(lambda: Relations(Moments.of(x, y, output="vector")).algebra(1, among), off)
    game = _timed(lambda: LieGAN(1, mask=mask, progress=False).fit(x, y, seed=seed).algebra, off) if liegan else None
    return _beside(closed, game) | {"samples": len(x)}


def _smallest_quadric(vectors: Tensor) -> Tensor:
    """J of single momenta."""
    return Relations(Moments.of(vectors).single()).metric().J


def _metric_of_game(x: Tensor, y: Tensor | None, seed: int) -> Tensor:
    return LieGAN(7, progress=False).fit(x, y, seed=seed).metric.J


def _certified_lorentz(pairs: Tensor, mass_squared: Tensor, seed: int) -> bool:
    """Whether samples kept aside certify that what is known of the pairs is kept by so(1,3), all of it and no more."""
    support = next(f for f in find_symmetry(pairs, mass_squared, seed=seed).findings if f.claim.question == "support")
    found, truth = support.symmetry.algebra, LieAlgebra.lorentz()
    return support.claim.dim == truth.dim and float(found.principal_angles(truth).max()) < _LARGEST_ANGLE


def _jets(seed: int, liegan: bool) -> dict[str, Any]:
    x, y = leading_constituents()
    chosen = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))[: len(x) * 4 // 5]
    closed = _timed(partial(_smallest_quadric, x[chosen]), _off_minkowski)
    game = _timed(partial(_metric_of_game, x[chosen], y[chosen], seed), _off_minkowski) if liegan else None
    return _beside(closed, game) | {"samples": len(chosen)}


_EXACT: dict[str, Callable[[int, bool], dict[str, Any]]] = {
    "two bodies, 50 000 pairs": partial(_rotation, "two_body", 50_000),
    "two bodies, 500 pairs": partial(_rotation, "two_body", 500),
    "two bodies, 60° of the circle": partial(_rotation, "two_body", 50_000, sector=60.0),
    "three bodies, 2 × 2 blocks": partial(_rotation, "three_body", 50_000, blocks=True),
    "jets, two constituents": _jets,
}
