"""Equivariant layers and networks for graphs."""

from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.edges import Edges, complete_graph
from pyg_liesym.nn.metric import LearnedMetric
from pyg_liesym.nn.models.liegnn import LieGNN

__all__ = ["Edges", "LearnedMetric", "LieGNN", "LieGNNConv", "complete_graph"]
