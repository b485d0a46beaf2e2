"""Graph layers."""

from pyg_liesym.nn.conv.egnn_conv import EGNNConv
from pyg_liesym.nn.conv.field_conv import FieldConv
from pyg_liesym.nn.conv.group_conv import GroupConv
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.conv.lorentznet_conv import LorentzNetConv
from pyg_liesym.nn.conv.particlenet_conv import ParticleNetConv
from pyg_liesym.nn.conv.steerable_conv import SteerableConv
from pyg_liesym.nn.conv.tensor_field_conv import TensorFieldConv
from pyg_liesym.nn.conv.vector_liegnn_conv import VectorLieGNNConv

__all__ = [
    "EGNNConv",
    "FieldConv",
    "GroupConv",
    "LieGNNConv",
    "LorentzNetConv",
    "ParticleNetConv",
    "SteerableConv",
    "TensorFieldConv",
    "VectorLieGNNConv",
]
