"""Matrix Lie algebras: bases, group elements, invariant forms, and what an algebra is called."""

from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.lie.charges import noether_charge
from pyg_liesym.lie.equivariant import EquivariantMaps, equivariant_maps
from pyg_liesym.lie.identification import Identification
from pyg_liesym.lie.invariant import InvariantForms, InvariantMetric
from pyg_liesym.lie.metric import euclidean_metric, minkowski
from pyg_liesym.lie.motions import boosts, turns
from pyg_liesym.lie.subspace import weighted_cosine
from pyg_liesym.lie.tensors import TensorType

__all__ = [
    "EquivariantMaps",
    "Identification",
    "InvariantForms",
    "InvariantMetric",
    "LieAlgebra",
    "TensorType",
    "boosts",
    "equivariant_maps",
    "euclidean_metric",
    "minkowski",
    "noether_charge",
    "turns",
    "weighted_cosine",
]
