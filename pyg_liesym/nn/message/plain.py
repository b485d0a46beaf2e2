"""The same sums without tiles, for what differentiates twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, relu, silu

from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.nn.message.formula import Map, edge_formula
from pyg_liesym.nn.message.invariants import ChannelLayout, channel_invariants, pair_invariants
from pyg_liesym.nn.message.operands import Activation, ChannelNodes, Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.schema import gather, gradients, kept, pull_back


def plain_scalars(nodes: Nodes, graph: Graph, choices: Choices) -> tuple[Tensor, Tensor, Tensor]:
    r"""The scalars of every edge, the difference of its vectors, and both its ends.

    Shapes:
        - **output**: :math:`(|E|, K)`, :math:`(|E|, n)` and :math:`(2, |E|)`
    """
    edge_index = _ends(graph, nodes.target)
    source, target = edge_index
    pos_i, pos_j = nodes.pos.t()[target], nodes.pos.t()[source]
    lowered = nodes.lowered.permute(2, 0, 1)[target] if choices.inner else None
    scalars = pair_invariants(pos_i - pos_j, pos_i, pos_j, nodes.metric, choices.invariants, choices.psi, lowered)
    if nodes.edge_attr is not None:
        scalars = torch.cat([scalars, nodes.edge_attr], dim=1)
    return scalars, pos_i - pos_j, edge_index


def plain_sums(nodes: Nodes, maps: Maps, graph: Graph, choices: Choices) -> tuple[Tensor, Tensor]:
    r"""Sums of messages and of shifts through an edge list and autograd.

    Shapes:
        - **output**: :math:`(N, H)` and :math:`(n, N)`
    """
    scalars, relative, (source, target) = plain_scalars(nodes, graph, choices)
    z = nodes.target[target] + nodes.source[source] + scalars @ nodes.weight
    message, shift = edge_formula(z, relative, *functions(maps, choices.act), choices.sight, choices.clamp)
    messages = torch.zeros_like(nodes.target).index_add(0, target, message)
    shifts = torch.zeros_like(nodes.pos)
    return messages, shifts if shift is None else shifts.index_add(1, target, shift.t())


def plain_channel_sums(
    nodes: ChannelNodes, maps: Maps, layout: ChannelLayout, graph: Graph, choices: Choices
) -> tuple[Tensor, Tensor]:
    r"""The same of nodes with vector channels.

    Shapes:
        - **output**: :math:`(N, H)` and :math:`(N, n C)`
    """
    source, target = _ends(graph, nodes.pos)
    lowered, vectors = nodes.lowered[target].unflatten(1, (len(nodes.metric), -1)), nodes.vectors[source]
    relative = nodes.pos[target] - nodes.pos[source]
    scalars, flat = channel_invariants(relative, lowered, vectors, nodes.metric, layout)
    if nodes.edge_attr is not None:
        scalars = torch.cat([scalars, nodes.edge_attr], dim=1)
    phi_e, phi_m, phi_x = functions(maps, choices.act)
    z = nodes.target[target] + nodes.source[source] + scalars @ nodes.weight
    message, _ = edge_formula(z, relative, phi_e, phi_m, None, choices.sight, choices.clamp)
    messages = torch.zeros_like(nodes.target).index_add(0, target, message)
    shifts = torch.zeros_like(nodes.vectors)
    if phi_x is None:
        return messages, shifts
    along, carried = (linear(each, layout.total) for each in phi_x(message).chunk(2, dim=-1))
    return messages, shifts.index_add(0, target, along * flat + carried * vectors)


def _ends(graph: Graph, nodes: Tensor) -> Tensor:
    if graph.edge_index is not None:
        return graph.edge_index
    return complete_graph(nodes.size(0), graph.batch, nodes.device).edge_index


def functions(maps: Maps, act: Activation) -> tuple[Map, Map | None, Map | None]:
    """The rest of φe, φm and φx as functions of their weights."""
    w2, b2, wg, bg, w3, b3, w4, b4 = maps
    sigma = {"silu": silu, "relu": relu}[act]

    def phi_e(z: Tensor) -> Tensor:
        return sigma(linear(sigma(z), w2, b2))

    def phi_m(message: Tensor) -> Tensor:
        assert wg is not None
        return linear(message, wg[None], bg).sigmoid()

    def phi_x(message: Tensor) -> Tensor:
        assert w4 is not None
        return linear(message if w3 is None else sigma(linear(message, w3, b3)), torch.atleast_2d(w4), b4)

    return phi_e, None if wg is None else phi_m, None if w4 is None else phi_x


def differentiate_twice(
    cotangents: type[tuple[Any, ...]], plain: Callable[..., tuple[Tensor, Tensor]]
) -> Callable[[Any, list[Tensor]], tuple[Any, ...]]:
    """The derivative of an operator that pulls sums back: gradients of the gradients, exact, with a formula's memory.

    Args:
        cotangents: The operands of that operator: those of the two sums, the operands of the sums, what is needed.
        plain: The sums without tiles.
    """

    def differentiate(ctx: Any, given: list[Tensor]) -> tuple[Any, ...]:
        with torch.enable_grad():
            inputs = [t.detach() if isinstance(t, Tensor) else t for t in kept(ctx)]
            leaves = {place: t.requires_grad_() for place, t in enumerate(inputs) if _is_real(t)}
            grad_out, grad_shift, operands, _ = gather(cotangents, inputs)
            tensors = [*operands.nodes, *operands.maps]
            real = [t for t in tensors if t is not None]
            first = pull_back(plain(*operands), real, (grad_out, grad_shift), create_graph=True)
            known = [c for c, t in zip(given, tensors, strict=True) if t is not None]
            second = dict(zip(leaves, pull_back(first, list(leaves.values()), known), strict=True))
        return gradients([second.get(place) for place in range(len(inputs))], inputs)

    return differentiate


def _is_real(operand: Any) -> bool:
    return isinstance(operand, Tensor) and operand.is_floating_point()
