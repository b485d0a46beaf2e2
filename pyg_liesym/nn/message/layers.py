"""How a layer hands its edges to the tiles, and when it must not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing
from torch_geometric.utils import degree

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.nn.message.cuts import most_edges
from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.moments import normalise
from pyg_liesym.nn.message.operands import Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.sums import message_sums
from pyg_liesym.nn.message.watched import MODULE_HOOKS, is_watched
from pyg_liesym.typing import Invariant, OptTensor


def can_tile(
    conv: MessagePassing,
    x: Tensor,
    edges: Edges | CompleteGraph,
    maps: Sequence[nn.Module | None],
    first: nn.Module | None,
    norm: nn.Module | None = None,
) -> bool:
    """Whether tiles help, give what the layer's own ``message`` would, and nobody is watching it.

    They help where the values of all edges, of as many channels as ``x``, do not fit in one tile. They do not serve a
    subclass with another ``message`` or ``aggregate`` (a class with its own ``_tiled_message`` says that the tiles
    know it), explanations, hooks, transforms of :mod:`torch.func`, :func:`torch.export.export`, and maps that somebody
    built differently: the tiles read weights, they do not call modules.

    Args:
        conv: The layer.
        x: What φe's first map makes of the targets, :math:`(N, H)`.
        edges: The edges.
        maps: φe after its first map, φm or ``None``, φx or ``None``.
        first: φe's first map of the scalars of an edge, if it has any.
        norm: What stands between the first map and the rest of φe, if anything.
    """
    num_edges = edges.num_edges if isinstance(edges, CompleteGraph) else edges.edge_index.size(1)
    if num_edges is not None and num_edges <= most_edges(x):
        return False
    kind = type(conv)
    if kind.message is not kind._tiled_message or kind.aggregate is not kind._tiled_aggregate:
        return False
    if kind.update is not MessagePassing.update or is_watched(conv):
        return False
    inner = [module for part in (first, norm, *maps) if part is not None for module in part.modules()]
    if norm is not None and type(norm) is not nn.BatchNorm1d:
        return False
    return _known(*maps) and not any(getattr(m, hooks) for m in inner for hooks in MODULE_HOOKS)


def _known(phi_e: Any, phi_m: Any, phi_x: Any) -> bool:
    """Whether the maps are made of exactly what the tiles compute, with one activation throughout."""
    act = type(phi_e[0]) if isinstance(phi_e, nn.Sequential) and len(phi_e) else None
    mlp = (nn.Linear, act, nn.Linear)
    wanted = ((phi_e, [(act, nn.Linear, act)]), (phi_m, [(nn.Linear, nn.Sigmoid)]), (phi_x, [mlp, (nn.Linear,)]))
    made = all(
        part is None or (type(part) is nn.Sequential and tuple(map(type, part)) in kinds) for part, kinds in wanted
    )
    if not made or act not in (nn.SiLU, nn.ReLU):
        return False
    biases = [phi_e[1]] + [part[0] for part in (phi_m, phi_x) if part is not None and len(part) > 1]
    return all(m.bias is not None for m in biases) and (phi_x is None or phi_x[-1].bias is None)


def tiled_messages(
    target: Tensor,
    source: Tensor,
    pos: Tensor,
    metric: OptTensor,
    weight: OptTensor,
    edges: Edges | CompleteGraph,
    maps: Sequence[Any],
    *,
    flow: Literal["source_to_target", "target_to_source"],
    edge_attr: OptTensor = None,
    invariants: Sequence[Invariant] = (),
    log: bool = True,
    gated_move: bool = False,
    clamp: float = 0.0,
    norm: nn.BatchNorm1d | None = None,
) -> tuple[Tensor, OptTensor]:
    r"""Sum the messages of a layer at their targets, and its shifts.

    Args:
        target: What φe's first map makes of the target, bias included.
        source: What it makes of the source.
        pos: Vectors.
        metric: Forms of the invariants.
        weight: Weights of the first map for the scalars of an edge, in the order of ``invariants``, then ``edge_attr``.
        edges: The edges.
        maps: φe after its first map, φm or ``None``, φx or ``None``.
        flow: Which row of an edge list holds the targets, as in PyG.
        edge_attr: Features of the edges.
        invariants: Which invariants enter.
        log: Whether they go through ψ.
        gated_move: Whether φx sees the gated message.
        clamp: Bound of every component of a shift; 0 for none.
        norm: Batch normalisation between the first map and the rest of φe.

    Shapes:
        - **target**, **source**: :math:`(N, H)`; **pos**: :math:`(N, n)`; **metric**: :math:`(F, n, n)`;
          **weight**: :math:`(H, K)`
        - **output**: :math:`(N, H)` and :math:`(N, n)`, or ``None`` without φx
    """
    edge_index = batch = None
    if isinstance(edges, CompleteGraph):
        batch = edges.batch
    else:
        edge_index = edges.edge_index if flow == "source_to_target" else edges.edge_index.flip(0)
    phi_e, phi_m, phi_x = maps
    graph = Graph(edge_index, batch)
    choices = Choices(
        distance="distance" in invariants,
        inner="inner" in invariants,
        psi="log" if log else "identity",
        act="relu" if isinstance(phi_e[0], nn.ReLU) else "silu",
        sight="gated" if gated_move else "message",
        clamp=clamp,
    )
    # Half precision has too few digits for the invariants, and sums over neighbours lose more of them.
    dtype = torch.promote_types(pos.dtype, torch.float32)
    with without_autocast(pos.device):
        nodes = _nodes(target, source, pos, metric, weight, edge_attr, invariants, dtype)
        if norm is not None:
            nodes = normalise(norm, nodes, graph, choices, _degrees(edges, edge_index, pos.size(0)))
        parameters = _parameters(phi_e, phi_m, phi_x, dtype)
        message, shift = message_sums(nodes, parameters, graph, choices)
    return message.to(pos.dtype), None if phi_x is None else shift.t().to(pos.dtype)


def _nodes(
    target: Tensor,
    source: Tensor,
    pos: Tensor,
    metric: OptTensor,
    weight: OptTensor,
    edge_attr: OptTensor,
    invariants: Sequence[Invariant],
    dtype: torch.dtype,
) -> Nodes:
    target, source, pos = target.to(dtype), source.to(dtype), pos.to(dtype)
    if metric is None:
        metric = pos.new_zeros(0, pos.size(1), pos.size(1))
    metric = metric.to(dtype)
    if weight is None:
        weight = target.new_zeros(target.size(1), 0)
    forms = metric.size(0)
    if tuple(invariants) == ("inner", "distance"):
        weight = torch.cat([weight[:, forms : 2 * forms], weight[:, :forms], weight[:, 2 * forms :]], dim=1)
    return Nodes(
        target=target,
        source=source,
        weight=weight.t().to(dtype),
        pos=pos.t().contiguous(),
        metric=(metric + metric.mT) / 2,
        lowered=metric.mT @ pos.t() if "inner" in invariants else pos.new_zeros(forms, 0, 0),
        edge_attr=None if edge_attr is None else edge_attr.to(dtype),
    )


def _parameters(phi_e: Any, phi_m: Any, phi_x: Any, dtype: torch.dtype) -> Maps:
    linear = phi_x is None or len(phi_x) == 1
    return Maps(
        w2=phi_e[1].weight.to(dtype),
        b2=phi_e[1].bias.to(dtype),
        wg=None if phi_m is None else phi_m[0].weight[0].to(dtype),
        bg=None if phi_m is None else phi_m[0].bias.to(dtype),
        w3=None if linear else phi_x[0].weight.to(dtype),
        b3=None if linear else phi_x[0].bias.to(dtype),
        w4=None if phi_x is None else phi_x[-1].weight[0].to(dtype),
    )


def _degrees(edges: Edges | CompleteGraph, edge_index: OptTensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    if isinstance(edges, CompleteGraph):
        return edges.neighbours, edges.neighbours
    assert edge_index is not None
    leaving, arriving = (degree(end, num_nodes, dtype=torch.long) for end in edge_index)
    return arriving, leaving
