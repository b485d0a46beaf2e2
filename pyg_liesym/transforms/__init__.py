"""Transforms of PyG data: vectors and flows moved by a group, lattices, meshes and particles turned into each other."""

from pyg_liesym.transforms.add_reference_vectors import AddReferenceVectors
from pyg_liesym.transforms.graph_to_grid import GraphToGrid
from pyg_liesym.transforms.grid_to_graph import GridToGraph
from pyg_liesym.transforms.grid_to_particles import GridToParticles
from pyg_liesym.transforms.mesh_to_graph import MeshToGraph
from pyg_liesym.transforms.move_flow import MoveFlow
from pyg_liesym.transforms.particles_to_grid import ParticlesToGrid
from pyg_liesym.transforms.random_boost import RandomBoost
from pyg_liesym.transforms.random_group_action import RandomGroupAction
from pyg_liesym.transforms.random_move_flow import RandomMoveFlow
from pyg_liesym.transforms.random_rotation import RandomRotation

__all__ = [
    "AddReferenceVectors",
    "GraphToGrid",
    "GridToGraph",
    "GridToParticles",
    "MeshToGraph",
    "MoveFlow",
    "ParticlesToGrid",
    "RandomBoost",
    "RandomGroupAction",
    "RandomMoveFlow",
    "RandomRotation",
]
