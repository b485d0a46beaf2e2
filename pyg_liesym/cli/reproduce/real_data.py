"""What real data keep: muons, planets, molecules and jets, each with its null."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.real_cases import CASES, Case, Drawn, Sources
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Finding
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.plot.ladder import plot_ladders

_DRAWN = ("muons", "planets", "molecules", "jets, where they lie")
_STATUSES = ("certified", "refuted", "no evidence")


@dataclass(frozen=True)
class RealData(Experiment):
    """Ask muons, planets, molecules and jets what they keep, and a random span of matrices beside each answer.

    Args:
        seeds: Seeds of the subsamples, and of the halves on which matrices are found and judged.
        names: Which data; all that are there if none is named.
        sources: Where they lie.
        margin: The breaking up to which a symmetry counts as one.
    """

    name: ClassVar[str] = "real-data"
    which: ClassVar[tuple[str, ...]] = ("seeds", "names")
    seeds: tuple[int, ...] = (0, 1, 2)
    names: tuple[str, ...] = ()
    sources: Sources = field(default_factory=Sources)
    margin: float = 0.05

    def jobs(self) -> Iterator[Job]:
        """Every kind of data with every seed."""
        for name in chosen("kind of data", self.names, CASES):
            yield from (Job(name, seed, self.settings()) for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Draw, ask, and ask the same of a random span."""
        case = CASES[job.row]
        drawn = case.draw(self.sources, job.seed)
        begun = time.perf_counter()
        finding = self._asked(case, drawn, job.seed)
        seconds = time.perf_counter() - begun
        count = finding.claim.dim or case.expected.dim
        generator = torch.Generator().manual_seed(job.seed)
        n = case.expected.n
        random = LieAlgebra(torch.randn(count, n, n, generator=generator, dtype=torch.float64))
        null = self._asked(case, drawn._replace(given=random), job.seed).claim.breaking
        return {
            "question": case.question,
            **{status: int(finding.claim.status == status) for status in _STATUSES},
            **_numbers(finding, case, found=drawn.given is not case.expected),
            "null": None if null is None else 100 * null.size,
            "null_angle": _angle(random, case.expected),
            "samples": len(drawn.x),
            "seconds_asked": seconds,
            "says": str(finding),
        }

    def _asked(self, case: Case, drawn: Drawn, seed: int) -> Finding:
        if drawn.given is None:
            found = find_symmetry(drawn.x, drawn.y, output=drawn.output, margin=self.margin, seed=seed)
        else:
            given = DiscoveredSymmetry.of(drawn.given)
            found = given.certify(drawn.x, drawn.y, output=drawn.output, margin=self.margin, seed=seed)
        return next(finding for finding in found.findings if finding.claim.question == case.question)

    def columns(self, table: str) -> Sequence[Column]:
        """The verdict, then what it rests on."""
        return (
            Column("certified", "certified", 2),
            Column("refuted", "refuted", 2),
            Column("no evidence", "no evidence", 2),
            Column("dim", "dimension", 1),
            Column("angle", "largest angle", 4, "°"),
            Column("null_angle", "of a random span", 0, "°"),
            Column("breaking", "breaking", 5, "%"),
            Column("next", "of one direction more", 0, "%"),
            Column("null", "of a random span", 0, "%"),
            Column("seconds_asked", "time", 1, "s"),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw ladders of the first seed."""
        ladders = {
            name: (run["numbers"]["ladder"], int(run["numbers"]["dim"]))
            for name in _DRAWN
            for run in [one for one in runs if one["row"] == name][:1]
        }
        if ladders:
            save_figure(out / "ladders.png", plot_ladders(ladders))
        return {}


def _numbers(finding: Finding, case: Case, found: bool) -> dict[str, Any]:
    claim, algebra = finding.claim, finding.symmetry.algebra
    return {
        "dim": claim.dim,
        "given": claim.given,
        "angle": _angle(algebra, case.expected) if claim.dim and found else None,
        "breaking": None if claim.breaking is None else 100 * claim.breaking.high,
        "next": None if claim.next is None else 100 * claim.next.size,
        "ladder": finding.ladder.tolist(),
    }


def _angle(algebra: LieAlgebra, expected: LieAlgebra) -> float:
    """The largest principal angle, in degrees."""
    return float(algebra.principal_angles(expected).max().rad2deg())
