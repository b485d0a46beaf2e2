"""LieGAN on two bodies: the rotation, with and without a known block structure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.discovered import keep, kept
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.subspace import weighted_cosine
from pyg_liesym.plot.basis import plot_basis

Mode: TypeAlias = Literal["masked", "es", "free"]

COORDINATES = ("q1x", "q1y", "q2x", "q2y", "p1x", "p1y", "p2x", "p2y")
MASKS: dict[Mode, Tensor | None] = {"masked": block_mask([2] * 4), "es": block_mask([4, 4]), "free": None}


@dataclass(frozen=True)
class TwoBody(Experiment):
    """Find the rotation of two bodies: one channel on 8-dimensional states, at the default stop.

    Args:
        seeds: Seeds of the fits; the orbits are the same for all.
        modes: ``masked``: a 2×2 block per vector; ``es``: a 4×4 block for positions and one for momenta;
            ``free``: all 64 entries.
        num_samples: Pairs of a state and the next.
    """

    name: ClassVar[str] = "two-body"
    which: ClassVar[tuple[str, ...]] = ("seeds", "modes")
    seeds: tuple[int, ...] = (0, 1, 2)
    modes: tuple[Mode, ...] = ("masked", "es", "free")
    num_samples: int = 50_000

    def jobs(self) -> Iterator[Job]:
        """Every block structure with every seed."""
        for mode in self.modes:
            yield from (Job(mode, seed, self.settings()) for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Fit, and compare with the rotation."""
        method = LieGAN(1, mask=MASKS[job.row], progress=bench.sitting.progress)  # type: ignore[index]
        found = method.fit(*orbit_pairs(self.num_samples), seed=job.seed)
        keep(found, bench.folder)
        return compare_with_rotation(found)

    def columns(self, table: str) -> Sequence[Column]:
        """The cosines first."""
        return (
            Column("abs_cosine", "absolute cosine of the entries", 5),
            Column("abs_cosine_data", "as the data see it", 5),
            Column("visibility", "visibility"),
            Column("steps", "steps", 0),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw the first matrix of each block structure."""
        for mode in dict.fromkeys(run["row"] for run in runs):
            first = next(run for run in runs if run["row"] == mode)
            algebra = kept(out / first["folder"]).algebra
            title = f"Two bodies, {mode}, seed {first['seed']}"
            save_figure(out / f"{mode}.png", plot_basis(algebra, coordinates=COORDINATES, title=title))
        return {}


@lru_cache(maxsize=1)
def orbit_pairs(num_samples: int) -> tuple[Tensor, Tensor]:
    """States of two bodies ``[S, 8]`` and the next states, from orbits of 50 steps."""
    x, y = one_step_pairs(simulate_orbits("two_body", num_orbits=-(-num_samples // 49)))
    return torch.as_tensor(x[:num_samples]), torch.as_tensor(y[:num_samples])


def compare_with_rotation(found: DiscoveredSymmetry) -> dict[str, Any]:
    """Cosines of the matrix with the rotation of all four vectors: of the entries, and as the data see it."""
    true = LieAlgebra.rotation(2).repeat(4).basis[0]
    learned = found.algebra.basis[0]
    moments = torch.tensor(found.diagnostics["second_moments"], dtype=torch.float64)
    cosine = float((learned * true).sum() / (learned.norm() * true.norm()))
    cosine_data = weighted_cosine(learned, true, moments)
    return {
        "cosine": cosine,
        "cosine_data": cosine_data,
        "abs_cosine": abs(cosine),
        "abs_cosine_data": abs(cosine_data),
        "data_rank": found.diagnostics["data_rank"],
        "visibility": found.diagnostics["visibility"][0],
        "steps": found.diagnostics["steps"],
        "stopped": found.diagnostics["stopped"],
    }
