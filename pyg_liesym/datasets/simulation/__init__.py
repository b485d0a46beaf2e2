"""Pure simulators: settings and a seed in, arrays out (and, of many jets, files)."""

from pyg_liesym.datasets.simulation.calorimeter import Cells, Layer
from pyg_liesym.datasets.simulation.convection import Convection, ConvectionFrames, simulate_convection
from pyg_liesym.datasets.simulation.convection_files import write_convection
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
from pyg_liesym.datasets.simulation.n_body import Bodies, BodyTrajectories, PairDynamics, simulate_bodies
from pyg_liesym.datasets.simulation.n_body_recipes import (
    draw_charged_particles,
    draw_gravitating_bodies,
    simulate_n_body,
)
from pyg_liesym.datasets.simulation.plume import PlumeFrames, simulate_plumes
from pyg_liesym.datasets.simulation.plume_files import write_plumes
from pyg_liesym.datasets.simulation.plume_settings import Plumes, plume_batches
from pyg_liesym.datasets.simulation.propagation import propagate
from pyg_liesym.datasets.simulation.pythia import generate_jets
from pyg_liesym.datasets.simulation.staggered import remove_divergence
from pyg_liesym.datasets.simulation.vortices import VortexFrames, Vortices, simulate_vortices

__all__ = [
    "Bodies",
    "BodyTrajectories",
    "Card",
    "Cells",
    "Convection",
    "ConvectionFrames",
    "EnergyFlow",
    "Layer",
    "Noise",
    "Orbits",
    "PairDynamics",
    "Particles",
    "PlumeFrames",
    "Plumes",
    "VortexFrames",
    "Vortices",
    "angular_momentum",
    "draw_charged_particles",
    "draw_gravitating_bodies",
    "draw_noise",
    "generate_jets",
    "in_sector",
    "integrate_orbits",
    "one_step_pairs",
    "plume_batches",
    "propagate",
    "reconstruct",
    "remove_divergence",
    "simulate_bodies",
    "simulate_convection",
    "simulate_jets",
    "simulate_n_body",
    "simulate_orbits",
    "simulate_plumes",
    "simulate_vortices",
    "total_energy",
    "write_convection",
    "write_plumes",
]
