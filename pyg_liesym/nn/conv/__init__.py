"""Graph layers."""

from pyg_liesym.nn.conv.egnn_conv import EGNNConv
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.conv.lorentznet_conv import LorentzNetConv
from pyg_liesym.nn.conv.particlenet_conv import ParticleNetConv
from pyg_liesym.nn.conv.relaxed_group_conv import RelaxedGroupConv
from pyg_liesym.nn.conv.relaxed_steerable_conv import RelaxedSteerableConv
from pyg_liesym.nn.conv.relaxed_tensor_field_conv import RelaxedTensorFieldConv
from pyg_liesym.nn.conv.steerable_conv import SteerableConv

__all__ = [
    "EGNNConv",
    "FieldConv",
    "LieGNNConv",
    "LorentzNetConv",
    "ParticleNetConv",
    "RelaxedGroupConv",
    "RelaxedSteerableConv",
    "RelaxedTensorFieldConv",
    "SteerableConv",
]
