"""Graph layers."""

from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv

__all__ = ["LieGNNConv"]
