r"""Mean and variance of the first layer over all edges, for a batch normalisation inside φe that stays exact.

With :math:`z_{ij} = t_i + s_j + W^\top c_{ij}` both moments are sums over *nodes* once the sums of the few scalars
:math:`c_{ij}` and of the neighbours' :math:`s_j` are known, so that nothing of size edges × channels is made at all:

.. math:: \sum_{ij} z_{ij}^2 = \sum_i d_i t_i^2 + \sum_j o_j s_j^2 + W^\top \Bigl(\sum_{ij} c_{ij} c_{ij}^\top\Bigr) W
          + 2 \sum_i t_i \sum_j s_j + 2 \sum_i t_i W^\top \sum_j c_{ij} + 2 \sum_j s_j W^\top \sum_i c_{ij}
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pyg_liesym.nn.message.cuts import Cut, Graph, cut
from pyg_liesym.nn.message.maps import Setting
from pyg_liesym.nn.message.pairs import Nodes, Wanted, at_nodes, at_places, backward_scalars, forward_scalars, wanted
from pyg_liesym.nn.message.plain import plain_scalars
from pyg_liesym.typing import OptTensor

_INPUTS = (
    "Tensor target, Tensor source, Tensor weight, Tensor pos, Tensor metric, Tensor lowered, Tensor? edge_attr, "
    "Tensor? edge_index, Tensor? batch, "
    "bool distance, bool inner, bool log, bool relu, bool gated_move, float clamp"
)
_NODES = len(Nodes._fields)
_TENSORS = _NODES + 2


def _read(inputs: tuple[Any, ...]) -> tuple[Nodes, Graph, Setting]:
    return Nodes(*inputs[:_NODES]), Graph(*inputs[_NODES:_TENSORS]), Setting(*inputs[_TENSORS:])


def _outputs(nodes: Nodes) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    scalars, pos = nodes.weight.size(0), nodes.pos
    at_nodes = pos.new_zeros(scalars, pos.size(1))
    products = torch.zeros(scalars, scalars, dtype=torch.double, device=pos.device)
    return at_nodes, at_nodes.clone(), products, torch.zeros_like(nodes.source)


def _cut(graph: Graph, nodes: Nodes) -> Cut:
    """Tiles for values of a few components an edge; stretches of an edge list also gather the channels of its nodes."""
    values = nodes.pos.t() if graph.edge_index is None else nodes.target
    return cut(graph, values, as_listed=nodes.edge_attr is not None)


@torch.library.custom_op(
    "pyg_liesym::pairwise_scalars", mutates_args=(), schema=f"({_INPUTS}) -> (Tensor, Tensor, Tensor, Tensor)"
)
def _edge_sums(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums of the scalars at the targets, at the sources, of their products, and of the neighbours' first layers."""
    nodes, graph, setting = _read(inputs)
    found = _cut(graph, nodes)
    nodes = at_places(found, nodes)
    at_targets, at_sources, products, neighbours = _outputs(nodes)
    for tile in found.tiles:
        tile.gather(nodes.source, neighbours)
        scalars = forward_scalars(tile, nodes, setting, False).scalars
        for row in scalars:
            tile.mask(row)
        tile.sum_components(scalars, at_targets, at_sources)
        products += scalars @ scalars.t()
    return found.to_nodes(at_targets, 1), found.to_nodes(at_sources, 1), products, found.to_nodes(neighbours)


@_edge_sums.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return _outputs(Nodes(*inputs[:_NODES]))


@torch.library.custom_op(
    "pyg_liesym::pairwise_scalars_backward",
    mutates_args=(),
    schema=f"(Tensor at_targets, Tensor at_sources, Tensor products, Tensor neighbours, {_INPUTS}, "
    "bool scalars_too, bool metric_too) -> Tensor[]",
)
def _backward(
    at_targets: Tensor, at_sources: Tensor, products: Tensor, neighbours: Tensor, *inputs: Any
) -> list[Tensor]:
    nodes, graph, setting = _read(inputs[:-2])
    needed = Wanted(*inputs[-2:])
    found = _cut(graph, nodes)
    nodes = at_places(found, nodes)
    at_targets, at_sources = found.to_places(at_targets, 1), found.to_places(at_sources, 1)
    neighbours = found.to_places(neighbours)
    flat = [torch.zeros_like(t, memory_format=torch.contiguous_format) if t is not None else None for t in nodes]
    grads = Nodes(*flat)  # type: ignore[arg-type]
    both = (products + products.t()).to(nodes.pos.dtype)
    for tile in found.tiles:
        tile.gather_backward(neighbours, grads.source)
        if not any(needed):
            continue
        pairs = forward_scalars(tile, nodes, setting, False)
        grad = torch.addmm(tile.spread(at_targets) + tile.spread_sources(at_sources), both, pairs.scalars)
        for row in grad:
            tile.mask(row)
        backward_scalars(tile, nodes, setting, pairs, grad, None, grads, needed)
    return [nodes.pos.new_empty(0) if t is None else t for t in at_nodes(found, grads)]


@_backward.register_fake
def _(at_targets: Tensor, at_sources: Tensor, products: Tensor, neighbours: Tensor, *inputs: Any) -> list[Tensor]:
    return [at_targets.new_empty(0) if t is None else torch.empty_like(t).contiguous() for t in inputs[:_NODES]]


def _save(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    ctx.save_for_backward(*inputs[:_TENSORS])
    ctx.setting = inputs[_TENSORS:]


def _differentiate(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
    inputs = (*ctx.saved_tensors, *ctx.setting)
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        grads = _through_autograd(inputs, cotangents)
    else:
        tensors = _backward(*cotangents, *inputs, *wanted(ctx.needs_input_grad))
        grads = [None if given is None else g for g, given in zip(tensors, inputs, strict=False)]
    return (*grads, *([None] * (len(inputs) - _NODES)))


def _through_autograd(inputs: tuple[Any, ...], cotangents: tuple[Tensor, ...]) -> list[OptTensor]:
    """The gradient by the formula without tiles, for whoever differentiates it again."""
    nodes, graph, setting = _read(inputs)
    scalars, _, (source, target) = plain_scalars(nodes, graph, setting)
    at_nodes = scalars.new_zeros(scalars.size(0), nodes.pos.size(1))
    made = (
        at_nodes.index_add(1, target, scalars),
        at_nodes.index_add(1, source, scalars),
        (scalars @ scalars.t()).double(),
        torch.zeros_like(nodes.source).index_add(0, target, nodes.source[source]),
    )
    pairs = [(t, c) for t, c in zip(made, cotangents, strict=True) if t.requires_grad]
    given = [t for t in nodes if t is not None and t.requires_grad]
    found = iter(
        torch.autograd.grad([t for t, _ in pairs], given, [c for _, c in pairs], create_graph=True, allow_unused=True)
    )
    return [next(found) if t is not None and t.requires_grad else None for t in nodes]


_edge_sums.register_autograd(_differentiate, setup_context=_save)


def edge_moments(
    nodes: Nodes, setting: Setting, edge_index: OptTensor, batch: OptTensor, degrees: tuple[Tensor, Tensor]
) -> tuple[Tensor, Tensor]:
    r"""Mean and (biased) variance of :math:`z_{ij}` over all edges; zero where there is none.

    Everything is taken about the means of its parts first, so that the squares do not cancel.

    Args:
        nodes: What an edge reads.
        setting: Which invariants enter.
        edge_index: Edges from row 0 to row 1; ``None`` for complete graphs.
        batch: Item of every node.
        degrees: Number of edges that arrive at each node, and that leave it.

    Shapes:
        - **output**: :math:`(H)` each
    """
    at_targets, at_sources, products, neighbours = _edge_sums(*nodes, edge_index, batch, *setting)
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
    norm: nn.BatchNorm1d,
    nodes: Nodes,
    setting: Setting,
    edge_index: OptTensor,
    batch: OptTensor,
    degrees: tuple[Tensor, Tensor],
) -> Nodes:
    r"""Fold a batch normalisation of :math:`z_{ij}` into what makes it: :math:`t`, :math:`s` and :math:`W`.

    In training the moments are those of all edges of the batch, and the running ones are moved as
    :class:`torch.nn.BatchNorm1d` does; otherwise the running ones are used and the normalisation costs nothing.
    """
    if norm.training or norm.running_mean is None or norm.running_var is None:
        mean, var = edge_moments(nodes, setting, edge_index, batch, degrees)
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
