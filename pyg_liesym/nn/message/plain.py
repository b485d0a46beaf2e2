"""The same messages without tiles, for what differentiates twice."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.nn.message.cuts import Graph
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.nn.message.invariants import signed_log
from pyg_liesym.nn.message.maps import Maps, Setting
from pyg_liesym.nn.message.pairs import Nodes


def plain_scalars(nodes: Nodes, graph: Graph, setting: Setting) -> tuple[Tensor, Tensor, Tensor]:
    r"""The scalars of every edge, the difference of its vectors, and both its ends.

    Shapes:
        - **output**: :math:`(K, |E|)`, :math:`(n, |E|)` and :math:`(2, |E|)`
    """
    edge_index = graph.edge_index
    if edge_index is None:
        edge_index = complete_graph(nodes.pos.size(1), graph.batch, nodes.pos.device).edge_index
    source, target = edge_index
    relative = nodes.pos[:, target] - nodes.pos[:, source]
    raw = []
    if setting.distance:
        raw.append(((nodes.metric @ relative) * relative).sum(1))
    if setting.inner:
        raw.append((nodes.lowered[:, :, target] * nodes.pos[:, source]).sum(1))
    scalars = torch.cat(raw) if raw else relative[:0]
    if setting.log:
        scalars = signed_log(scalars)
    if nodes.edge_attr is not None:
        scalars = torch.cat([scalars, nodes.edge_attr.t()])
    return scalars, relative, edge_index


def plain_messages(nodes: Nodes, maps: Maps, graph: Graph, setting: Setting) -> tuple[Tensor, Tensor]:
    r"""Sums of messages and of shifts through an edge list and autograd.

    Shapes:
        - **output**: :math:`(N, H)` and :math:`(n, N)`
    """
    scalars, relative, (source, target) = plain_scalars(nodes, graph, setting)
    z = nodes.target[target] + nodes.source[source] + scalars.t() @ nodes.weight
    act = nn.functional.relu if setting.relu else nn.functional.silu
    message = act(act(z) @ maps.w2.t() + maps.b2)
    gated = message
    if maps.wg is not None and maps.bg is not None:
        gated = message * torch.sigmoid(message @ maps.wg + maps.bg)[:, None]
    out = torch.zeros_like(nodes.target).index_add(0, target, gated)
    shift = torch.zeros_like(nodes.pos)
    if maps.w4 is not None:
        seen = gated if setting.gated_move else message
        if maps.w3 is not None and maps.b3 is not None:
            seen = act(seen @ maps.w3.t() + maps.b3)
        moved = relative * (seen @ maps.w4)
        if setting.clamp:
            moved = moved.clamp(-setting.clamp, setting.clamp)
        shift = shift.index_add(1, target, moved)
    return out, shift
