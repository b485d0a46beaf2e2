"""Dense layers for fields ``[B, C, H, W]`` on square lattices."""

from pyg_liesym.nn.field.field_activation import FieldActivation
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.field_norm import FieldNorm
from pyg_liesym.nn.field.group_conv2d import GroupConv2d
from pyg_liesym.nn.field.group_pool import GroupPool
from pyg_liesym.nn.field.relaxed_translation_conv2d import RelaxedTranslationConv2d
from pyg_liesym.nn.field.riesz_conv2d import RieszConv2d
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.field.soft_relu import SoftReLU
from pyg_liesym.nn.field.steerable_conv2d import SteerableConv2d

__all__ = [
    "FieldActivation",
    "FieldConv2d",
    "FieldNorm",
    "GroupConv2d",
    "GroupPool",
    "RelaxedTranslationConv2d",
    "RieszConv2d",
    "ScaleConv2d",
    "SoftReLU",
    "SteerableConv2d",
]
