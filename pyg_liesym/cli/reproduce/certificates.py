"""How often a certificate is right: data whose symmetry is known, or is known to be none."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.known_elements import judged
from pyg_liesym.cli.reproduce.known_symmetries import KNOWN, Known, drawn
from pyg_liesym.cli.reproduce.rates import Drawn, rate, tally
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.discovery.discovered_symmetry import Finding
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.plot.detection import plot_detection
from pyg_liesym.plot.outcomes import plot_outcomes

_LARGEST_ANGLE = 0.1
_LEVEL = 0.05
_SIZES_DRAWN = 5
_OUTCOMES = ("right", "wrong", "partly", "refuted", "no evidence")


@dataclass(frozen=True)
class Certificates(Experiment):
    """Ask of data with a known answer, many times, and count what is certified that is not so.

    Algebras and single transformations are scored apart, by the question of the kind: of a support, a transformation is
    right if it keeps the quadric, as a certificate says, be it to another branch.

    Args:
        seeds: Seeds of the series of draws.
        names: Which data; all if none is named.
        sizes: Numbers of samples.
        draws: Data sets of each name, size and seed.
        margin: The breaking up to which a symmetry counts as one.
    """

    name: ClassVar[str] = "certificates"
    which: ClassVar[tuple[str, ...]] = ("seeds", "names", "sizes")
    seeds: tuple[int, ...] = (0, 1, 2)
    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] = (500, 2000, 8000)
    draws: int = 20
    margin: float = 0.05

    def jobs(self) -> Iterator[Job]:
        """Every name with every seed, a table for each size."""
        names = chosen("kind of data", self.names, KNOWN)
        for size in self.sizes:
            for name in names:
                yield from (Job(name, seed, self.settings(), f"{size} samples") for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Draw, ask, and count."""
        truth = KNOWN[job.row].truth
        counted = tally(self.draws, job.seed, lambda seed: self._asked(job.row, _size(job.table), seed))
        return {"truth": 0 if truth is None else truth.dim, **counted}

    def _asked(self, name: str, size: int, seed: int) -> Drawn:
        known, x, y = drawn(name, size, seed)
        begun = time.perf_counter()
        findings = find_symmetry(x, y, among=known.among, discrete=True, margin=self.margin, seed=seed)
        seconds = time.perf_counter() - begun
        (finding,) = (f for f in findings.findings if f.claim.question == known.question)
        outcome, breaking = _outcome(finding, known), finding.claim.breaking
        single = judged(finding, known.exact, x, Samples.of(x, y, dtype=torch.float64))
        return Drawn(
            {one: int(one == outcome) for one in _OUTCOMES} | single,
            {"breaking": None if breaking is None else breaking.size, "seconds_each": seconds},
        )

    def columns(self, table: str) -> Sequence[Column]:
        """What came out, then how large the breaking is."""
        return (
            Column("truth", "dimension of the truth", 0),
            Column("right", "certified, and right", 1),
            Column("partly", "certified in part", 1),
            Column("wrong", "certified, and wrong", 1),
            Column("refuted", "refuted", 1),
            Column("no evidence", "no evidence", 1),
            Column("breaking", "breaking, median", 4),
            Column("single_kept", "single transformations kept, in all draws", 0),
            Column("single_right", "all of them certified, or what they follow from", 1),
            Column("single_partly", "some of them", 1),
            Column("single_wrong", "one that is not kept", 1),
            Column("seconds_each", "time", 2, "s"),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """How often a certificate was wrong, with 95 % intervals; pictures of outcomes and of detection.

        The outcomes are those of the fullest table, the detection that of symmetric data of at least five sizes.
        """
        sizes = {table: len({r["row"] for r in runs if r["table"] == table}) for table in {r["table"] for r in runs}}
        table = max(sizes, key=lambda name: (sizes[name], _size(name)))
        counts = {
            row: {o: sum(r["numbers"][o] for r in runs if (r["row"], r["table"]) == (row, table)) for o in _OUTCOMES}
            for row in dict.fromkeys(run["row"] for run in runs if run["table"] == table)
        }
        save_figure(out / "certificates.png", plot_outcomes(counts, title=table))
        nothing = [run["numbers"] for run in runs if run["numbers"]["truth"] == 0]
        something = [run["numbers"] for run in runs if run["numbers"]["truth"] > 0]
        keeping = [own for own in nothing if own["single_kept"]]
        detected = _detected([run for run in runs if run["numbers"]["truth"] > 0])
        if detected:
            save_figure(out / "detection.png", plot_detection(detected, title="certified, and right"))
        facts = {
            "level_percent": {"value": 100 * _LEVEL, "digits": 0},
            **rate("false", nothing, "wrong"),
            **rate("false_of_symmetric", something, "wrong"),
            **rate("refuted_of_symmetric", something, "refuted"),
            **rate("single_false", nothing, "single_wrong"),
            **rate("single_false_of_symmetric", something, "single_wrong"),
            **rate("single_found", keeping, "single_right"),
            "single_broken": {"value": sum(own["single_broken"] for own in nothing), "digits": 0},
        }
        return {"facts": facts}


def _size(table: str) -> int:
    return int(table.split()[0])


def _outcome(finding: Finding, known: Known) -> str:
    """Whether a claim is right, right in part, wrong, or none."""
    claim, found = finding.claim, finding.symmetry.algebra
    if not claim.dim:
        return str(claim.status)
    if known.truth is None or claim.dim > known.truth.rank():
        return "wrong"
    if float(found.principal_angles(known.truth).max()) > _LARGEST_ANGLE:
        return "wrong"
    return "right" if claim.dim == known.truth.rank() else "partly"


def _detected(runs: Sequence[Run]) -> dict[str, list[tuple[int, int, int]]]:
    """Kind of data → (samples, right, draws) for each size, of the kinds with enough sizes."""
    found: dict[str, dict[int, list[int]]] = {}
    for run in runs:
        right_of = found.setdefault(run["row"], {}).setdefault(_size(run["table"]), [0, 0])
        right_of[0] += run["numbers"]["right"]
        right_of[1] += run["numbers"]["draws"]
    return {
        row: [(size, right, draws) for size, (right, draws) in own.items()]
        for row, own in found.items()
        if len(own) >= _SIZES_DRAWN
    }
