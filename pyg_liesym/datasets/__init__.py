"""PyG datasets: orbits, charged particles, jets and flows.

File formats and simulators live in :mod:`pyg_liesym.datasets.io` and :mod:`pyg_liesym.datasets.simulation`; what
they need beyond NumPy and SciPy is imported where it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyg_liesym.datasets.charged_particles import ChargedParticles
    from pyg_liesym.datasets.gravitational_orbits import GravitationalOrbits
    from pyg_liesym.datasets.jet_class import JetClass
    from pyg_liesym.datasets.jet_flow import JetFlow
    from pyg_liesym.datasets.jets import Jets
    from pyg_liesym.datasets.quark_gluon import QuarkGluon
    from pyg_liesym.datasets.smoke_plume import SmokePlume
    from pyg_liesym.datasets.streaming import StreamingJets
    from pyg_liesym.datasets.streaming_loader import StreamingLoader
    from pyg_liesym.datasets.top_landscape import TopLandscape

__all__ = [
    "ChargedParticles",
    "GravitationalOrbits",
    "JetClass",
    "JetFlow",
    "Jets",
    "QuarkGluon",
    "SmokePlume",
    "StreamingJets",
    "StreamingLoader",
    "TopLandscape",
]

_MODULES = {
    "ChargedParticles": "charged_particles",
    "GravitationalOrbits": "gravitational_orbits",
    "JetClass": "jet_class",
    "JetFlow": "jet_flow",
    "Jets": "jets",
    "QuarkGluon": "quark_gluon",
    "SmokePlume": "smoke_plume",
    "StreamingJets": "streaming",
    "StreamingLoader": "streaming_loader",
    "TopLandscape": "top_landscape",
}


def __getattr__(name: str) -> object:
    """Imports PyG only when a dataset is asked for: the processes of a simulation do without it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
