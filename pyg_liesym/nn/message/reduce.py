"""Sums over the edges that arrive at a node, and over the nodes of a graph, one function each for the package."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch_geometric.nn import global_add_pool, global_max_pool, global_mean_pool
from torch_geometric.utils import segment

from pyg_liesym.typing import OptTensor

Readout: TypeAlias = Literal["mean", "sum", "max"]
"""How one answer is read from the nodes of a graph."""


class _SegmentSum(torch.autograd.Function):
    """``segment`` with the gather as its backward, which PyTorch's own segment kernel cannot differentiate twice."""

    generate_vmap_rule = True

    @staticmethod
    def forward(src: Tensor, index: Tensor, ptr: Tensor) -> Tensor:
        out: Tensor = segment(src, ptr, reduce="sum")
        return out

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None, None]:
        (index,) = ctx.saved_tensors
        return grad_outputs[0].index_select(0, index), None, None


def sum_edges(src: Tensor, index: Tensor, ptr: OptTensor, num_nodes: int) -> Tensor:
    r"""Sum edge values at their target nodes, :math:`y_i = \sum_{e : t(e) = i} s_e`.

    Edges sorted by target (``ptr`` given) go through :func:`torch_geometric.utils.segment`, which takes
    torch-scatter's ``segment_csr`` where that package is installed and PyTorch's own kernel elsewhere;
    unsorted edges are added row by row, which on a CPU is faster, and much faster backwards, than
    :func:`torch_geometric.utils.scatter`. Both are twice differentiable.

    Args:
        src: Values of the edges.
        index: Target node of every edge.
        ptr: Where the edges of each node begin and end, if the edges are sorted by target.
        num_nodes: Number of target nodes.

    Shapes:
        - **src**: :math:`(|E|, F)`; **index**: :math:`(|E|)`; **ptr**: :math:`(N + 1)`
        - **output**: :math:`(N, F)`

    Example:
        >>> sum_edges(torch.ones(3, 1), torch.tensor([0, 0, 2]), torch.tensor([0, 2, 2, 3]), 3).flatten()
        tensor([2., 0., 1.])
    """
    out: Tensor
    if ptr is None:
        out = src.new_zeros(num_nodes, *src.shape[1:]).index_add(0, index, src)
    else:
        out = _SegmentSum.apply(src, index, ptr)  # type: ignore[no-untyped-call]
    return out


def pool_nodes(x: Tensor, batch: OptTensor, batch_size: int | None, reduce: Readout) -> Tensor:
    """Add up the nodes of every graph, or take their mean or largest; of a graph without nodes all are zero.

    Args:
        x: Features of the nodes.
        batch: Graph of every node; ``None`` for one graph.
        batch_size: Number of graphs.
        reduce: ``"mean"``, ``"sum"`` or ``"max"``.

    Shapes:
        - **x**: :math:`(N, F)`; **batch**: :math:`(N)`; **output**: :math:`(B, F)`

    Example:
        >>> pool_nodes(torch.ones(3, 1), torch.tensor([0, 0, 2]), 3, "mean").flatten()
        tensor([1., 0., 1.])
        >>> pool_nodes(torch.ones(0, 1), None, None, "mean")
        tensor([[0.]])
    """
    pools = {"mean": global_mean_pool, "sum": global_add_pool, "max": global_max_pool}
    pool = pools["sum" if batch is None and x.size(0) == 0 else reduce]
    out: Tensor = pool(x, batch, batch_size)
    return out


def at_nodes(values: Tensor, num_nodes: int, batch: OptTensor) -> Tensor:
    """What belongs to a graph, at each of its nodes.

    Args:
        values: One row for each graph.
        num_nodes: Number of nodes.
        batch: Graph of every node; ``None`` for one graph.

    Shapes:
        - **values**: :math:`(B, *)`; **batch**: :math:`(N)`; **output**: :math:`(N, *)`

    Example:
        >>> at_nodes(torch.tensor([[1.0], [2.0]]), 3, torch.tensor([0, 0, 1])).flatten()
        tensor([1., 1., 2.])
    """
    return values.expand(num_nodes, *values.shape[1:]) if batch is None else values[batch]


def mean_at_nodes(x: Tensor, batch: OptTensor, batch_size: int | None) -> Tensor:
    """The mean over the nodes of a graph, at each of them.

    Args:
        x: Features of the nodes.
        batch: Graph of every node; ``None`` for one graph.
        batch_size: Number of graphs.

    Shapes:
        - **x**: :math:`(N, F)`; **batch**: :math:`(N)`; **output**: :math:`(N, F)`

    Example:
        >>> mean_at_nodes(torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([0, 0, 1]), 2).flatten()
        tensor([2., 2., 5.])
    """
    return at_nodes(pool_nodes(x, batch, batch_size, "mean"), x.size(0), batch)
