"""Cutting the edges of a batch into tiles that stay in cache."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.edges import check_sorted, complete_graph
from pyg_liesym.nn.message.fused import call as fused
from pyg_liesym.nn.message.operands import Graph, Nodes
from pyg_liesym.nn.message.tiles import BlockTile, ListTile, Tile
from pyg_liesym.typing import OptTensor

# One buffer of a tile: as much as stays near a CPU core, or keeps a GPU busy. Smaller tiles cost more in calls than
# they save in traffic (docs/results.md).
_CPU_BYTES, _CUDA_BYTES = 1 << 21, 1 << 26
# Share of a tile that blocks must fill on average: below it a tile's calls cost more than the edge list's indices.
_WORTHWHILE = 1 / 64
# Graphs are filled up to the size of the largest beside them while no more than this share of the tile is filling,
# and once as much again of what is in it: about what the calls of one more tile cost.
_FILLING = 1 / 16
# Fields of Nodes that have a value a node, and the dimension of the nodes.
_AT_NODES = {"target": 0, "source": 0, "pos": 1, "lowered": 2}


class Cut(NamedTuple):
    """Tiles, and where the nodes must be for them.

    Complete graphs of similar sizes lie side by side, filled up to the same size, so that one tile takes several.

    Shapes:
        - **places**: :math:`(N)`, where each node is, of ``num_places``; ``None``: as they are
    """

    tiles: list[Tile]
    places: OptTensor = None
    num_places: int = 0

    def to_places(self, values: Tensor, dim: int = 0) -> Tensor:
        """Values of nodes in the order of the tiles, zero where there is no node."""
        if self.places is None or values.size(dim) == 0:
            return values
        shape = list(values.shape)
        shape[dim] = self.num_places
        return values.new_zeros(shape).index_copy_(dim, self.places, values)

    def to_nodes(self, values: Tensor, dim: int = 0) -> Tensor:
        """The inverse of :meth:`to_places`."""
        return values if self.places is None or values.size(dim) == 0 else values.index_select(dim, self.places)

    def at_places(self, nodes: Nodes) -> Nodes:
        """What the edges read, in the order of the tiles."""
        return nodes._replace(**{name: self.to_places(getattr(nodes, name), dim) for name, dim in _AT_NODES.items()})

    def at_nodes(self, nodes: Nodes) -> Nodes:
        """The inverse of :meth:`at_places`."""
        return nodes._replace(**{name: self.to_nodes(getattr(nodes, name), dim) for name, dim in _AT_NODES.items()})


def cut_edges(graph: Graph, nodes: Tensor, as_listed: bool = False) -> Cut:
    """Cut the edges of a batch into tiles for values like those of ``nodes``, :math:`(N, H)`.

    Complete graphs become blocks, several graphs of one size (or filled up to it) or some rows of one at a time. Where
    the blocks would be too small to be worth a tile each they become stretches of an edge list.

    Args:
        graph: The edges.
        nodes: Values of the nodes.
        as_listed: Keep the order of the edges, in which they have features; graphs are then not filled up.

    Raises:
        ValueError: If ``batch`` is not sorted.
    """
    num_nodes, device, most = nodes.size(0), nodes.device, most_edges(nodes)
    if graph.edge_index is not None:
        return Cut(list(_stretches(graph.edge_index, most)))
    sizes = graph_sizes(graph.batch, num_nodes)
    blocks = _blocks(tuple(sizes), most, as_listed, nodes.dtype, device)
    if len(blocks.tiles) > 1 and sum(t.num_edges for t in blocks.tiles) < _WORTHWHILE * most * len(blocks.tiles):
        return Cut(list(_stretches(complete_graph(num_nodes, graph.batch, device).edge_index, most)))
    return blocks


def most_edges(nodes: Tensor) -> int:
    """Edges in a tile for values like those of ``nodes``, :math:`(N, H)`."""
    room = _CPU_BYTES if nodes.device.type == "cpu" else _CUDA_BYTES
    return max(1, room // max(1, nodes.size(1) * nodes.element_size()))


def are_few(num_edges: int, nodes: Tensor) -> bool:
    """Whether so few edges gain nothing from an operator: a tile, or a quarter of one where loops are compiled."""
    most = most_edges(nodes)
    if num_edges > most:
        return False
    return num_edges <= most // 4 or torch.compiler.is_compiling() or not fused.takes(nodes)


def graph_sizes(batch: OptTensor, num_nodes: int) -> list[int]:
    """Number of nodes of each graph that has any.

    Raises:
        ValueError: If ``batch`` is not sorted.
    """
    if batch is None:
        return [num_nodes] if num_nodes else []
    check_sorted(batch)
    sizes: list[int] = torch.unique_consecutive(batch, return_counts=True)[1].tolist()
    return sizes


@lru_cache(maxsize=4)
def _blocks(sizes: tuple[int, ...], most: int, as_listed: bool, dtype: torch.dtype, device: torch.device) -> Cut:
    """Blocks of complete graphs; kept, since every layer of a network asks for the same ones, forward and backward."""
    groups = list(_runs(sizes, most) if as_listed else _similar(sizes, most))
    tiles: list[Tile] = []
    place = edge = 0
    for graphs in groups:
        n, g = max(sizes[graph] for graph in graphs), len(graphs)
        edges = _edges(torch.tensor([sizes[graph] for graph in graphs]), n)
        rows = -(-n // max(1, round(n * n / most)))
        for start in range(0, n, rows):
            stop = n * (g - 1) + min(start + rows, n)
            block = slice(place + start, place + stop), slice(place, place + g * n)
            tiles.append(
                BlockTile(*block, g, edge + start * (n - 1), None if edges is None else edges.to(device, dtype))
            )
        place, edge = place + g * n, edge + g * n * (n - 1)
    places = _places(sizes, groups)
    if place == len(places) and torch.equal(places, torch.arange(place)):
        return Cut(tiles)
    return Cut(tiles, places.to(device), place)


def _runs(sizes: tuple[int, ...], most: int) -> Iterator[list[int]]:
    """Neighbours of equal size, as many as fit in a tile."""
    group: list[int] = []
    for graph, n in enumerate(sizes):
        if group and (n != sizes[group[0]] or (len(group) + 1) * n * n > most):
            yield group
            group = []
        group.append(graph)
    if group:
        yield group


def _similar(sizes: tuple[int, ...], most: int) -> Iterator[list[int]]:
    """Graphs of similar size, from the largest, as many as fit in a tile when filled up."""
    group: list[int] = []
    n = filling = used = 0
    for graph in sorted(range(len(sizes)), key=lambda graph: -sizes[graph]):
        pairs = sizes[graph] ** 2
        more = n * n - pairs
        if group and ((len(group) + 1) * n * n > most or filling + more > _FILLING * (most + used + pairs)):
            yield group
            group, filling, used = [], 0, 0
        if not group:
            n, more = sizes[graph], 0
        group.append(graph)
        filling, used = filling + more, used + pairs
    if group:
        yield group


def _edges(sizes: Tensor, n: int) -> OptTensor:
    """Which pairs of graphs filled up to ``n`` nodes are edges, :math:`(g n^2)`; ``None`` if nothing was filled."""
    if bool((sizes == n).all()):
        return None
    there = torch.arange(n) < sizes[:, None]
    return (there[:, :, None] & there[:, None, :] & ~torch.eye(n, dtype=torch.bool)).flatten()


def _places(sizes: tuple[int, ...], groups: list[list[int]]) -> Tensor:
    """Where each node is, :math:`(N)`."""
    first = [0] * len(sizes)
    place = 0
    for graphs in groups:
        n = max(sizes[graph] for graph in graphs)
        for graph in graphs:
            first[graph], place = place, place + n
    counts = torch.tensor(sizes, dtype=torch.long)
    start = counts.cumsum(0) - counts
    return torch.arange(int(counts.sum())) + (torch.tensor(first, dtype=torch.long) - start).repeat_interleave(counts)


def _stretches(edge_index: Tensor, most: int) -> Iterator[Tile]:
    source, target = edge_index
    for start in range(0, target.numel(), most):
        edges = slice(start, min(start + most, target.numel()))
        yield ListTile(source[edges], target[edges], edges)
