"""Mean and variance of the first layer over all edges, for a batch normalisation inside φe that stays exact."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pyg_liesym.nn.pairwise.maps import Setting
from pyg_liesym.nn.pairwise.pairs import Nodes, backward_pairs, forward_pairs
from pyg_liesym.nn.pairwise.plain import plain_first
from pyg_liesym.nn.pairwise.tiles import Graph, cut
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


@torch.library.custom_op("pyg_liesym::moments", mutates_args=(), schema=f"({_INPUTS}) -> (Tensor, Tensor, Tensor)")
def _forward(*inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
    nodes, graph, setting = _read(inputs)
    tiles = cut(graph, nodes.target)
    channels = nodes.target.size(1)
    room = nodes.target.new_empty(max((tile.num_edges for tile in tiles), default=0), channels)
    # Moments of stretches of edges about their own means, put together in double precision.
    parts: list[tuple[float, Tensor, Tensor]] = []
    for tile in tiles:
        z = room[: tile.num_edges]
        forward_pairs(tile, nodes, setting, False, z)
        not_edges = tile.no_edges(z).mT.reshape(-1, channels).clone()
        for sign, rows in ((1.0, z), (-1.0, not_edges)):
            if rows.size(0):
                mean = rows.mean(0)
                spread = torch.linalg.vector_norm(rows.sub_(mean), dim=0).double().square()
                parts.append((sign * rows.size(0), mean.double(), sign * spread))
    count = torch.tensor(sum(size for size, _, _ in parts), dtype=torch.double, device=room.device)
    if not parts:
        zero = torch.zeros(channels, dtype=room.dtype, device=room.device)
        return zero, zero.clone(), count.to(room.dtype)
    centre = parts[0][1]
    first = sum((size * (mean - centre) for size, mean, _ in parts), torch.zeros_like(centre)) / count.clamp(min=1)
    second = sum((s + size * (mean - centre) ** 2 for size, mean, s in parts), torch.zeros_like(centre))
    variance = (second / count.clamp(min=1) - first**2).clamp(min=0)
    some = (count > 0).double()
    return ((centre + first) * some).to(room.dtype), (variance * some).to(room.dtype), count.to(room.dtype)


@_forward.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor, Tensor]:
    target = inputs[0]
    return target.new_empty(target.size(1)), target.new_empty(target.size(1)), target.new_empty(())


@torch.library.custom_op(
    "pyg_liesym::moments_backward",
    mutates_args=(),
    schema=f"(Tensor grad_mean, Tensor grad_var, Tensor mean, Tensor count, {_INPUTS}) -> Tensor[]",
)
def _backward(grad_mean: Tensor, grad_var: Tensor, mean: Tensor, count: Tensor, *inputs: Any) -> list[Tensor]:
    nodes, graph, setting = _read(inputs)
    tiles = cut(graph, nodes.target)
    flat = [torch.zeros_like(t, memory_format=torch.contiguous_format) if t is not None else None for t in nodes]
    grads = Nodes(*flat)  # type: ignore[arg-type]
    room = nodes.target.new_empty(max((tile.num_edges for tile in tiles), default=0), nodes.target.size(1))
    edges = count.clamp(min=1)
    for tile in tiles:
        z = room[: tile.num_edges]
        pairs = forward_pairs(tile, nodes, setting, False, z)
        torch.addcmul((grad_mean - 2 * grad_var * mean) / edges, z, 2 * grad_var / edges, out=z)
        tile.no_edges(z).zero_()
        backward_pairs(tile, nodes, setting, pairs, z, None, grads)
    return [nodes.pos.new_empty(0) if t is None else t for t in flat]


@_backward.register_fake
def _(grad_mean: Tensor, grad_var: Tensor, mean: Tensor, count: Tensor, *inputs: Any) -> list[Tensor]:
    return [grad_mean.new_empty(0) if t is None else torch.empty_like(t).contiguous() for t in inputs[:_NODES]]


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]) -> None:
    mean, _, count = output
    ctx.save_for_backward(mean, count, *inputs[:_TENSORS])
    ctx.setting = inputs[_TENSORS:]


def _differentiate(ctx: Any, grad_mean: Tensor, grad_var: Tensor, _: Tensor) -> tuple[Any, ...]:
    mean, count, *inputs = ctx.saved_tensors
    if torch.is_grad_enabled():
        # Somebody differentiates twice: the gradient through the formula without tiles, which autograd can follow.
        given = [t for t in inputs[:_NODES] if t is not None and t.requires_grad]
        nodes, graph, setting = _read((*inputs, *ctx.setting))
        z = plain_first(nodes, graph, setting)[0]
        made = (z.mean(0), z.var(0, correction=0))
        found = iter(torch.autograd.grad(made, given, (grad_mean, grad_var), create_graph=True, allow_unused=True))
        grads = [next(found) if t is not None and t.requires_grad else None for t in inputs[:_NODES]]
    else:
        tensors = _backward(grad_mean, grad_var, mean, count, *inputs, *ctx.setting)
        grads = [None if given is None else g for g, given in zip(tensors, inputs, strict=False)]
    return (*grads, *([None] * (2 + len(ctx.setting))))


_forward.register_autograd(_differentiate, setup_context=_save)


def normalise(norm: nn.BatchNorm1d, nodes: Nodes, setting: Setting, edge_index: OptTensor, batch: OptTensor) -> Nodes:
    r"""Fold a batch normalisation of :math:`z_{ij}` into what makes it: :math:`t`, :math:`s` and :math:`W`.

    In training the moments are those of all edges of the batch (a pass over the tiles that stops short of the maps),
    and the running ones are moved as :class:`torch.nn.BatchNorm1d` does; otherwise the running ones are used and the
    normalisation costs nothing.
    """
    if norm.training or norm.running_mean is None or norm.running_var is None:
        mean, var, count = _forward(*nodes, edge_index, batch, *setting)
        if norm.training and norm.running_mean is not None:
            _move_running(norm, mean.detach(), var.detach(), count)
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
    some = (count > 0).to(mean.dtype)
    norm.num_batches_tracked.add_((count > 0).long())
    rate = some * (1 / norm.num_batches_tracked.clamp(min=1) if norm.momentum is None else norm.momentum)
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), rate.to(norm.running_mean.dtype))
    unbiased = var * count / (count - 1).clamp(min=1)
    norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), rate.to(norm.running_var.dtype))
