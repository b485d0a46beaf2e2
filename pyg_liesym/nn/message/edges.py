"""Edges of a graph as the layers use them: an edge list, and its row pointer where it is sorted."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.utils import degree

from pyg_liesym.nn.message.asked import kernels_asked
from pyg_liesym.typing import OptTensor


class Edges(NamedTuple):
    """An edge list and, where its targets are sorted, the place at which each node's edges begin.

    Shapes:
        - **edge_index**: :math:`(2, |E|)`, sources in row 0 and targets in row 1
        - **ptr**: :math:`(N + 1)` or ``None`` for edges in no particular order
    """

    edge_index: Tensor
    ptr: OptTensor = None


class CompleteGraph(NamedTuple):
    """All ordered pairs of different nodes within each item, not written out.

    ``num_edges`` is ``None`` where it is not known: in a graph that is traced, or for the kernels of a GPU, for which
    the host does not wait.

    Shapes:
        - **neighbours**: :math:`(N)`, how many edges arrive at each node; **batch**: :math:`(N)` or ``None``
    """

    neighbours: Tensor
    batch: OptTensor = None
    num_edges: int | None = None

    def listed(self, flow: str) -> Edges:
        """Write the edges out, those of a target next to each other."""
        edges = complete_graph(self.neighbours.numel(), self.batch, self.neighbours.device)
        return edges if flow == "source_to_target" else Edges(edges.edge_index.flip(0), edges.ptr)


def complete_graph(num_nodes: int, batch: OptTensor = None, device: torch.device | None = None) -> Edges:
    r"""Connect all ordered pairs of different nodes within each item of ``batch``.

    Args:
        num_nodes: Number of nodes :math:`N` of the whole batch.
        batch: Item of every node, in rising order; one item if not given.
        device: Where to put the edges, if ``batch`` is not given.

    Shapes:
        - **batch**: :math:`(N)`
        - **output**: :math:`\sum_b N_b (N_b - 1)` edges sorted by target, then by source

    Raises:
        ValueError: If ``batch`` is not sorted.

    Example:
        >>> complete_graph(3).edge_index
        tensor([[1, 2, 0, 2, 0, 1],
                [0, 0, 1, 1, 2, 2]])
    """
    if batch is None:
        rows = torch.arange(num_nodes, device=device)
        target = rows.repeat_interleave(max(num_nodes - 1, 0))
        source = torch.arange(target.numel(), device=device) % max(num_nodes - 1, 1)
        ptr = torch.arange(num_nodes + 1, device=device) * max(num_nodes - 1, 0)
        return Edges(torch.stack([source + (source >= target), target]), ptr)
    return Edges(*_of_batch(batch))


@torch.library.custom_op("pyg_liesym::complete_graphs", mutates_args=())
def _of_batch(batch: Tensor) -> tuple[Tensor, Tensor]:
    """Edges and row pointer of complete graphs, whose number is known from the data alone."""
    check_sorted(batch)
    num_nodes, size = batch.numel(), degree(batch, dtype=torch.long)
    start = size.cumsum(0) - size
    neighbours = size[batch] - 1
    ptr = torch.cat([neighbours.new_zeros(1), neighbours.cumsum(0)])
    target = torch.arange(num_nodes, device=batch.device).repeat_interleave(neighbours)
    rank = torch.arange(target.numel(), device=batch.device) - ptr[target]
    source = start[batch[target]] + rank
    return torch.stack([source + (source >= target), target]), ptr


@_of_batch.register_fake
def _(batch: Tensor) -> tuple[Tensor, Tensor]:
    num_edges = torch.library.get_ctx().new_dynamic_size()
    return batch.new_empty(2, num_edges), batch.new_empty(batch.numel() + 1)


def check_sorted(batch: Tensor) -> None:
    """Refuse a batch whose graphs are not in one piece each.

    Raises:
        ValueError: If ``batch`` is not sorted.
    """
    if bool((batch[1:] < batch[:-1]).any()):
        raise ValueError(
            "edge_index=None needs the nodes of one graph next to each other, but `batch` is not sorted; "
            "sort the nodes by `batch` or pass `edge_index`"
        )


def as_edges(
    edge_index: Tensor | Edges | CompleteGraph | None, num_nodes: int, batch: OptTensor, flow: str, device: torch.device
) -> Edges | CompleteGraph:
    """Read what a layer was given as ``edge_index``.

    ``None`` is the complete graph of each item of ``batch``; a :class:`torch_geometric.EdgeIndex` that is
    sorted by its targets keeps its row pointer; :class:`Edges` and :class:`CompleteGraph` pass through.

    Raises:
        ValueError: If ``edge_index`` is no ``[2, num_edges]`` tensor.
    """
    if isinstance(edge_index, Edges | CompleteGraph):
        return edge_index
    if edge_index is None:
        if batch is None:
            return CompleteGraph(
                torch.full((num_nodes,), num_nodes - 1, device=device), num_edges=num_nodes * (num_nodes - 1)
            )
        size = torch.searchsorted(batch, batch, right=True) - torch.searchsorted(batch, batch)
        unknown = torch.compiler.is_compiling() or (batch.is_cuda and kernels_asked())
        return CompleteGraph(size - 1, batch, None if unknown else int(size.sum()) - num_nodes)
    if edge_index.dim() != 2 or edge_index.size(0) != 2:
        raise ValueError(f"expected `edge_index` of shape [2, num_edges], got {list(edge_index.shape)}")
    if isinstance(edge_index, EdgeIndex):
        if flow == "source_to_target" and edge_index.is_sorted_by_col:
            return Edges(edge_index.as_tensor(), edge_index.get_csc()[0][0])
        if flow == "target_to_source" and edge_index.is_sorted_by_row:
            return Edges(edge_index.as_tensor(), edge_index.get_csr()[0][0])
        return Edges(edge_index.as_tensor())
    return Edges(edge_index)


def count_neighbours(edges: Edges | CompleteGraph, num_nodes: int, flow: str, dtype: torch.dtype) -> Tensor:
    """How many edges arrive at each node, at least one so that it can be divided by.

    Shapes:
        - **output**: :math:`(N, 1)`
    """
    if isinstance(edges, CompleteGraph):
        count = edges.neighbours
    elif edges.ptr is not None:
        count = edges.ptr.diff()
    else:
        count = degree(edges.edge_index[1 if flow == "source_to_target" else 0], num_nodes, dtype=torch.long)
    return count.clamp(min=1).to(dtype)[:, None]
