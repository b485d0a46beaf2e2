"""PyG datasets: orbits, charged particles, molecules, jets, flows and pictures.

File formats and simulators live in :mod:`pyg_liesym.datasets.io` and :mod:`pyg_liesym.datasets.simulation`; what
they need beyond NumPy and SciPy is imported where it is used.
"""

from typing import TYPE_CHECKING

from pyg_liesym.lazy import lazy

__all__ = [
    "QM9",
    "ChargedParticles",
    "Digits",
    "GlobalWind",
    "GravitationalOrbits",
    "JetClass",
    "JetFlow",
    "Jets",
    "NBody",
    "OceanCurrents",
    "PackedLoader",
    "ParticleImages",
    "QuarkGluon",
    "RayleighBenard",
    "SmokePlume",
    "SolarSystem",
    "StreamingJets",
    "StreamingLoader",
    "Textures",
    "TopLandscape",
    "VectorPairs",
]

if TYPE_CHECKING:
    from pyg_liesym.datasets.bodies.charged_particles import ChargedParticles
    from pyg_liesym.datasets.bodies.gravitational_orbits import GravitationalOrbits
    from pyg_liesym.datasets.bodies.n_body import NBody
    from pyg_liesym.datasets.bodies.solar_system import SolarSystem
    from pyg_liesym.datasets.bodies.vector_pairs import VectorPairs
    from pyg_liesym.datasets.flows.global_wind import GlobalWind
    from pyg_liesym.datasets.flows.jet_flow import JetFlow
    from pyg_liesym.datasets.flows.ocean_currents import OceanCurrents
    from pyg_liesym.datasets.flows.particle_images import ParticleImages
    from pyg_liesym.datasets.flows.rayleigh_benard import RayleighBenard
    from pyg_liesym.datasets.flows.smoke_plume import SmokePlume
    from pyg_liesym.datasets.jets.jet_class import JetClass
    from pyg_liesym.datasets.jets.jets import Jets
    from pyg_liesym.datasets.jets.quark_gluon import QuarkGluon
    from pyg_liesym.datasets.jets.streaming import StreamingJets
    from pyg_liesym.datasets.jets.streaming_loader import StreamingLoader
    from pyg_liesym.datasets.jets.top_landscape import TopLandscape
    from pyg_liesym.datasets.loader import PackedLoader
    from pyg_liesym.datasets.molecules.qm9 import QM9
    from pyg_liesym.datasets.pictures.digits import Digits
    from pyg_liesym.datasets.pictures.textures import Textures
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "bodies.charged_particles": ["ChargedParticles"],
            "bodies.gravitational_orbits": ["GravitationalOrbits"],
            "bodies.n_body": ["NBody"],
            "jets.jet_class": ["JetClass"],
            "flows.jet_flow": ["JetFlow"],
            "jets.jets": ["Jets"],
            "loader": ["PackedLoader"],
            "molecules.qm9": ["QM9"],
            "flows.global_wind": ["GlobalWind"],
            "pictures.digits": ["Digits"],
            "pictures.textures": ["Textures"],
            "jets.quark_gluon": ["QuarkGluon"],
            "flows.ocean_currents": ["OceanCurrents"],
            "flows.particle_images": ["ParticleImages"],
            "flows.rayleigh_benard": ["RayleighBenard"],
            "flows.smoke_plume": ["SmokePlume"],
            "jets.streaming": ["StreamingJets"],
            "jets.streaming_loader": ["StreamingLoader"],
            "jets.top_landscape": ["TopLandscape"],
            "bodies.solar_system": ["SolarSystem"],
            "bodies.vector_pairs": ["VectorPairs"],
        },
    )
