"""Three bodies: how well methods find the rotation, and what it is worth to a network that forecasts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from pyg_liesym.cli.reproduce.experiment import Bench, Job
from pyg_liesym.cli.reproduce.orbit_forecast import ForecastTraining, forecast, orbit_splits
from pyg_liesym.cli.reproduce.orbit_methods import BLOCKS, NULL, TRUTH
from pyg_liesym.cli.reproduce.two_body import Forecasts
from pyg_liesym.datasets.simulation.orbit_starts import OrbitKind
from pyg_liesym.lie.algebra import LieAlgebra

VECTORS, BOOST = "vector channels", "a boost"


@dataclass(frozen=True)
class ThreeBody(Forecasts):
    """Find the rotation of three bodies by every method, and forecast with it: the table of two bodies once more.

    Three bodies make about half a turn within their orbits, so that states are split, and not where orbits start:
    body 1 is in one half of the plane in training states, in the other in test states. Settings are those of two
    bodies but for half of the steps, for the sake of time.

    A table more than of two bodies: the form J that a found symmetry keeps is given to
    :class:`~pyg_liesym.nn.SecondOrderLieGNN`, in the same training. The form of boosts is the null: the blocks on the
    diagonal of a random rotation are antisymmetric, and turns.

    Args:
        seeds: Seeds of discoveries, weights and batches; the orbits are the same for all.
        methods: Rows of the table.
        training: What all networks get alike.
    """

    name: ClassVar[str] = "three-body"
    which: ClassVar[tuple[str, ...]] = ("seeds", "methods")
    kind: ClassVar[OrbitKind] = "three_body"
    seeds: tuple[int, ...] = (0, 1, 2)
    methods: tuple[str, ...] = ("LieGAN", BLOCKS, "SymmetryGAN", NULL, TRUTH)
    training: ForecastTraining = ForecastTraining(steps=1500)

    def jobs(self) -> Iterator[Job]:
        """Those of two bodies, then networks with the form that was found."""
        yield from super().jobs()
        settings = {"kind": self.kind, **asdict(self.training)}
        rows = [method for method in self.methods if method != NULL]
        for seed in self.seeds:
            yield from (Job(row, seed, settings, VECTORS) for row in (*rows, BOOST))

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Give boosts to the network that is to have the wrong form."""
        if job.row != BOOST:
            return super().run(job, bench)
        splits = orbit_splits(self.kind, self.training.num_orbits)
        boosts = LieAlgebra.indefinite_rotation(1, 1).repeat(splits.train.vectors)
        return forecast(VECTORS, boosts, splits, self.training, job.seed)
