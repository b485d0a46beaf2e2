"""Transforms of PyG data: jets with reference vectors, boosted and turned."""

from pyg_liesym.transforms.add_reference_vectors import AddReferenceVectors
from pyg_liesym.transforms.random_boost import RandomBoost
from pyg_liesym.transforms.random_rotation import RandomRotation

__all__ = ["AddReferenceVectors", "RandomBoost", "RandomRotation"]
