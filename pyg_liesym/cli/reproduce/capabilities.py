"""What each discovery method can find: the capability table of the LieGAN talk, by experiment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.capability_data import COLUMNS, PROBLEMS, Problem
from pyg_liesym.cli.reproduce.chosen import chosen
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.discovery.augerino import AugerinoPlus
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.discovery.lie_gg import LieGG
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.method import DiscoveryMethod
from pyg_liesym.discovery.msr import MSR
from pyg_liesym.discovery.report import nothing_found
from pyg_liesym.discovery.symmetry_gan import SymmetryGAN
from pyg_liesym.discovery.weight_sharing import SharedWeights, shared_weights

_CLOSE = 0.1
_TICK = 0.8
_WEAK = 0.1


class Score(NamedTuple):
    """How a method did on some data.

    Args:
        found: Whether the answer is the right one.
        error: Largest angle, or relative distance, from it; None where the answer is of another kind.
    """

    found: bool
    error: float | None


@dataclass(frozen=True)
class Capabilities(Experiment):
    """Ask every method for a finite group, a continuous one, a subset of a group, and for nothing at all.

    Found is what is within 0.1 of the truth (the largest principal angle of an algebra of the right dimension, or the
    relative distance of one matrix from an element of the group); where there is none, an answer that says so. Methods
    that have to be told a number of matrices are told the right one. A tick is four finds of five or more. A method
    whose answer is single matrices cannot name an algebra, nor the other way round: there it is not asked, and fails.
    Of closed forms all certified transformations have to be right.

    MSR sees tasks and no samples: linear maps that commute with the group of the data, so it can be asked in every
    column. Found is the span of all such maps; by gradients it is told their number, by linear algebra it is not. Where
    there is no group these are all maps, so that its tick there, once the number is told, says nothing.

    Args:
        seeds: Seeds of data and fits.
        methods: Which rows; all if none is named.
        num_samples: Samples of each data set; tasks, for MSR.
        max_steps: Cap on the steps of a fit.
    """

    name: ClassVar[str] = "capabilities"
    which: ClassVar[tuple[str, ...]] = ("seeds", "methods")
    seeds: tuple[int, ...] = (0, 1, 2)
    methods: tuple[str, ...] = ()
    num_samples: int = 8000
    max_steps: int = 2000

    def jobs(self) -> Iterator[Job]:
        """Every method with every seed, a table for each column."""
        for row in chosen("method", self.methods, ROWS):
            for column in COLUMNS:
                yield from (Job(row, seed, self.settings(), column) for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Draw the data of the column, and ask."""
        scores = {}
        for name, problem in PROBLEMS.items():
            if problem.column == job.table:
                row = ROWS[job.row]
                asked = row.answers == problem.answer or "both" in (row.answers, problem.answer)
                scores[name] = row.ask(self, problem, job.seed) if asked else Score(False, None)
        errors = [score.error for score in scores.values() if score.error is not None]
        return {
            "found": sum(score.found for score in scores.values()),
            "asked": len(scores),
            "error": max(errors) if errors else None,
            "by_data": {name: score._asdict() for name, score in scores.items()},
        }

    def columns(self, table: str) -> Sequence[Column]:
        """How often, and how far off."""
        return (Column("found", "found", 2), Column("asked", "asked", 0), Column("error", "largest error", 4))

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Ticks by the stated threshold."""
        ticks: dict[str, dict[str, Any]] = {}
        for row in dict.fromkeys(run["row"] for run in runs):
            ticks[row] = {}
            for column in COLUMNS:
                numbers = [run["numbers"] for run in runs if (run["row"], run["table"]) == (row, column)]
                if numbers:
                    found, asked = sum(n["found"] for n in numbers), sum(n["asked"] for n in numbers)
                    ticks[row][column] = {"tick": found >= _TICK * asked, "found": found, "asked": asked}
        print(_grid(ticks))
        return {"ticks": ticks}


def _grid(ticks: dict[str, dict[str, Any]]) -> str:
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for row, own in ticks.items():
        cells = [
            f"{'✓' if c['tick'] else '✗'} {c['found']}/{c['asked']}" for c in (own[k] for k in COLUMNS if k in own)
        ]
        lines.append("| " + " | ".join([row, *cells]) + " |")
    return "\n".join(lines)


Asking = Callable[[Capabilities, Problem, int], Score]


def _learned(build: Callable[[Capabilities, int], DiscoveryMethod]) -> Asking:
    """A method of a paper, told how many matrices there are (or one, where there are none)."""

    def ask(settings: Capabilities, problem: Problem, seed: int) -> Score:
        x, y = problem.draw(settings.num_samples, torch.Generator().manual_seed(seed))
        number = 1 if problem.truth is None else problem.truth.dim
        return judge(build(settings, number).fit(x, y, seed=seed), problem)

    return ask


def _closed(question: str) -> Asking:
    """One answer of the closed forms: only what is certified counts, and every single transformation that is."""

    def ask(settings: Capabilities, problem: Problem, seed: int) -> Score:
        x, y = problem.draw(settings.num_samples, torch.Generator().manual_seed(seed))
        findings = find_symmetry(x, y, among=problem.given, seed=seed).findings
        (finding,) = (f for f in findings if f.claim.question == question)
        certified = [one.element.matrix for one in finding.elements if one.claim.status == "certified"]
        if problem.elements is None or finding.claim.dim or not certified:
            return judge(finding.symmetry, problem)
        own = [g for g in certified if len(g) == problem.elements.shape[1]]
        if len(own) < len(certified):
            return Score(False, None)
        distance = max(_distance(g.to(problem.elements), problem.elements) for g in own)
        return Score(distance <= _CLOSE, distance)

    return ask


def _tasks(settings: Capabilities, problem: Problem, seed: int) -> Score:
    x, y, true = _commuting_tasks(settings, problem, seed)
    angle = shared_weights(x, y).angle(true)
    return Score(angle <= _CLOSE, angle)


def _meta_learned(settings: Capabilities, problem: Problem, seed: int) -> Score:
    """The same by gradients, told how many free weights there are."""
    x, y, true = _commuting_tasks(settings, problem, seed)
    angle = MSR(true.rank, max_steps=settings.max_steps, progress=False).fit(x, y, seed=seed).angle(true)
    return Score(angle <= _CLOSE, angle)


def _commuting_tasks(settings: Capabilities, problem: Problem, seed: int) -> tuple[Tensor, Tensor, SharedWeights]:
    """A task is a linear map that commutes with the group; the span of all such maps is what MSR can find."""
    truth = problem.commutant
    generator = torch.Generator().manual_seed(seed)
    v = torch.randn(settings.num_samples, len(truth), generator=generator, dtype=torch.float64)
    true = SharedWeights(truth, torch.zeros(len(truth), dtype=torch.float64), torch.zeros(0))
    x = torch.randn(settings.num_samples, 10, truth.shape[2], generator=generator, dtype=torch.float64)
    return x, x @ true.weights(v).mT, true


def judge(found: DiscoveredSymmetry, problem: Problem) -> Score:
    """Whether an answer is the right one, and how far off."""
    nothing = (found.algebra.rank() == 0 and not found.turns) or nothing_found(found.diagnostics)
    if problem.elements is not None:
        if nothing or not found.discrete:
            return Score(False, None)
        distance = min(_distance(g, problem.elements) for g in _elements(found))
        return Score(distance <= _CLOSE, distance)
    if problem.truth is None:
        identity = found.discrete and all(turn.order == 1 for turn in found.turns)
        return Score(bool(nothing or identity), None)
    if nothing or found.discrete:
        return Score(False, None)
    strong = found.algebra.orthonormal(_WEAK)
    if strong.dim != problem.truth.dim:
        return Score(False, math.pi / 2)
    angle = float(strong.principal_angles(problem.truth).max())
    return Score(angle <= _CLOSE, angle)


def _elements(found: DiscoveredSymmetry) -> Tensor:
    learned = found.diagnostics.get("transformations")
    if learned is not None:
        return torch.tensor(learned, dtype=torch.float64)
    exponentials: Tensor = torch.linalg.matrix_exp(found.algebra.basis)
    return exponentials


def _distance(g: Tensor, elements: Tensor) -> float:
    return float(((g - elements).flatten(1).norm(dim=1) / elements.flatten(1).norm(dim=1)).min())


class Row(NamedTuple):
    """A method of the table.

    Args:
        answers: What kind of answer it gives: an algebra, single elements, or both; where its data are tasks, the maps
            that commute with either.
        ask: How it is asked.
    """

    answers: Literal["algebra", "elements", "both"]
    ask: Asking


ROWS: dict[str, Row] = {
    "LieGAN": Row("algebra", _learned(lambda s, k: LieGAN(k, max_steps=s.max_steps, progress=False))),
    "LieGAN, integer": Row(
        "elements",
        _learned(lambda s, k: LieGAN(k, coefficients="integer", max_steps=s.max_steps, progress=False)),
    ),
    "SymmetryGAN": Row("elements", _learned(lambda s, k: SymmetryGAN(max_steps=s.max_steps, progress=False))),
    "Augerino+": Row("algebra", _learned(lambda s, k: AugerinoPlus(k, max_steps=s.max_steps, progress=False))),
    "LieGG": Row("algebra", _learned(lambda s, k: LieGG(max_steps=s.max_steps, progress=False))),
    "MSR": Row("both", _meta_learned),
    "MSR, closed form": Row("both", _tasks),
    "closed form, law": Row("both", _closed("law")),
    "closed form, support": Row("both", _closed("support")),
    "closed form, density": Row("both", _closed("density")),
}
"""Row → method."""
