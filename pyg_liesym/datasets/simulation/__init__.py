"""Pure simulators: settings and a seed in, arrays out (and, of many jets, files)."""

from pyg_liesym.datasets.simulation.calorimeter import Cells, Layer
from pyg_liesym.datasets.simulation.coulomb import (
    ChargedState,
    ChargedTrajectories,
    draw_charged_particles,
    simulate_charged_particles,
)
from pyg_liesym.datasets.simulation.detector import Card, EnergyFlow, Noise, Particles, draw_noise, reconstruct
from pyg_liesym.datasets.simulation.gravity import (
    Orbits,
    angular_momentum,
    in_sector,
    integrate_orbits,
    one_step_pairs,
    simulate_orbits,
    total_energy,
)
from pyg_liesym.datasets.simulation.jets import simulate_jets
from pyg_liesym.datasets.simulation.plume import PlumeFrames, remove_divergence, simulate_plumes
from pyg_liesym.datasets.simulation.plume_files import write_plumes
from pyg_liesym.datasets.simulation.plume_settings import Plumes, plume_batches
from pyg_liesym.datasets.simulation.propagation import propagate
from pyg_liesym.datasets.simulation.pythia import generate_jets

__all__ = [
    "Card",
    "Cells",
    "ChargedState",
    "ChargedTrajectories",
    "EnergyFlow",
    "Layer",
    "Noise",
    "Orbits",
    "Particles",
    "PlumeFrames",
    "Plumes",
    "angular_momentum",
    "draw_charged_particles",
    "draw_noise",
    "generate_jets",
    "in_sector",
    "integrate_orbits",
    "one_step_pairs",
    "plume_batches",
    "propagate",
    "reconstruct",
    "remove_divergence",
    "simulate_charged_particles",
    "simulate_jets",
    "simulate_orbits",
    "simulate_plumes",
    "total_energy",
    "write_plumes",
]
