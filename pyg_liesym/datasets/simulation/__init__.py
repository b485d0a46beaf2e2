"""Pure simulators: settings and a seed in, arrays out."""

from pyg_liesym.datasets.simulation.gravity import (
    Orbits,
    angular_momentum,
    integrate_orbits,
    one_step_pairs,
    simulate_orbits,
    total_energy,
)

__all__ = [
    "Orbits",
    "angular_momentum",
    "integrate_orbits",
    "one_step_pairs",
    "simulate_orbits",
    "total_energy",
]
