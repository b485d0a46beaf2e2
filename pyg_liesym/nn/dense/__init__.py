"""Layers and networks of plain vectors and tensors, with any matrix Lie algebra or an energy built in."""

from pyg_liesym.nn.dense.equivariant_bilinear import EquivariantBilinear
from pyg_liesym.nn.dense.equivariant_linear import EquivariantLinear
from pyg_liesym.nn.dense.equivariant_mlp import EquivariantMLP
from pyg_liesym.nn.dense.hamiltonian_network import HamiltonianNetwork

__all__ = ["EquivariantBilinear", "EquivariantLinear", "EquivariantMLP", "HamiltonianNetwork"]
