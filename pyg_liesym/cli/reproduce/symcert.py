"""The ten polynomial systems of SymCert: our certificate beside its bound, on the same data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import pad

from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.known_symmetries import affine
from pyg_liesym.cli.reproduce.polynomial_systems import SYSTEMS, PolynomialSystem
from pyg_liesym.cli.reproduce.rates import Drawn, rate, tally
from pyg_liesym.cli.reproduce.simultaneous_bound import certified
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.discovery.findings import find_symmetry

_METHODS = ("ours", "bound")


@dataclass(frozen=True)
class SymCert(Experiment):
    """Certify the symmetries of polynomial systems from measured derivatives, as Kendiukhov (SymCert, 2026) does.

    States are uniform in a box, derivatives have normal noise. By its criterion a certificate is false if its span
    holds a generator with a true relative defect above the tolerance; by ours, if one breaks more than that share of
    what random affine fields break. The truth is found if the span has at least its dimension.

    Args:
        seeds: Seeds of the series of draws.
        systems: Which; all ten if none is named.
        sizes: Numbers of samples.
        noises: Noise of the derivatives, relative to their root mean square.
        draws: Data sets of each system, size, noise and seed.
        tolerance: Of the defect; our margin, too.
        level: Of the bound.
    """

    name: ClassVar[str] = "symcert"
    which: ClassVar[tuple[str, ...]] = ("seeds", "systems", "sizes", "noises")
    seeds: tuple[int, ...] = (0, 1, 2)
    systems: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (400, 3200)
    noises: tuple[float, ...] = (0.01, 0.1)
    draws: int = 10
    tolerance: float = 0.05
    level: float = 0.05

    def jobs(self) -> Iterator[Job]:
        """Every system with every seed, a table for each size and noise."""
        systems = chosen("system", self.systems, SYSTEMS)
        for size in self.sizes:
            for noise in self.noises:
                for name in systems:
                    for seed in self.seeds:
                        yield Job(name, seed, self.settings(), f"{size} samples, noise {noise:g}")

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Draw, ask both, and count."""
        system = SYSTEMS[job.row]
        size, noise = int(job.table.split()[0]), float(job.table.split()[-1])
        return {
            "truth": system.dim,
            **tally(self.draws, job.seed, lambda seed: self._asked(system, size, noise, seed)),
        }

    def _asked(self, system: PolynomialSystem, size: int, noise: float, seed: int) -> Drawn:
        x, y = system.draw(size, noise, torch.Generator().manual_seed(seed))
        begun = time.perf_counter()
        ours, status = _ours(system, x, y, self.tolerance, seed)
        seconds = time.perf_counter() - begun
        counts = {}
        for method, span in zip(_METHODS, (ours, certified(system, x, y, self.tolerance, self.level)), strict=True):
            counts[f"{method}_found"] = int(span.size(1) >= system.dim > 0)
            counts[f"{method}_false"] = int(system.defect(span) > self.tolerance)
            counts[f"{method}_broken"] = int(system.breaking(span) > self.tolerance)
        return Drawn(counts | {"refuted": int(status == "refuted")}, {"seconds_each": seconds})

    def columns(self, table: str) -> Sequence[Column]:
        """What was found and what was false, ours and the bound's."""
        return (
            Column("truth", "dimension of the truth", 0),
            Column("ours_found", "found", 1),
            Column("bound_found", "found by the bound", 1),
            Column("ours_broken", "false", 1),
            Column("ours_false", "false, by its defect", 1),
            Column("bound_false", "false by the bound", 1),
            Column("refuted", "refuted", 1),
            Column("seconds_each", "time", 2, "s"),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """How often each is false, and finds what is there."""
        numbers = [run["numbers"] for run in runs]
        symmetric = [own for own in numbers if own["truth"]]
        facts: dict[str, dict[str, float]] = {}
        for method in _METHODS:
            facts |= rate(f"{method}_false", numbers, f"{method}_false")
            facts |= rate(f"{method}_broken", numbers, f"{method}_broken")
            facts |= rate(f"{method}_found", symmetric, f"{method}_found")
        return {"facts": facts | rate("refuted_of_symmetric", symmetric, "refuted")}


def _ours(system: PolynomialSystem, x: Tensor, y: Tensor, margin: float, seed: int) -> tuple[Tensor, str]:
    """What our certificate of the law says: generators in the columns, and its status.

    States get a last component of one and derivatives one of zero, so that an affine field is a matrix.
    """
    states, derivatives = pad(x, (0, 1), value=1.0), pad(y, (0, 1))
    findings = find_symmetry(states, derivatives, among=affine(system.n), margin=margin, seed=seed)
    (finding,) = (finding for finding in findings.findings if finding.claim.question == "law")
    matrices = finding.symmetry.algebra.basis[: finding.claim.dim, : system.n].double()
    linear, shifts = matrices[..., : system.n].flatten(1), matrices[..., system.n]
    return torch.cat([linear, shifts], 1).mT, finding.claim.status
