"""Flows whose law is known, asked which symmetries it keeps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices
from pyg_liesym.discovery.flow_findings import flow_symmetries
from pyg_liesym.discovery.flow_terms import SYMMETRIES


@dataclass(frozen=True)
class KnownFlow:
    """A flow and what its law breaks.

    Args:
        flow: How it is simulated.
        broken: Names of the symmetries that it breaks; it keeps the others.
        noise: Standard deviation of noise on every component, over the flow's own.
        width: Width in cells of the derivatives.
        shuffled: Whether its frames are in disorder, so that there is no law.
        points: At how many points it is recorded, which lie anywhere; None for the places of the lattice.
    """

    flow: Vortices
    broken: tuple[str, ...]
    noise: float = 0.0
    width: float = 1.0
    shuffled: bool = False
    points: int | None = None


_ADVECTED = ("magnitude",)
FLOWS: dict[str, KnownFlow] = {
    "Navier–Stokes": KnownFlow(Vortices(), _ADVECTED),
    "wind along x": KnownFlow(Vortices(wind=(1.0, 0.0)), ("rotation", "mirror x", "scaling", *_ADVECTED)),
    "wind across": KnownFlow(Vortices(wind=(1.0, 0.5)), ("rotation", "mirror x", "mirror y", "scaling", *_ADVECTED)),
    "drag": KnownFlow(Vortices(drag=0.5), ("scaling", *_ADVECTED)),
    "beta plane": KnownFlow(Vortices(beta=2.0), ("rotation", "mirror x", "uniform motion", "scaling", *_ADVECTED)),
    "two viscosities": KnownFlow(Vortices(anisotropy=0.8, viscosity=1e-2), ("rotation", *_ADVECTED)),
    "drag on one side": KnownFlow(Vortices(drag=0.3, patchiness=1.0), ("translation", "scaling", *_ADVECTED)),
    "no advection": KnownFlow(Vortices(advection=False, viscosity=2e-2), ("uniform motion",)),
    "Navier–Stokes, 1 % noise": KnownFlow(Vortices(), _ADVECTED, noise=0.01),
    "wind along x, 1 % noise": KnownFlow(
        Vortices(wind=(1.0, 0.0)), ("rotation", "mirror x", "scaling", *_ADVECTED), noise=0.01
    ),
    "Navier–Stokes, a Gaussian of two cells": KnownFlow(Vortices(), _ADVECTED, width=2.0),
    "frames in disorder": KnownFlow(Vortices(), (), shuffled=True),
}
FLOWS |= {
    f"{name} at points": replace(FLOWS[name], points=64**2)
    for name in ("Navier–Stokes", "wind along x", "drag", "beta plane", "Navier–Stokes, 1 % noise")
}
FLOWS |= {
    f"{name} at a quarter of the points": replace(FLOWS[name], points=32**2)
    for name in ("Navier–Stokes", "wind along x", "beta plane")
}
"""By name. A drag of 0.3 on one side breaks scaling by about the margin."""


@dataclass(frozen=True)
class KnownFlows(Experiment):
    """Ask flows whose law is known which symmetries it keeps, and count answers that are right, open and wrong.

    Each is asked as if nobody knew that the square closes on itself, on its lattice or at points anywhere. Frames in
    disorder are the null: they have no law, and every answer about them is wrong.

    Args:
        flows: Names of flows.
        seeds: Seeds of the vortices, of noise and of the places that are drawn.
        margin: The share from which on a symmetry is called broken.
    """

    name: ClassVar[str] = "known-flows"
    which: ClassVar[tuple[str, ...]] = ("seeds", "flows")
    flows: tuple[str, ...] = tuple(FLOWS)
    seeds: tuple[int, ...] = (21, 22, 23, 24, 25, 26, 27, 28)
    margin: float = 0.01

    def jobs(self) -> Iterator[Job]:
        """Every flow with all seeds."""
        if unknown := set(self.flows) - set(FLOWS):
            raise ValueError(f"there is no flow {', '.join(sorted(unknown))}; there are {', '.join(FLOWS)}")
        for name in self.flows:
            yield from (Job(name, seed, self.settings() | asdict(FLOWS[name])) for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Simulate one, and ask."""
        known = FLOWS[job.row]
        velocity, units = _recorded(known, job.seed)
        found = flow_symmetries(velocity, **units, width=known.width, margin=self.margin, seed=job.seed)
        # Where nothing is said of a law, all is open.
        unsaid = () if known.shuffled else ("translation", "time", *SYMMETRIES)
        answers = dict.fromkeys(unsaid, "no evidence") | {one.symmetry: one.status for one in found.symmetries}
        right = {name: "refuted" if name in known.broken else "certified" for name in answers}
        if known.shuffled:
            right = dict.fromkeys(answers, "no evidence")
        counts = {
            "right": sum(answers[name] == right[name] for name in answers),
            "open": sum(answers[name] == "no evidence" != right[name] for name in answers),
            "wrong": sum(answers[name] not in (right[name], "no evidence") for name in answers),
        }
        breakings = {one.symmetry: one.breaking.size for one in found.symmetries}
        return {"told": found.told, "asked": len(answers), **counts, "answers": answers, "breakings": breakings}

    def columns(self, table: str) -> Sequence[Column]:
        """Answers of each kind in a flow, of eight, and how much of the law is told."""
        return (
            Column("right", "right", 2),
            Column("open", "open", 2),
            Column("wrong", "wrong", 2),
            Column("told", "told", 3),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """All answers together."""
        kinds = ("asked", "right", "open", "wrong")
        return {"facts": {kind: {"value": sum(run["numbers"][kind] for run in runs), "digits": 0} for kind in kinds}}


def _recorded(known: KnownFlow, seed: int) -> tuple[Tensor, dict[str, Any]]:
    """Frames as an instrument has them, and their units and places."""
    values = asdict(known.flow) | {"seed": seed}
    frames = simulate_vortices(Vortices(**values))
    generator = torch.Generator().manual_seed(seed)
    velocity, units = torch.from_numpy(frames.velocity.copy()), dict[str, Any](step=frames.step)
    if known.points is None:
        units["spacing"] = frames.spacing
    else:
        cells = velocity.shape[-1] * torch.rand(known.points, 2, generator=generator, dtype=torch.float64)
        velocity, units["pos"] = _at(velocity, cells), frames.spacing * cells
    velocity = velocity + known.noise * velocity.std() * torch.randn(velocity.shape, generator=generator).double()
    if known.shuffled:
        velocity = velocity[torch.randperm(len(velocity), generator=generator)]
    return velocity, units


def _at(velocity: Tensor, cells: Tensor) -> Tensor:
    """Velocities ``[T, N, 2]`` at places anywhere, by the Fourier series that the flow is."""
    size = velocity.shape[-1]
    waves = 2j * math.pi * torch.fft.fftfreq(size, dtype=torch.float64)
    across, up = (torch.exp(cells[:, axis, None] * waves) for axis in (0, 1))
    spectrum = torch.fft.fft2(velocity.flip(2)) / size**2
    return torch.einsum("tcyx,ny,nx->tnc", spectrum, up, across).real
