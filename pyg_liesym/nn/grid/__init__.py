"""Dense layers for fields ``[B, C, H, W]`` on square lattices."""

from pyg_liesym.nn.grid.field_conv2d import FieldConv2d
from pyg_liesym.nn.grid.group_conv2d import GroupConv2d
from pyg_liesym.nn.grid.relaxed_group_conv2d import RelaxedGroupConv2d
from pyg_liesym.nn.grid.relaxed_steerable_conv2d import RelaxedSteerableConv2d
from pyg_liesym.nn.grid.steerable_conv2d import SteerableConv2d

__all__ = [
    "FieldConv2d",
    "GroupConv2d",
    "RelaxedGroupConv2d",
    "RelaxedSteerableConv2d",
    "SteerableConv2d",
]
