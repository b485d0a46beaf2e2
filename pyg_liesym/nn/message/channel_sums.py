"""Messages and shifts of vector channels summed at their targets, tile by tile, as operators like those of ``sums``."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.cuts import Cut, cut_edges
from pyg_liesym.nn.message.fused import call as fused
from pyg_liesym.nn.message.invariants import ChannelLayout
from pyg_liesym.nn.message.operands import ChannelNodes, Choices, Graph, Maps
from pyg_liesym.nn.message.plain import differentiate_twice, plain_channel_sums
from pyg_liesym.nn.message.schema import (
    gather,
    gradients,
    keep,
    kept,
    returned,
    schema,
    shapes_returned,
    zero_gradients,
)
from pyg_liesym.nn.message.tile_channels import backward_channels, backward_shifts, forward_channels, forward_shifts
from pyg_liesym.nn.message.tile_maps import Values, backward_maps, forward_maps
from pyg_liesym.nn.message.tile_scalars import Needed

_AT_NODES = ("target", "source", "pos", "vectors", "lowered")


class _Operands(NamedTuple):
    nodes: ChannelNodes
    maps: Maps
    layout: ChannelLayout
    graph: Graph
    choices: Choices


class _Cotangents(NamedTuple):
    grad_out: Tensor
    grad_shift: Tensor
    operands: _Operands
    needed: Needed


def _prepare(nodes: ChannelNodes, graph: Graph, backward: bool) -> tuple[Cut, ChannelNodes, Values]:
    cut = cut_edges(graph, nodes.target, as_listed=nodes.edge_attr is not None)
    largest = max((tile.num_edges for tile in cut.tiles), default=0)
    placed = nodes._replace(**{name: cut.to_places(getattr(nodes, name)) for name in _AT_NODES})
    return cut, placed, Values.reserve(largest, nodes.target.size(1), nodes.target, backward)


@torch.library.custom_op("pyg_liesym::channels", mutates_args=(), schema=f"({schema(_Operands)}) -> (Tensor, Tensor)")
def _forward(*inputs: Any) -> tuple[Tensor, Tensor]:
    nodes, maps, layout, graph, choices = gather(_Operands, inputs)
    if fused.takes(nodes.pos):
        return fused.channel_sums(nodes, maps, layout, graph, choices)
    cut, nodes, largest = _prepare(nodes, graph, backward=False)
    out, shift = torch.zeros_like(nodes.target), torch.zeros_like(nodes.vectors)
    for tile in cut.tiles:
        values = largest.of_edges(tile.num_edges)
        scalars = forward_channels(tile, nodes, layout, values.z1)
        values, gate, move = forward_maps(tile, maps, choices, values)
        tile.sum_weighted(gate, values.m, out)
        if move is not None:
            forward_shifts(tile, layout, scalars, move, shift)
    return cut.to_nodes(out), cut.to_nodes(shift)


@_forward.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor]:
    nodes = gather(_Operands, inputs).nodes
    return torch.empty_like(nodes.target), torch.empty_like(nodes.vectors)


@torch.library.custom_op(
    "pyg_liesym::channels_backward", mutates_args=(), schema=f"({schema(_Cotangents)}) -> Tensor[]"
)
def _backward(*inputs: Any) -> list[Tensor]:
    grad_out, grad_shift, (nodes, maps, layout, graph, choices), needed = gather(_Cotangents, inputs)
    if fused.takes(nodes.pos):
        cotangents = grad_out, grad_shift
        return returned(fused.channel_gradients(cotangents, nodes, maps, layout, graph, choices, needed), nodes.pos)
    cut, nodes, largest = _prepare(nodes, graph, backward=True)
    grads, grad_maps = zero_gradients(nodes), zero_gradients(maps)
    grad_out, grad_shift = cut.to_places(grad_out.contiguous()), cut.to_places(grad_shift.contiguous())
    for tile in cut.tiles:
        values = largest.of_edges(tile.num_edges)
        scalars = forward_channels(tile, nodes, layout, values.z1)
        values, gate, move = forward_maps(tile, maps, choices, values)
        shifts = None
        if move is not None:
            shifts = backward_shifts(tile, layout, scalars, move, grad_shift, needed)
        grad_move = None if shifts is None else shifts.move
        grad_z = backward_maps(tile, maps, choices, values, gate, grad_out, grad_move, grad_maps)
        backward_channels(tile, nodes, layout, scalars, grad_z, shifts, grads, needed)
    grads = grads._replace(**{name: cut.to_nodes(getattr(grads, name)) for name in _AT_NODES})
    return returned((*grads, *grad_maps), nodes.pos)


@_backward.register_fake
def _(*inputs: Any) -> list[Tensor]:
    _, _, (nodes, maps, *_), _ = gather(_Cotangents, inputs)
    return shapes_returned((*nodes, *maps), nodes.pos)


def _differentiate(ctx: Any, grad_out: Tensor, grad_shift: Tensor) -> tuple[Any, ...]:
    operands = kept(ctx)
    asked = ChannelNodes(*ctx.needs_input_grad[: len(ChannelNodes._fields)])
    grads = _backward(grad_out, grad_shift, *operands, bool(asked.pos), bool(asked.metric))
    return gradients(grads, operands)


_forward.register_autograd(_differentiate, setup_context=keep(_Operands))
_backward.register_autograd(differentiate_twice(_Cotangents, plain_channel_sums), setup_context=keep(_Cotangents))


def channel_sums(
    nodes: ChannelNodes, maps: Maps, layout: ChannelLayout, graph: Graph, choices: Choices
) -> tuple[Tensor, Tensor]:
    r"""Sum the messages and the shifts of vector channels at their targets, tile by tile.

    .. math::
        z_{ij} &= t_i + s_j + W^\top \bigl(\psi(\lambda_k \langle r_{ij}, r_{ij}\rangle_J), \psi\langle r_{ij},
        v_i^c\rangle_J, \psi\langle r_{ij}, v_j^c\rangle_J, \psi\langle v_j^c, v_i^c\rangle_J, a_{ij}\bigr)

        \text{answer}_i &= \sum_j \tilde m_{ij}, \qquad \sum_j \bigl(\alpha_{ij}^c\, r_{ij} + \beta_{ij}^c\, v_j^c\bigr)

    with the maps of :func:`~pyg_liesym.nn.message.sums.message_sums`, whose moves are :math:`(\alpha, \beta)`. The
    backward pass computes each tile again; gradients of gradients go through the same formula without tiles.

    Args:
        nodes: What an edge reads.
        maps: The maps of an edge; without ``w4`` there are no shifts, without ``w3`` alone one linear map.
        layout: Of components and channels.
        graph: The edges.
        choices: The activation; moves see the gated message.

    Shapes:
        - **output**: :math:`(N, H)` and :math:`(N, n C)`

    Raises:
        ValueError: If a complete graph is asked for and ``batch`` is not sorted.
    """
    sums: tuple[Tensor, Tensor] = _forward(*nodes, *maps, *layout, *graph, *choices)
    return sums
