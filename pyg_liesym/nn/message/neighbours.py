"""Nearest neighbours within each graph, without compiled extensions."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.nn.message.cuts import graph_sizes
from pyg_liesym.nn.message.edges import Edges
from pyg_liesym.typing import OptTensor

# Entries of the largest block of distances that is made at once.
_ENTRIES = 1 << 22
# Differences are exact far from the origin; with more components a matrix product about the mean is much faster.
_FEW = 4


@torch.no_grad()
def nearest_neighbours(points: Tensor, k: int, batch: OptTensor = None) -> Edges:
    r"""Connect every node with the k nearest others of its graph, in Euclidean distance.

    A node of a graph with fewer than :math:`k + 1` nodes is connected with all others. Which of several neighbours at
    one distance is taken is not defined.

    Args:
        points: Where the nodes are.
        k: Number of neighbours.
        batch: Item of every node, in rising order; one item if not given.

    Shapes:
        - **points**: :math:`(N, C)`; **batch**: :math:`(N)`
        - **output**: edges from the neighbours to each node, sorted by node

    Raises:
        ValueError: If ``k`` is not positive or ``batch`` is not sorted.

    Example:
        >>> nearest_neighbours(torch.tensor([[0.0], [1.0], [3.0]]), 1).edge_index
        tensor([[1, 0, 1],
                [0, 1, 2]])
    """
    if k < 1:
        raise ValueError(f"expected a positive number of neighbours, got k={k}")
    if points.dim() != 2:
        raise ValueError(f"expected `points` of shape [num_nodes, components], got {list(points.shape)}")
    sizes = torch.tensor(graph_sizes(batch, points.size(0)), dtype=torch.long)
    start = sizes.cumsum(0) - sizes
    blocks = [_of_block(points, k, *block) for block in _blocks(start, sizes)]
    edges = torch.cat(blocks, dim=1) if blocks else points.new_empty(2, 0, dtype=torch.long)
    count = (sizes - 1).clamp(max=k).repeat_interleave(sizes).to(points.device)
    return Edges(edges, torch.cat([count.new_zeros(1), count.cumsum(0)]))


def _blocks(start: Tensor, sizes: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Start and size of the graphs of each block, as many as fit when all are filled up to the largest."""
    first, largest = 0, 0
    for graph, size in enumerate(sizes.tolist()):
        if graph > first and (graph + 1 - first) * max(largest, size) ** 2 > _ENTRIES:
            yield start[first:graph], sizes[first:graph]
            first, largest = graph, 0
        largest = max(largest, size)
    if first < len(sizes):
        yield start[first:], sizes[first:]


def _of_block(points: Tensor, k: int, start: Tensor, sizes: Tensor) -> Tensor:
    """Edges of some graphs, which are filled up to the largest of them."""
    largest = int(sizes.max())
    start, sizes = start.to(points.device)[:, None], sizes.to(points.device)[:, None]
    rank = torch.arange(largest, device=points.device)
    there = rank < sizes
    nodes = start + torch.where(there, rank, 0)
    distance = _squared_distances(points[nodes], there)
    # What is not a number is far away but still a neighbour, so that it stays in its graph.
    distance = distance.nan_to_num_(nan=torch.finfo(distance.dtype).max)
    distance.masked_fill_(~there[:, None], torch.inf).diagonal(0, 1, 2).fill_(torch.inf)
    nearest = distance.topk(min(k, largest - 1), largest=False).indices
    taken = (torch.arange(nearest.size(2), device=points.device) < sizes[:, :, None] - 1) & there[:, :, None]
    source = start[:, :, None] + nearest
    return torch.stack([source[taken], nodes[:, :, None].expand_as(source)[taken]])


def _squared_distances(points: Tensor, there: Tensor) -> Tensor:
    """All pairs of each graph, :math:`(g, M, C)` to :math:`(g, M, M)`."""
    points = points.to(torch.promote_types(points.dtype, torch.float32))
    if points.size(2) <= _FEW:
        return sum(
            ((c[:, :, None] - c[:, None]).square_() for c in points.unbind(2)),
            start=points.new_zeros(len(points), points.size(1), points.size(1)),
        )
    weight = there[:, :, None].to(points.dtype)
    points = (points - (points * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True)) * weight
    square = points.square().sum(2)
    with without_autocast(points.device):
        return torch.baddbmm(square[:, :, None] + square[:, None], points, points.mT, alpha=-2)
