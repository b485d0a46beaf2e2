"""PyG datasets: orbits, charged particles and jets.

File formats and simulators live in :mod:`pyg_liesym.datasets.io` and :mod:`pyg_liesym.datasets.simulation`; what
they need beyond NumPy and SciPy is imported where it is used.
"""

from pyg_liesym.datasets.charged_particles import ChargedParticles
from pyg_liesym.datasets.gravitational_orbits import GravitationalOrbits
from pyg_liesym.datasets.jets import Jets

__all__ = ["ChargedParticles", "GravitationalOrbits", "Jets"]
