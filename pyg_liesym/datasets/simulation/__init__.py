"""Pure simulators: settings and a seed in, arrays out (and, of many jets, files)."""

from pyg_liesym.datasets.simulation.coulomb import (
    ChargedState,
    ChargedTrajectories,
    draw_charged_particles,
    simulate_charged_particles,
)
from pyg_liesym.datasets.simulation.gravity import (
    Orbits,
    angular_momentum,
    integrate_orbits,
    one_step_pairs,
    simulate_orbits,
    total_energy,
)
from pyg_liesym.datasets.simulation.jets import simulate_jets
from pyg_liesym.datasets.simulation.pythia import generate_jets

__all__ = [
    "ChargedState",
    "ChargedTrajectories",
    "Orbits",
    "angular_momentum",
    "draw_charged_particles",
    "generate_jets",
    "integrate_orbits",
    "one_step_pairs",
    "simulate_charged_particles",
    "simulate_jets",
    "simulate_orbits",
    "total_energy",
]
