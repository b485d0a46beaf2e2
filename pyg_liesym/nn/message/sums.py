"""Messages summed at their targets, tile by tile, as operators that autograd and ``torch.compile`` know."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.cuts import Cut, cut_edges
from pyg_liesym.nn.message.fused import call as fused
from pyg_liesym.nn.message.gpu import call as gpu
from pyg_liesym.nn.message.operands import Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.plain import differentiate_twice, plain_sums
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
from pyg_liesym.nn.message.tile_maps import Values, backward_maps, forward_maps
from pyg_liesym.nn.message.tile_scalars import Needed, backward_first, forward_first, needed


class _Operands(NamedTuple):
    nodes: Nodes
    maps: Maps
    graph: Graph
    choices: Choices


class _Cotangents(NamedTuple):
    grad_out: Tensor
    grad_shift: Tensor
    operands: _Operands
    needed: Needed


def _prepare(nodes: Nodes, graph: Graph, backward: bool) -> tuple[Cut, Nodes, Values]:
    cut = cut_edges(graph, nodes.target, as_listed=nodes.edge_attr is not None)
    largest = max((tile.num_edges for tile in cut.tiles), default=0)
    return cut, cut.at_places(nodes), Values.reserve(largest, nodes.target.size(1), nodes.target, backward)


def _shifts(relative: Tensor, move: Tensor, clamp: float) -> Tensor:
    shifts = relative * move
    return shifts.clamp_(-clamp, clamp) if clamp else shifts


def _compiled(nodes: Nodes, maps: Maps, graph: Graph) -> Any:
    """The module with ``pair_sums`` and ``pair_gradients`` that takes these operands; ``None``: tiles do."""
    if fused.takes(nodes.pos):
        return fused
    return gpu if gpu.takes(nodes, maps, graph) else None


@torch.library.custom_op("pyg_liesym::pairwise", mutates_args=(), schema=f"({schema(_Operands)}) -> (Tensor, Tensor)")
def _forward(*inputs: Any) -> tuple[Tensor, Tensor]:
    nodes, maps, graph, choices = gather(_Operands, inputs)
    if (compiled := _compiled(nodes, maps, graph)) is not None:
        sums: tuple[Tensor, Tensor] = compiled.pair_sums(nodes, maps, graph, choices)
        return sums
    cut, nodes, largest = _prepare(nodes, graph, backward=False)
    out, shift = torch.zeros_like(nodes.target), torch.zeros_like(nodes.pos)
    for tile in cut.tiles:
        values = largest.of_edges(tile.num_edges)
        scalars = forward_first(tile, nodes, choices, maps.w4 is not None, values.z1)
        values, gate, move = forward_maps(tile, maps, choices, values)
        tile.sum_weighted(gate, values.m, out)
        if move is not None:
            assert scalars.relative is not None
            tile.sum_components(_shifts(scalars.relative, move, choices.clamp), shift, None)
    return cut.to_nodes(out), cut.to_nodes(shift, 1)


@_forward.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor]:
    nodes = gather(_Operands, inputs).nodes
    return torch.empty_like(nodes.target), torch.empty_like(nodes.pos)


@torch.library.custom_op(
    "pyg_liesym::pairwise_backward", mutates_args=(), schema=f"({schema(_Cotangents)}) -> Tensor[]"
)
def _backward(*inputs: Any) -> list[Tensor]:
    grad_out, grad_shift, (nodes, maps, graph, choices), needed = gather(_Cotangents, inputs)
    if (compiled := _compiled(nodes, maps, graph)) is not None:
        grads_in = compiled.pair_gradients((grad_out, grad_shift), nodes, maps, graph, choices, needed)
        return returned(grads_in, nodes.pos)
    cut, nodes, largest = _prepare(nodes, graph, backward=True)
    grads, grad_maps = zero_gradients(nodes), zero_gradients(maps)
    grad_out, grad_shift = cut.to_places(grad_out.contiguous()), cut.to_places(grad_shift, 1)
    for tile in cut.tiles:
        values = largest.of_edges(tile.num_edges)
        scalars = forward_first(tile, nodes, choices, maps.w4 is not None, values.z1)
        values, gate, move = forward_maps(tile, maps, choices, values)
        grad_move = grad_relative = None
        if move is not None:
            assert scalars.relative is not None
            grad_shifts = tile.spread(grad_shift)
            if choices.clamp:
                grad_shifts = grad_shifts * ((scalars.relative * move).abs_() <= choices.clamp)
            grad_move = (grad_shifts * scalars.relative).sum(0)
            grad_relative = grad_shifts * move
        grad_z = backward_maps(tile, maps, choices, values, gate, grad_out, grad_move, grad_maps)
        backward_first(tile, nodes, choices, scalars, grad_z, grad_relative, grads, needed)
    return returned((*cut.at_nodes(grads), *grad_maps), nodes.pos)


@_backward.register_fake
def _(*inputs: Any) -> list[Tensor]:
    _, _, (nodes, maps, *_), _ = gather(_Cotangents, inputs)
    return shapes_returned((*nodes, *maps), nodes.pos)


def _differentiate(ctx: Any, grad_out: Tensor, grad_shift: Tensor) -> tuple[Any, ...]:
    operands = kept(ctx)
    return gradients(_backward(grad_out, grad_shift, *operands, *needed(ctx.needs_input_grad)), operands)


_forward.register_autograd(_differentiate, setup_context=keep(_Operands))
_backward.register_autograd(differentiate_twice(_Cotangents, plain_sums), setup_context=keep(_Cotangents))


def message_sums(nodes: Nodes, maps: Maps, graph: Graph, choices: Choices) -> tuple[Tensor, Tensor]:
    r"""Sum the messages and the shifts of all edges at their targets, tile by tile.

    .. math::
        z_{ij} &= t_i + s_j + W^\top \bigl(\psi(\|x_i - x_j\|_J^2), \psi(\langle x_i, x_j\rangle_J), a_{ij}\bigr)

        m_{ij} &= \sigma(W_2\,\sigma(z_{ij}) + b_2), \qquad g_{ij} = \mathrm{sigmoid}(w_g \cdot m_{ij} + b_g)

        \text{answer}_i &= \sum_j g_{ij} m_{ij}, \quad \sum_j (x_i - x_j)\, w_4 \cdot \sigma(W_3 m_{ij} + b_3)

    The backward pass computes each tile again, so that nothing of size edges × channels outlives a tile. Gradients
    of gradients go through the same formula without tiles.

    Args:
        nodes: What an edge reads.
        maps: The maps of an edge; without ``wg`` there is no gate, without ``w4`` no shift, without
            ``w3`` alone it is :math:`(x_i - x_j)\, w_4 \cdot m_{ij}`.
        graph: The edges.
        choices: Which invariants enter, and how.

    Shapes:
        - **output**: :math:`(N, H)` and, component by component, :math:`(n, N)`

    Raises:
        ValueError: If a complete graph is asked for and ``batch`` is not sorted.
    """
    sums: tuple[Tensor, Tensor] = _forward(*nodes, *maps, *graph, *choices)
    return sums
