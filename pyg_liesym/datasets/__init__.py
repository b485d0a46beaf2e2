"""PyG datasets: orbits, charged particles, jets and flows.

File formats and simulators live in :mod:`pyg_liesym.datasets.io` and :mod:`pyg_liesym.datasets.simulation`; what
they need beyond NumPy and SciPy is imported where it is used.
"""

from typing import TYPE_CHECKING

from pyg_liesym.lazy import lazy

__all__ = [
    "ChargedParticles",
    "GravitationalOrbits",
    "JetClass",
    "JetFlow",
    "Jets",
    "PackedLoader",
    "QuarkGluon",
    "SmokePlume",
    "StreamingJets",
    "StreamingLoader",
    "TopLandscape",
    "VectorPairs",
]

if TYPE_CHECKING:
    from pyg_liesym.datasets.charged_particles import ChargedParticles
    from pyg_liesym.datasets.gravitational_orbits import GravitationalOrbits
    from pyg_liesym.datasets.jet_class import JetClass
    from pyg_liesym.datasets.jet_flow import JetFlow
    from pyg_liesym.datasets.jets import Jets
    from pyg_liesym.datasets.loader import PackedLoader
    from pyg_liesym.datasets.quark_gluon import QuarkGluon
    from pyg_liesym.datasets.smoke_plume import SmokePlume
    from pyg_liesym.datasets.streaming import StreamingJets
    from pyg_liesym.datasets.streaming_loader import StreamingLoader
    from pyg_liesym.datasets.top_landscape import TopLandscape
    from pyg_liesym.datasets.vector_pairs import VectorPairs
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "charged_particles": ["ChargedParticles"],
            "gravitational_orbits": ["GravitationalOrbits"],
            "jet_class": ["JetClass"],
            "jet_flow": ["JetFlow"],
            "jets": ["Jets"],
            "loader": ["PackedLoader"],
            "quark_gluon": ["QuarkGluon"],
            "smoke_plume": ["SmokePlume"],
            "streaming": ["StreamingJets"],
            "streaming_loader": ["StreamingLoader"],
            "top_landscape": ["TopLandscape"],
            "vector_pairs": ["VectorPairs"],
        },
    )
