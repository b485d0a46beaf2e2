"""Messages summed at their targets, tile by tile, as operators that autograd and ``torch.compile`` know."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pyg_liesym.nn.message.cuts import Cut, Graph, cut
from pyg_liesym.nn.message.maps import Buffers, Maps, Setting, backward_maps, forward_maps
from pyg_liesym.nn.message.pairs import Nodes, Wanted, at_nodes, at_places, backward_pairs, forward_pairs, wanted
from pyg_liesym.nn.message.plain import plain_messages
from pyg_liesym.typing import OptTensor

_INPUTS = (
    "Tensor target, Tensor source, Tensor weight, Tensor pos, Tensor metric, Tensor lowered, Tensor? edge_attr, "
    "Tensor w2, Tensor b2, Tensor? wg, Tensor? bg, Tensor? w3, Tensor? b3, Tensor? w4, "
    "Tensor? edge_index, Tensor? batch, "
    "bool distance, bool inner, bool log, bool relu, bool gated_move, float clamp"
)
_NODES, _MAPS = len(Nodes._fields), len(Maps._fields)
_TENSORS = _NODES + _MAPS + 2


def _read(inputs: tuple[Any, ...]) -> tuple[Nodes, Maps, Graph, Setting]:
    nodes, maps = Nodes(*inputs[:_NODES]), Maps(*inputs[_NODES : _NODES + _MAPS])
    edge_index, batch = inputs[_NODES + _MAPS : _TENSORS]
    return nodes, maps, Graph(edge_index, batch), Setting(*inputs[_TENSORS:])


def _prepare(nodes: Nodes, graph: Graph, backward: bool) -> tuple[Cut, Nodes, Buffers]:
    found = cut(graph, nodes.target, as_listed=nodes.edge_attr is not None)
    largest = max((tile.num_edges for tile in found.tiles), default=0)
    return found, at_places(found, nodes), Buffers(largest, nodes.target.size(1), nodes.target, backward)


def _shifts(relative: Tensor, move: Tensor, clamp: float) -> Tensor:
    shifts = relative * move
    return shifts.clamp_(-clamp, clamp) if clamp else shifts


@torch.library.custom_op("pyg_liesym::pairwise", mutates_args=(), schema=f"({_INPUTS}) -> (Tensor, Tensor)")
def _forward(*inputs: Any) -> tuple[Tensor, Tensor]:
    nodes, maps, graph, setting = _read(inputs)
    found, nodes, buffers = _prepare(nodes, graph, backward=False)
    out, shift = torch.zeros_like(nodes.target), torch.zeros_like(nodes.pos)
    for tile in found.tiles:
        room = buffers.take(tile.num_edges)
        pairs = forward_pairs(tile, nodes, setting, maps.w4 is not None, room.z1)
        values = forward_maps(tile, maps, setting, room)
        tile.sum_weighted(values.gate, values.room.m, out)
        if values.move is not None:
            assert pairs.relative is not None
            tile.sum_components(_shifts(pairs.relative, values.move, setting.clamp), shift, None)
    return found.to_nodes(out), found.to_nodes(shift, 1)


@_forward.register_fake
def _(*inputs: Any) -> tuple[Tensor, Tensor]:
    return torch.empty_like(inputs[0]), torch.empty_like(inputs[3])


@torch.library.custom_op(
    "pyg_liesym::pairwise_backward",
    mutates_args=(),
    schema=f"(Tensor grad_out, Tensor grad_shift, {_INPUTS}, bool scalars_too, bool metric_too) -> Tensor[]",
)
def _backward(grad_out: Tensor, grad_shift: Tensor, *inputs: Any) -> list[Tensor]:
    nodes, maps, graph, setting = _read(inputs[:-2])
    needed = Wanted(*inputs[-2:])
    found, nodes, buffers = _prepare(nodes, graph, backward=True)
    given = [*nodes, *maps]
    flat = [torch.zeros_like(t, memory_format=torch.contiguous_format) if t is not None else None for t in given]
    grads, grad_maps = Nodes(*flat[:_NODES]), Maps(*flat[_NODES:])  # type: ignore[arg-type]
    grad_out, grad_shift = found.to_places(grad_out.contiguous()), found.to_places(grad_shift, 1)
    for tile in found.tiles:
        room = buffers.take(tile.num_edges)
        pairs = forward_pairs(tile, nodes, setting, maps.w4 is not None, room.z1)
        values = forward_maps(tile, maps, setting, room)
        grad_move = grad_relative = None
        if values.move is not None:
            assert pairs.relative is not None
            grad_shifts = tile.spread(grad_shift)
            if setting.clamp:
                grad_shifts = grad_shifts * ((pairs.relative * values.move).abs_() <= setting.clamp)
            grad_move = (grad_shifts * pairs.relative).sum(0)
            grad_relative = grad_shifts * values.move
        grad_z = backward_maps(tile, maps, setting, values, grad_out, grad_move, grad_maps)
        backward_pairs(tile, nodes, setting, pairs, grad_z, grad_relative, grads, needed)
    return [nodes.pos.new_empty(0) if t is None else t for t in (*at_nodes(found, grads), *grad_maps)]


@_backward.register_fake
def _(grad_out: Tensor, grad_shift: Tensor, *inputs: Any) -> list[Tensor]:
    given = inputs[: _NODES + _MAPS]
    return [grad_out.new_empty(0) if t is None else torch.empty_like(t).contiguous() for t in given]


def _save(ctx: Any, inputs: tuple[Any, ...], tensors: int) -> None:
    ctx.save_for_backward(*inputs[:tensors])
    ctx.setting = inputs[tensors:]


def _differentiate(ctx: Any, grad_out: Tensor, grad_shift: Tensor) -> tuple[Any, ...]:
    inputs = (*ctx.saved_tensors, *ctx.setting)
    return _where_given(_backward(grad_out, grad_shift, *inputs, *wanted(ctx.needs_input_grad)), inputs)


def _where_given(grads: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    found = [None if given is None else grad for grad, given in zip(grads, inputs, strict=False)]
    return (*found, *(len(inputs) - len(found)) * [None])


def _differentiate_twice(ctx: Any, cotangents: list[Tensor]) -> tuple[Any, ...]:
    """Gradients of the gradients, through the plain formula: exact, and with its memory."""
    with torch.enable_grad():
        leaves = [t.detach() if t is not None else None for t in ctx.saved_tensors]
        differentiable = [t.requires_grad_() for t in leaves if t is not None and t.is_floating_point()]
        inputs = (*leaves, *ctx.setting)
        outputs = plain_messages(*_read(inputs[2:-2]))
        made = [(t, g) for t, g in zip(outputs, inputs[:2], strict=True) if t.requires_grad]
        given = [t for t in leaves[2 : 2 + _NODES + _MAPS] if t is not None]
        grads = torch.autograd.grad(
            [t for t, _ in made],
            given,
            [g for _, g in made],
            create_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        wanted = [c for c, t in zip(cotangents, leaves[2:], strict=False) if t is not None]
        pairs = [(g, c) for g, c in zip(grads, wanted, strict=True) if g.requires_grad]
        second = torch.autograd.grad(
            [g for g, _ in pairs], differentiable, [c for _, c in pairs], allow_unused=True, materialize_grads=True
        )
    answers = iter(second)
    return _where_given([next(answers) if t is not None and t.requires_grad else None for t in leaves], inputs)


_forward.register_autograd(_differentiate, setup_context=lambda ctx, inputs, output: _save(ctx, inputs, _TENSORS))
_backward.register_autograd(
    _differentiate_twice, setup_context=lambda ctx, inputs, output: _save(ctx, inputs, _TENSORS + 2)
)


def pairwise_messages(
    nodes: Nodes, maps: Maps, setting: Setting, edge_index: OptTensor = None, batch: OptTensor = None
) -> tuple[Tensor, Tensor]:
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
        setting: Which invariants enter, and how.
        edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
        batch: Item of every node, sorted; read for complete graphs alone.

    Shapes:
        - **output**: :math:`(N, H)` and, component by component, :math:`(n, N)`

    Raises:
        ValueError: If a complete graph is asked for and ``batch`` is not sorted.
    """
    answer: tuple[Tensor, Tensor] = _forward(*nodes, *maps, edge_index, batch, *setting)
    return answer
