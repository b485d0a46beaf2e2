"""Message passing that sums the messages of edges which are sorted by target without scattering them."""

from __future__ import annotations

from torch import Tensor
from torch_geometric.nn import MessagePassing

from pyg_liesym.nn.message.edge_map import Flow
from pyg_liesym.nn.message.reduce import sum_edges
from pyg_liesym.typing import OptTensor


class SumConv(MessagePassing):
    r"""A layer whose messages are summed at their targets by :func:`~pyg_liesym.nn.message.reduce.sum_edges`.

    A layer passes ``segments``, the row pointer of :class:`~pyg_liesym.nn.message.edges.Edges`, to ``propagate``.

    Args:
        flow: Which row of an edge list holds the targets, as in PyG.
    """

    flow: Flow

    def __init__(self, flow: Flow = "source_to_target") -> None:
        super().__init__(aggr="sum", flow=flow)

    def aggregate(
        self,
        inputs: Tensor,
        index: Tensor,
        segments: OptTensor = None,
        dim_size: int | None = None,
    ) -> Tensor:
        """Sum the messages at their targets."""
        assert dim_size is not None
        return sum_edges(inputs, index, segments, dim_size)
