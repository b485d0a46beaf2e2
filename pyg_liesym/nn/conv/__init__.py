"""Graph layers."""

from pyg_liesym.nn.conv.egnn_conv import EGNNConv
from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.conv.lorentznet_conv import LorentzNetConv
from pyg_liesym.nn.conv.particlenet_conv import ParticleNetConv

__all__ = ["EGNNConv", "LieGNNConv", "LorentzNetConv", "ParticleNetConv"]
