"""PyG datasets: orbits, charged particles and jets.

File formats and simulators live in :mod:`pyg_liesym.datasets.io` and :mod:`pyg_liesym.datasets.simulation`; what
they need beyond NumPy and SciPy is imported where it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyg_liesym.datasets.charged_particles import ChargedParticles
    from pyg_liesym.datasets.gravitational_orbits import GravitationalOrbits
    from pyg_liesym.datasets.jets import Jets

__all__ = ["ChargedParticles", "GravitationalOrbits", "Jets"]

_MODULES = {"ChargedParticles": "charged_particles", "GravitationalOrbits": "gravitational_orbits", "Jets": "jets"}


def __getattr__(name: str) -> object:
    """Imports PyG only when a dataset is asked for: the processes of a simulation do without it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
