"""What the layers with a symmetry are measured against: layers without one, or with one by a penalty alone."""

from pyg_liesym.nn.baselines.field_mlp import FieldMLP
from pyg_liesym.nn.baselines.free_path import FreePath
from pyg_liesym.nn.baselines.lattice_linear import LatticeLinear
from pyg_liesym.nn.baselines.lift_expansion import LiftExpansion
from pyg_liesym.nn.baselines.locally_connected_conv2d import LocallyConnectedConv2d
from pyg_liesym.nn.baselines.plain_conv2d import PlainConv2d
from pyg_liesym.nn.baselines.residual_pathway import ResidualPathway

__all__ = [
    "FieldMLP",
    "FreePath",
    "LatticeLinear",
    "LiftExpansion",
    "LocallyConnectedConv2d",
    "PlainConv2d",
    "ResidualPathway",
]
