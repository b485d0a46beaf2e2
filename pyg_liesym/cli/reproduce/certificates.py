"""How often a certificate is right: data whose symmetry is known, or is known to be none."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

from scipy.stats import beta

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.known_symmetries import KNOWN, Known, drawn
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.discovery.discovered_symmetry import Finding
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.plot.outcomes import plot_outcomes

_LARGEST_ANGLE = 0.1
_LEVEL = 0.05
_OUTCOMES = ("right", "wrong", "partly", "refuted", "no evidence")


@dataclass(frozen=True)
class Certificates(Experiment):
    """Ask of data with a known answer, many times, and count what is certified that is not so.

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
        unknown = sorted(set(self.names) - set(KNOWN))
        if unknown:
            raise ValueError(f"there are no data {unknown[0]!r}; expected some of {', '.join(KNOWN)}")
        for size in self.sizes:
            for name in self.names or KNOWN:
                yield from (Job(name, seed, self.settings(), f"{size} samples") for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Draw, ask, and count."""
        size = _size(job.table)
        outcomes: Counter[str] = Counter()
        sizes, seconds = [], []
        for draw in range(self.draws):
            seed = 10_000 * job.seed + draw
            known, x, y = drawn(job.row, size, seed)
            begun = time.perf_counter()
            findings = find_symmetry(x, y, among=known.among, margin=self.margin, seed=seed)
            seconds.append(time.perf_counter() - begun)
            (finding,) = (f for f in findings.findings if f.claim.question == known.question)
            outcomes[_outcome(finding, known)] += 1
            if finding.claim.breaking is not None:
                sizes.append(finding.claim.breaking.size)
        return {
            "truth": 0 if known.truth is None else known.truth.dim,
            "draws": self.draws,
            **{outcome: outcomes[outcome] for outcome in _OUTCOMES},
            "breaking": median(sizes) if sizes else None,
            "seconds_each": median(seconds),
        }

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
            Column("seconds_each", "time", 2, "s"),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """How often a certificate was wrong, with a 95 % bound, and a bar for each name, of the fullest table."""
        tables = Counter((run["table"], run["row"]) for run in runs)
        table = max(
            dict.fromkeys(run["table"] for run in runs), key=lambda t: (sum(t == k for k, _ in tables), _size(t))
        )
        counts = {
            row: {o: sum(r["numbers"][o] for r in runs if (r["row"], r["table"]) == (row, table)) for o in _OUTCOMES}
            for row in dict.fromkeys(run["row"] for run in runs if run["table"] == table)
        }
        save_figure(out / "certificates.png", plot_outcomes(counts, title=table))
        nothing = [run["numbers"] for run in runs if run["numbers"]["truth"] == 0]
        something = [run["numbers"] for run in runs if run["numbers"]["truth"] > 0]
        facts = {
            "level_percent": 100 * _LEVEL,
            **_rate("false", nothing, "wrong"),
            **_rate("false_of_symmetric", something, "wrong"),
            **_rate("refuted_of_symmetric", something, "refuted"),
        }
        digits = {name: 2 if name.endswith("at_most_percent") else 0 for name in facts}
        return {"facts": {name: {"value": value, "digits": digits[name]} for name, value in facts.items()}}


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


def _rate(name: str, numbers: Sequence[dict[str, Any]], outcome: str) -> dict[str, float]:
    """How often, of how many draws, and the upper 95 % bound of Clopper and Pearson in per cent."""
    count, draws = sum(own[outcome] for own in numbers), sum(own["draws"] for own in numbers)
    high = float(beta.ppf(0.975, count + 1, draws - count)) if count < draws else 1.0
    return {name: count, f"{name}_draws": draws, f"{name}_at_most_percent": 100 * high}
