"""Dense layers for fields ``[B, C, H, W]`` on square lattices."""

from pyg_liesym.nn.grid.field_activation import FieldActivation
from pyg_liesym.nn.grid.field_conv2d import FieldConv2d
from pyg_liesym.nn.grid.field_norm import FieldNorm
from pyg_liesym.nn.grid.group_conv2d import GroupConv2d
from pyg_liesym.nn.grid.group_pool import GroupPool
from pyg_liesym.nn.grid.lattice_linear import LatticeLinear
from pyg_liesym.nn.grid.locally_connected_conv2d import LocallyConnectedConv2d
from pyg_liesym.nn.grid.relaxed_group_conv2d import RelaxedGroupConv2d
from pyg_liesym.nn.grid.relaxed_riesz_conv2d import RelaxedRieszConv2d
from pyg_liesym.nn.grid.relaxed_scale_conv2d import RelaxedScaleConv2d
from pyg_liesym.nn.grid.relaxed_steerable_conv2d import RelaxedSteerableConv2d
from pyg_liesym.nn.grid.relaxed_translation_conv2d import RelaxedTranslationConv2d
from pyg_liesym.nn.grid.residual_pathway import ResidualPathway
from pyg_liesym.nn.grid.riesz_conv2d import RieszConv2d
from pyg_liesym.nn.grid.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.grid.steerable_conv2d import SteerableConv2d

__all__ = [
    "FieldActivation",
    "FieldConv2d",
    "FieldNorm",
    "GroupConv2d",
    "GroupPool",
    "LatticeLinear",
    "LocallyConnectedConv2d",
    "RelaxedGroupConv2d",
    "RelaxedRieszConv2d",
    "RelaxedScaleConv2d",
    "RelaxedSteerableConv2d",
    "RelaxedTranslationConv2d",
    "ResidualPathway",
    "RieszConv2d",
    "ScaleConv2d",
    "SteerableConv2d",
]
