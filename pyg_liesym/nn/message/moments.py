r"""Mean and variance of the first layer over all edges, for a batch normalisation inside φe that stays exact.

With :math:`z_{ij} = t_i + s_j + W^\top c_{ij}` both moments are sums over *nodes* once the sums of the few scalars
:math:`c_{ij}` and of the neighbours' :math:`s_j` are known, so that nothing of size edges × channels is made at all:

.. math:: \sum_{ij} z_{ij}^2 = \sum_i d_i t_i^2 + \sum_j o_j s_j^2 + W^\top \Bigl(\sum_{ij} c_{ij} c_{ij}^\top\Bigr) W
          + 2 \sum_i t_i \sum_j s_j + 2 \sum_i t_i W^\top \sum_j c_{ij} + 2 \sum_j s_j W^\top \sum_i c_{ij}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pyg_liesym.nn.message.cuts import Cut, cut_edges
from pyg_liesym.nn.message.fused import call as fused
from pyg_liesym.nn.message.operands import Choices, Graph, Nodes
from pyg_liesym.nn.message.plain import plain_scalars
from pyg_liesym.nn.message.schema import (
    gather,
    gradients,
    keep,
    kept,
    pull_back,
    returned,
    schema,
    shapes_returned,
    zero_gradients,
)
from pyg_liesym.nn.message.tile_scalars import Needed, backward_scalars, forward_scalars, needed
from pyg_liesym.typing import OptTensor


class _Operands(NamedTuple):
    nodes: Nodes
    graph: Graph
    choices: Choices


class _Sums(NamedTuple):
    at_targets: Tensor
    at_sources: Tensor
    products: Tensor
    neighbours: Tensor


class _Cotangents(NamedTuple):
    sums: _Sums
    operands: _Operands
    needed: Needed


def _zero_sums(nodes: Nodes) -> _Sums:
    scalars, pos = nodes.weight.size(0), nodes.pos
    at_nodes = pos.new_zeros(scalars, pos.size(1))
    products = torch.zeros(scalars, scalars, dtype=torch.double, device=pos.device)
    return _Sums(at_nodes, at_nodes.clone(), products, torch.zeros_like(nodes.source))


def _cut(graph: Graph, nodes: Nodes) -> Cut:
    """Tiles for values of a few components an edge; stretches of an edge list also gather the channels of its nodes."""
    values = nodes.pos.t() if graph.edge_index is None else nodes.target
    return cut_edges(graph, values, as_listed=nodes.edge_attr is not None)


@torch.library.custom_op(
    "pyg_liesym::pairwise_scalars",
    mutates_args=(),
    schema=f"({schema(_Operands)}) -> (Tensor, Tensor, Tensor, Tensor)",
)
def _edge_sums(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums of the scalars at the targets, at the sources, of their products, and of the neighbours' first layers."""
    nodes, graph, choices = gather(_Operands, inputs)
    if fused.takes(nodes.pos):
        return fused.scalar_sums(nodes, graph, choices)
    cut = _cut(graph, nodes)
    nodes = cut.at_places(nodes)
    sums = _zero_sums(nodes)
    for tile in cut.tiles:
        tile.gather(nodes.source, sums.neighbours)
        scalars = forward_scalars(tile, nodes, choices, False).entering
        for row in scalars:
            tile.mask(row)
        tile.sum_components(scalars, sums.at_targets, sums.at_sources)
        sums.products.add_(scalars @ scalars.t())
    at_targets, at_sources = cut.to_nodes(sums.at_targets, 1), cut.to_nodes(sums.at_sources, 1)
    return at_targets, at_sources, sums.products, cut.to_nodes(sums.neighbours)


@_edge_sums.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return tuple(_zero_sums(gather(_Operands, inputs).nodes))  # type: ignore[return-value]


@torch.library.custom_op(
    "pyg_liesym::pairwise_scalars_backward", mutates_args=(), schema=f"({schema(_Cotangents)}) -> Tensor[]"
)
def _backward(*inputs: Any) -> list[Tensor]:
    sums, (nodes, graph, choices), needed = gather(_Cotangents, inputs)
    if fused.takes(nodes.pos):
        return returned(fused.scalar_gradients(sums, nodes, graph, choices, needed), nodes.pos)
    cut = _cut(graph, nodes)
    nodes = cut.at_places(nodes)
    at_targets, at_sources = cut.to_places(sums.at_targets, 1), cut.to_places(sums.at_sources, 1)
    neighbours = cut.to_places(sums.neighbours)
    grads = zero_gradients(nodes)
    both = (sums.products + sums.products.t()).to(nodes.pos.dtype)
    for tile in cut.tiles:
        tile.gather_backward(neighbours, grads.source)
        if not any(needed):
            continue
        scalars = forward_scalars(tile, nodes, choices, False)
        grad = torch.addmm(tile.spread(at_targets) + tile.spread_sources(at_sources), both, scalars.entering)
        for row in grad:
            tile.mask(row)
        backward_scalars(tile, nodes, choices, scalars, grad, None, grads, needed)
    return returned(cut.at_nodes(grads), nodes.pos)


@_backward.register_fake
def _(*inputs: Any) -> list[Tensor]:
    nodes = gather(_Cotangents, inputs).operands.nodes
    return shapes_returned(nodes, nodes.pos)


def _differentiate(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
    operands = kept(ctx)
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        return gradients(_through_autograd(gather(_Operands, operands), cotangents), operands)
    return gradients(_backward(*cotangents, *operands, *needed(ctx.needs_input_grad)), operands)


def _through_autograd(operands: _Operands, cotangents: Sequence[Tensor]) -> list[OptTensor]:
    """The gradient by the formula without tiles, for whoever differentiates it again."""
    nodes, graph, choices = operands
    scalars, _, (source, target) = plain_scalars(nodes, graph, choices)
    at_nodes = scalars.new_zeros(scalars.size(1), nodes.pos.size(1))
    sums = _Sums(
        at_nodes.index_add(1, target, scalars.t()),
        at_nodes.index_add(1, source, scalars.t()),
        (scalars.t() @ scalars).double(),
        torch.zeros_like(nodes.source).index_add(0, target, nodes.source[source]),
    )
    leaves = [t for t in nodes if t is not None and t.requires_grad]
    grads = iter(pull_back(sums, leaves, cotangents, create_graph=True))
    return [next(grads) if t is not None and t.requires_grad else None for t in nodes]


_edge_sums.register_autograd(_differentiate, setup_context=keep(_Operands))


def edge_moments(nodes: Nodes, graph: Graph, choices: Choices, degrees: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    r"""Mean and (biased) variance of :math:`z_{ij}` over all edges; zero where there is none.

    Everything is taken about the means of its parts first, so that the squares do not cancel.

    Args:
        nodes: What an edge reads.
        graph: The edges.
        choices: Which invariants enter.
        degrees: Number of edges that arrive at each node, and that leave it.

    Shapes:
        - **output**: :math:`(H)` each
    """
    at_targets, at_sources, products, neighbours = _edge_sums(*nodes, *graph, *choices)
    arriving, leaving = (degree.to(nodes.target.dtype) for degree in degrees)
    edges = arriving.sum().clamp(min=1)
    target_mean, source_mean = arriving @ nodes.target / edges, leaving @ nodes.source / edges
    scalar_mean = at_targets.sum(1) / edges
    target, source, weight = nodes.target - target_mean, nodes.source - source_mean, nodes.weight
    neighbours = neighbours - torch.outer(arriving, source_mean)
    at_targets = at_targets - torch.outer(scalar_mean, arriving)
    at_sources = at_sources - torch.outer(scalar_mean, leaving)
    second = products / edges - torch.outer(scalar_mean, scalar_mean).double() * (arriving.sum() > 0)
    variance = (arriving @ target.square() + leaving @ source.square()) / edges
    variance = variance + (weight * (second.to(weight.dtype) @ weight)).sum(0)
    crossed = target * (neighbours + at_targets.t() @ weight) + source * (at_sources.t() @ weight)
    variance = variance + 2 * crossed.sum(0) / edges
    some = (arriving.sum() > 0).to(variance.dtype)
    return (target_mean + source_mean + scalar_mean @ weight) * some, variance.clamp(min=0) * some


def normalise(
    norm: nn.BatchNorm1d, nodes: Nodes, graph: Graph, choices: Choices, degrees: tuple[Tensor, Tensor]
) -> Nodes:
    r"""Fold a batch normalisation of :math:`z_{ij}` into what makes it: :math:`t`, :math:`s` and :math:`W`.

    In training the moments are those of all edges of the batch, and the running ones are moved as
    :class:`torch.nn.BatchNorm1d` does; otherwise the running ones are used and the normalisation costs nothing.
    """
    if norm.training or norm.running_mean is None or norm.running_var is None:
        mean, var = edge_moments(nodes, graph, choices, degrees)
        if norm.training and norm.running_mean is not None:
            _move_running(norm, mean.detach(), var.detach(), degrees[0].sum())
    else:
        mean, var = norm.running_mean, norm.running_var
    scale = torch.rsqrt(var + norm.eps)
    offset = -mean * scale
    if norm.affine:
        scale, offset = scale * norm.weight, offset * norm.weight + norm.bias
    return nodes._replace(
        target=nodes.target * scale + offset, source=nodes.source * scale, weight=nodes.weight * scale
    )


@torch.no_grad()
def _move_running(norm: nn.BatchNorm1d, mean: Tensor, var: Tensor, count: Tensor) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_((count > 0).long())
    rate = (count > 0) * (1 / norm.num_batches_tracked.clamp(min=1) if norm.momentum is None else norm.momentum)
    unbiased = var * count / (count - 1).clamp(min=1)
    for running, value in ((norm.running_mean, mean), (norm.running_var, unbiased)):
        running.lerp_(value.to(running.dtype), rate.to(running.dtype))
