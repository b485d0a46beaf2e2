"""Three bodies: how well methods find the rotation, and what it is worth to a network that forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pyg_liesym.cli.reproduce.orbit_forecast import ForecastTraining
from pyg_liesym.cli.reproduce.orbit_methods import BLOCKS, NULL, TRUTH
from pyg_liesym.cli.reproduce.two_body import Forecasts
from pyg_liesym.datasets.simulation.orbit_starts import OrbitKind


@dataclass(frozen=True)
class ThreeBody(Forecasts):
    """Find the rotation of three bodies by every method, and forecast with it: the table of two bodies once more.

    Three bodies make about half a turn within their orbits, so that states are split, and not where orbits start:
    body 1 is in one half of the plane in training states, in the other in test states. Settings are those of two
    bodies but for half of the steps, for the sake of time.

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
