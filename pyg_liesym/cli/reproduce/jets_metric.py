"""LieGAN on jets: the Minkowski metric from two constituents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.discovered import keep, kept
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.plot.basis import plot_basis
from pyg_liesym.plot.metric import plot_metric

COORDINATES = ("E", "px", "py", "pz")
NUM_CHANNELS = 7


@dataclass(frozen=True)
class JetsMetric(Experiment):
    """Find Minkowski's metric in jets: seven channels on the two leading constituents, at the default stop.

    Args:
        files: Files of jets, as ``liesym simulate jets`` writes them; paths or globs.
        seeds: Seeds of the fits; the jets are the same for all.
        num_jets: How many jets are used, from the start of the files.
    """

    name: ClassVar[str] = "jets-metric"
    files: tuple[str, ...] = ("datasets/jets/raw/*.root",)
    seeds: tuple[int, ...] = (0, 1, 2)
    num_jets: int = 50_000

    def jobs(self) -> Iterator[Job]:
        """One for each seed."""
        return (Job("", seed, self.settings()) for seed in self.seeds)

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Fit, and compare with Minkowski's metric."""
        x, y = _pairs(self.files, self.num_jets)
        found = LieGAN(NUM_CHANNELS, progress=bench.sitting.progress).fit(x, y, seed=job.seed)
        keep(found, bench.folder)
        return compare_with_minkowski(found)

    def columns(self, table: str) -> Sequence[Column]:
        """The cosine first."""
        return (
            Column("cosine", "cosine of J to Minkowski", 6),
            Column("largest_angle", "largest angle to so(1,3)", 2, "°"),
            Column("smallest_singular_value", "smallest singular value of the J system"),
            Column("steps", "steps", 0),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw the first seed's basis and metric."""
        for run in runs[:1]:
            found = kept(out / run["folder"])
            save_figure(out / "basis.png", plot_basis(found.algebra, coordinates=COORDINATES))
            save_figure(out / "metric.png", plot_metric(found.metric, minkowski(), coordinates=COORDINATES))
        return {}


@lru_cache(maxsize=1)
def _pairs(files: tuple[str, ...], num_jets: int) -> tuple[Tensor, Tensor]:
    x, y = leading_constituents(Jets(files=list(files), max_constituents=2))
    if len(x) < num_jets:
        raise ValueError(f"expected {num_jets} jets of two constituents or more, found {len(x)}: give more files")
    return x[:num_jets], y[:num_jets]


def compare_with_minkowski(found: DiscoveredSymmetry) -> dict[str, Any]:
    """Cosine of J with Minkowski's metric, and how close the algebra is to so(1,3)."""
    metric = found.metric
    angles = torch.rad2deg(found.algebra.principal_angles(LieAlgebra.lorentz())).tolist()
    return {
        "cosine": metric.cosine(minkowski()),
        "residual": metric.residual,
        "smallest_singular_value": float(metric.singular_values[0]),
        "smallest_singular_values": metric.singular_values[:2].tolist(),
        "largest_angle": max(angles),
        "angles_to_so13_degrees": angles,
        "steps": found.diagnostics["steps"],
        "stopped": found.diagnostics["stopped"],
    }
