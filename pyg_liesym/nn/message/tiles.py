"""The edges of a graph that are computed at once: blocks of pairs, or a stretch of an edge list."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.typing import OptTensor


class BlockTile:
    r"""Pairs of ``rows`` with all nodes of their graph, for ``num_graphs`` graphs of equal size at once.

    Where graphs were filled up to equal size, ``edges`` is one for the pairs that are edges and zero for the others.

    Shapes:
        - values of edges: :math:`(g \cdot r \cdot n, \cdot)`, those of the diagonal among them
        - **edges**: :math:`(g \cdot r \cdot n)`
    """

    def __init__(self, rows: slice, cols: slice, num_graphs: int, first_edge: int, edges: OptTensor = None) -> None:
        self.rows, self.cols, self.g, self.edges = rows, cols, num_graphs, edges
        self.r, self.n = (rows.stop - rows.start) // num_graphs, (cols.stop - cols.start) // num_graphs
        self.first_edge = first_edge
        self.num_edges = num_graphs * self.r * self.n

    def pair_sum(self, target: Tensor, source: Tensor, out: Tensor) -> None:
        """Write the target's value plus the source's, :math:`(N, H)` to :math:`(E, H)`."""
        g, r, n = self.g, self.r, self.n
        torch.add(target[self.rows].view(g, r, 1, -1), source[self.cols].view(g, 1, n, -1), out=out.view(g, r, n, -1))

    def targets(self, nodes: Tensor) -> Tensor:
        """The target's values, :math:`(N, H)`, as they go with those of :meth:`pairs`."""
        return nodes[self.rows].view(self.g, self.r, 1, -1)

    def sources(self, nodes: Tensor) -> Tensor:
        """The source's values, :math:`(N, H)`, as they go with those of :meth:`pairs`."""
        return nodes[self.cols].view(self.g, 1, self.n, -1)

    def pairs(self, values: Tensor) -> Tensor:
        """Values of edges :math:`(E, H)` with an axis for each end."""
        return values.view(self.g, self.r, self.n, -1)

    def difference(self, values: Tensor) -> Tensor:
        """The target's value minus the source's, :math:`(c, N)` to :math:`(c, E)`."""
        g, r, n = self.g, self.r, self.n
        differences = values[:, self.rows].view(-1, g, r, 1) - values[:, self.cols].view(-1, g, 1, n)
        return self._of_edges(differences.view(-1, self.num_edges))

    def product(self, target: Tensor, source: Tensor) -> Tensor:
        """Sum over components of target times source, :math:`(c, N)` twice to :math:`(E)`."""
        left, right = self._vectors(target, self.rows, self.r), self._vectors(source, self.cols, self.n)
        return torch.bmm(left.mT, right).view(-1)

    def product_backward(self, grad: Tensor, target: Tensor, source: Tensor, grad_t: Tensor, grad_s: Tensor) -> None:
        """Add the gradients of :meth:`product` to ``grad_t`` and ``grad_s``."""
        grad = grad.view(self.g, self.r, self.n)
        right, left = self._vectors(source, self.cols, self.n), self._vectors(target, self.rows, self.r)
        grad_t[:, self.rows] += torch.bmm(right, grad.mT).transpose(0, 1).reshape(-1, self.g * self.r)
        grad_s[:, self.cols] += torch.bmm(left, grad).transpose(0, 1).reshape(-1, self.g * self.n)

    def _vectors(self, values: Tensor, nodes: slice, size: int) -> Tensor:
        return values[:, nodes].view(-1, self.g, size).transpose(0, 1)

    def dot(self, values: Tensor, nodes: Tensor, room: Tensor) -> Tensor:
        """Product of each edge's values with its target's, :math:`(E, H)` and :math:`(N, H)` to :math:`(E)`.

        It takes ``room`` of the size of ``values``; a batch of products of matrix and vector is three times slower.
        """
        rows = self.g * self.r
        torch.mul(values.view(rows, self.n, -1), nodes[self.rows].view(rows, 1, -1), out=room.view(rows, self.n, -1))
        return room.sum(1)

    def outer(self, weight: Tensor, nodes: Tensor, other: OptTensor, vector: OptTensor, out: Tensor) -> None:
        """Write ``weight`` times the target's values plus ``other`` times ``vector``, :math:`(E, H)`."""
        rows = self.g * self.r
        left, right = weight.view(rows, self.n, 1), nodes[self.rows].view(rows, 1, -1)
        if other is None or vector is None:
            torch.mul(left, right, out=out.view(rows, self.n, -1))
        else:
            left = torch.cat([left, other.view(rows, self.n, 1)], dim=2)
            right = torch.cat([right, vector.expand_as(right)], dim=1)
            torch.bmm(left, right, out=out.view(rows, self.n, -1))

    def add_targets(self, nodes: Tensor, out: Tensor) -> None:
        """Add the target's values to each edge's, :math:`(N, H)` to :math:`(E, H)`."""
        rows = self.g * self.r
        out.view(rows, self.n, -1).add_(nodes[self.rows].view(rows, 1, -1))

    def mask(self, weight: Tensor) -> None:
        """Set weights, :math:`(E)` or :math:`(E, M)`, of pairs that are no edges to zero, as of a node with itself."""
        if self.edges is None:
            by_pair = weight.view(self.g, self.r, self.n, *weight.shape[1:])
            by_pair.diagonal(self.rows.start - self.cols.start, 1, 2).zero_()
        else:
            weight *= self.edges if weight.dim() == 1 else self.edges[:, None]

    def gather(self, source: Tensor, out: Tensor) -> None:
        """Add the sources' values at the targets, :math:`(N, H)` to :math:`(N, H)`."""
        total = source[self.cols].view(self.g, 1, self.n, -1).sum(2)
        out[self.rows] += (total - source[self.rows].view(self.g, self.r, -1)).flatten(0, 1)

    def gather_backward(self, grad: Tensor, out: Tensor) -> None:
        """Add the gradient of :meth:`gather` to that of the sources."""
        total = grad[self.rows].view(self.g, self.r, 1, -1).sum(1)
        out[self.cols] += total.expand(-1, self.n, -1).flatten(0, 1)
        out[self.rows] -= grad[self.rows]

    def sum_weighted(self, weight: Tensor, values: Tensor, out: Tensor) -> None:
        """Put the weighted sum over the edges of each target, :math:`(N, H)`, into zeros; ``values`` are used up.

        A block has all edges of its targets and writes, a stretch may have some of them and adds.
        """
        rows = self.g * self.r
        torch.bmm(weight.view(rows, 1, self.n), values.view(rows, self.n, -1), out=out[self.rows].view(rows, 1, -1))

    def sum_targets(self, values: Tensor, out: Tensor) -> None:
        """Add the sum over the edges of each target, :math:`(E, H)` to :math:`(N, H)`."""
        out[self.rows] += values.view(self.g * self.r, self.n, -1).sum(1)

    def sum_sources(self, values: Tensor, out: Tensor) -> None:
        """Add the sum over the edges of each source, :math:`(E, H)` to :math:`(N, H)`."""
        out[self.cols] += values.view(self.g, self.r, self.n, -1).sum(1).flatten(0, 1)

    def sum_components(self, values: Tensor, targets: OptTensor, sources: OptTensor, sign: float = 1.0) -> None:
        """Add the sums of :math:`(c, E)` over targets to one and, times ``sign``, over sources to the other."""
        values = values.view(-1, self.g, self.r, self.n)
        if targets is not None:
            targets[:, self.rows] += values.sum(3).flatten(1)
        if sources is not None:
            sources[:, self.cols].add_(values.sum(2).flatten(1), alpha=sign)

    def spread_sources(self, values: Tensor) -> Tensor:
        """The source's value for every edge, :math:`(c, N)` to :math:`(c, E)`."""
        by_graph = values[:, self.cols].view(-1, self.g, 1, self.n)
        return by_graph.expand(-1, -1, self.r, -1).reshape(-1, self.num_edges)

    def spread(self, values: Tensor) -> Tensor:
        """The target's value for every edge, :math:`(c, N)` to :math:`(c, E)`."""
        rows = self.g * self.r
        return self._of_edges(values[:, self.rows, None].expand(-1, rows, self.n).reshape(-1, self.num_edges))

    def _of_edges(self, values: Tensor) -> Tensor:
        return values if self.edges is None else values.mul_(self.edges)

    def edge_attr(self, edge_attr: Tensor) -> Tensor:
        """Features of the edges, :math:`(D, E)` with zeros on the diagonal."""
        out = edge_attr.new_zeros(self.g, self.r, self.n, edge_attr.size(1))
        off, edges = self._off_diagonal(edge_attr)
        out[:, off] = edge_attr[edges].view(self.g, -1, edge_attr.size(1))
        return out.view(self.num_edges, -1).t()

    def edge_attr_backward(self, grad: Tensor, out: Tensor) -> None:
        """Write the gradient :math:`(D, E)` of the features of this tile's edges."""
        off, edges = self._off_diagonal(out)
        out[edges] = grad.t().reshape(self.g, self.r, self.n, -1)[:, off].flatten(0, 1)

    def _off_diagonal(self, like: Tensor) -> tuple[Tensor, slice]:
        off = ~torch.eye(self.n, dtype=torch.bool, device=like.device)
        start = self.rows.start - self.cols.start
        count = self.g * self.r * (self.n - 1)
        return off[start : start + self.r], slice(self.first_edge, self.first_edge + count)


class ListTile:
    r"""A stretch of an edge list, best sorted by target; the methods are those of :class:`BlockTile`."""

    def __init__(self, source: Tensor, target: Tensor, edges: slice) -> None:
        self.source, self.target, self.edges = source, target, edges
        self.num_edges = target.numel()

    def pair_sum(self, target: Tensor, source: Tensor, out: Tensor) -> None:
        torch.index_select(target, 0, self.target, out=out)
        out += source.index_select(0, self.source)

    def targets(self, nodes: Tensor) -> Tensor:
        return nodes.index_select(0, self.target)

    def sources(self, nodes: Tensor) -> Tensor:
        return nodes.index_select(0, self.source)

    def pairs(self, values: Tensor) -> Tensor:
        return values

    def difference(self, values: Tensor) -> Tensor:
        return values.index_select(1, self.target) - values.index_select(1, self.source)

    def product(self, target: Tensor, source: Tensor) -> Tensor:
        return (target.index_select(1, self.target) * source.index_select(1, self.source)).sum(0)

    def product_backward(self, grad: Tensor, target: Tensor, source: Tensor, grad_t: Tensor, grad_s: Tensor) -> None:
        grad_t.index_add_(1, self.target, grad * source.index_select(1, self.source))
        grad_s.index_add_(1, self.source, grad * target.index_select(1, self.target))

    def dot(self, values: Tensor, nodes: Tensor, room: Tensor) -> Tensor:
        torch.index_select(nodes, 0, self.target, out=room)
        return room.mul_(values).sum(1)

    def outer(self, weight: Tensor, nodes: Tensor, other: OptTensor, vector: OptTensor, out: Tensor) -> None:
        torch.index_select(nodes, 0, self.target, out=out)
        out *= weight[:, None]
        if other is not None and vector is not None:
            out.addr_(other, vector)

    def add_targets(self, nodes: Tensor, out: Tensor) -> None:
        out += nodes.index_select(0, self.target)

    def mask(self, weight: Tensor) -> None:
        """Every entry of the list is an edge."""

    def gather(self, source: Tensor, out: Tensor) -> None:
        out.index_add_(0, self.target, source.index_select(0, self.source))

    def gather_backward(self, grad: Tensor, out: Tensor) -> None:
        out.index_add_(0, self.source, grad.index_select(0, self.target))

    def sum_weighted(self, weight: Tensor, values: Tensor, out: Tensor) -> None:
        out.index_add_(0, self.target, values.mul_(weight[:, None]))

    def sum_targets(self, values: Tensor, out: Tensor) -> None:
        out.index_add_(0, self.target, values)

    def sum_sources(self, values: Tensor, out: Tensor) -> None:
        out.index_add_(0, self.source, values)

    def sum_components(self, values: Tensor, targets: OptTensor, sources: OptTensor, sign: float = 1.0) -> None:
        if targets is not None:
            targets.index_add_(1, self.target, values)
        if sources is not None:
            sources.index_add_(1, self.source, values, alpha=sign)

    def spread_sources(self, values: Tensor) -> Tensor:
        return values.index_select(1, self.source)

    def spread(self, values: Tensor) -> Tensor:
        return values.index_select(1, self.target)

    def edge_attr(self, edge_attr: Tensor) -> Tensor:
        return edge_attr[self.edges].t()

    def edge_attr_backward(self, grad: Tensor, out: Tensor) -> None:
        out[self.edges] = grad.t()


Tile = BlockTile | ListTile
