"""Two bodies: how well methods find the rotation, and what it is worth to a network that forecasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.discovered import keep, kept
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.orbit_forecast import ForecastTraining, forecast, orbit_splits
from pyg_liesym.cli.reproduce.orbit_methods import BLOCKS, METHODS, TRUTH, compared
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.datasets.simulation.gravity import one_step_pairs, simulate_orbits
from pyg_liesym.datasets.simulation.orbit_starts import OrbitKind
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.discovery.mask import block_mask
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.subspace import weighted_cosine
from pyg_liesym.plot.basis import plot_basis
from pyg_liesym.systems.system import TrainingDiverged

Mode: TypeAlias = Literal["masked", "es", "free"]

COORDINATES = ("q1x", "q1y", "q2x", "q2y", "p1x", "p1y", "p2x", "p2y")
MASKS: dict[Mode, Tensor | None] = {"masked": block_mask([2] * 4), "es": block_mask([4, 4]), "free": None}
DISCOVERY, BUILT_IN, SHOWN, NONE = "discovery", "EMLP", "augmentation", "no symmetry"


class Forecasts(Experiment):
    """The table of forecasts: every method's symmetry built in and shown, beside networks without.

    Subclasses are dataclasses with these fields.

    Args:
        seeds: Seeds of discoveries, weights and batches; the orbits are the same for all.
        methods: Rows, by the names of `METHODS`.
        training: What all networks get alike.
    """

    kind: ClassVar[OrbitKind]
    seeds: tuple[int, ...]
    methods: tuple[str, ...]
    training: ForecastTraining

    def jobs(self) -> Iterator[Job]:
        """Everything with one seed after the other."""
        unknown = set(self.methods) - set(METHODS)
        if unknown:
            raise ValueError(f"there is no method {', '.join(unknown)}; there are {', '.join(METHODS)}")
        settings: dict[str, Any] = {"kind": self.kind, **asdict(self.training)}
        data = {name: settings[name] for name in ("kind", "num_orbits")}
        for seed in self.seeds:
            for method in self.methods:
                yield Job(method, seed, data, DISCOVERY)
                yield Job(method, seed, settings, BUILT_IN)
                yield Job(method, seed, settings, SHOWN)
            if self.methods:
                yield from (Job(row, seed, settings, NONE) for row in ("HNN", "MLP"))

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Discover, or train and test a network with what was discovered."""
        splits = orbit_splits(self.kind, self.training.num_orbits)
        if job.table == DISCOVERY:
            found = METHODS[job.row](splits.train, job.seed, bench.sitting.progress)
            keep(found, bench.folder)
            return compared(found, splits.train)
        if job.table == NONE:
            return forecast(job.row, None, splits, self.training, job.seed)
        found_at = bench.folder.parents[1] / job._replace(table=DISCOVERY).folder
        if not (found_at / "symmetry").exists():
            raise TrainingDiverged(f"{job.row} found nothing to train with")
        return forecast(job.table, kept(found_at).algebra, splits, self.training, job.seed)

    def columns(self, table: str) -> Sequence[Column]:
        """Errors of a step first."""
        if table == DISCOVERY:
            return (
                Column("abs_cosine_data", "absolute cosine as the data see it", 7),
                Column("sine_data", "its sine", 5),
                Column("dim", "matrices", 0),
            )
        return (
            Column("test_mse", "test MSE", 8),
            Column("val_mse", "validation MSE", 8),
            Column("rollout", "median distance after the rollout", 4),
            Column("charge_drift", "drift of the angular momentum", 5),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """The error of every row over that of the true rotation, seed by seed."""
        found = []
        for table in dict.fromkeys(run["table"] for run in runs if run["table"] not in ("", DISCOVERY, NONE)):
            own = [run for run in runs if run["table"] == table]
            rows = dict.fromkeys(run["row"] for run in own)
            ratios = [paired(own, "test_mse", row, TRUTH, ratio=True) for row in rows if row != TRUTH]
            found += [ratio | {"table": table} for ratio in ratios if ratio is not None]
        return {"comparisons": found} if found else {}


@dataclass(frozen=True)
class TwoBody(Forecasts):
    """Find the rotation of two bodies by every method, and forecast with it: the table of the LieGAN paper.

    The first rows are LieGAN's fits to 50 000 pairs, one channel on 8-dimensional states, at the default stop. Then
    come the forecasts of Yang et al. (ICML 2023): body 1 of a training orbit starts in one half of the plane, of a test
    orbit in the other. A symmetry is found in the training orbits, and built into a network or shown to one.

    Moved copies are the sharper test. A network of vectors alone is odd, f(−x) = −f(x), whatever its matrices, and −1
    carries one half of the plane to the other.

    Args:
        seeds: Seeds of the fits; the orbits are the same for all.
        modes: ``masked``: a 2×2 block per vector; ``es``: a 4×4 block for positions and one for momenta;
            ``free``: all 64 entries.
        num_samples: Pairs of a state and the next, of the fits.
        methods: Rows of the table of forecasts.
        training: What all networks of that table get alike.
    """

    name: ClassVar[str] = "two-body"
    which: ClassVar[tuple[str, ...]] = ("seeds", "modes", "methods")
    kind: ClassVar[OrbitKind] = "two_body_wide"
    seeds: tuple[int, ...] = (0, 1, 2)
    modes: tuple[Mode, ...] = ("masked", "es", "free")
    num_samples: int = 50_000
    methods: tuple[str, ...] = tuple(name for name in METHODS if name != BLOCKS)
    training: ForecastTraining = ForecastTraining()

    def jobs(self) -> Iterator[Job]:
        """Every block structure with every seed, then the forecasts."""
        for mode in self.modes:
            yield from (Job(mode, seed, self.settings("training")) for seed in self.seeds)
        yield from super().jobs()

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Fit and compare with the rotation, or forecast."""
        if job.table:
            return super().run(job, bench)
        method = LieGAN(1, mask=MASKS[job.row], progress=bench.sitting.progress)  # type: ignore[index]
        found = method.fit(*orbit_pairs(self.num_samples), seed=job.seed)
        keep(found, bench.folder)
        return compare_with_rotation(found)

    def columns(self, table: str) -> Sequence[Column]:
        """The cosines first; of forecasts the errors."""
        if table:
            return super().columns(table)
        return (
            Column("abs_cosine", "absolute cosine of the entries", 5),
            Column("abs_cosine_data", "as the data see it", 5),
            Column("visibility", "visibility"),
            Column("steps", "steps", 0),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Draw the first matrix of each block structure, and set the forecasts beside those of the true rotation."""
        fits = [run for run in runs if not run["table"]]
        for mode in dict.fromkeys(run["row"] for run in fits):
            first = next(run for run in fits if run["row"] == mode)
            algebra = kept(out / first["folder"]).algebra
            title = f"Two bodies, {mode}, seed {first['seed']}"
            save_figure(out / f"{mode}.png", plot_basis(algebra, coordinates=COORDINATES, title=title))
        return super().conclude(runs, out)


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
