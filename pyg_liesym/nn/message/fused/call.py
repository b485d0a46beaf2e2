"""Operands of the sums as the compiled loops take them."""

from __future__ import annotations

import ctypes
from typing import Any

import torch
from torch import Tensor

from pyg_liesym.nn.message.edges import check_sorted
from pyg_liesym.nn.message.fused.library import engine
from pyg_liesym.nn.message.invariants import ChannelLayout
from pyg_liesym.nn.message.operands import ChannelNodes, Choices, Graph, Maps, Nodes
from pyg_liesym.typing import OptTensor

_DTYPES = {torch.float32: "float32", torch.float64: "float64"}
_NUMBERS = (
    *("nodes", "edges", "channels", "scalars", "components", "forms", "features", "moves", "vector_channels"),
    *("scales", "threads", "listed", "distance", "inner", "log", "relu", "gated", "scalars_too", "metric_too"),
)
_SUMS = ("at_targets", "at_sources", "products", "neighbours")
_NODES = (*Nodes._fields, "vectors", "scale")
_POINTERS = (
    *("source_of", "target_of", "batch", *_NODES, *Maps._fields, "out", "shift", "grad_out", "grad_shift"),
    *_SUMS,
    *(f"grad_{name}" for name in (*Nodes._fields, "vectors", *Maps._fields)),
)


class Operands(ctypes.Structure):
    """``operands.h``, field by field."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in _NUMBERS),
        ("clamp", ctypes.c_double),
        *((name, ctypes.c_void_p) for name in _POINTERS),
    ]


def takes(values: Tensor) -> bool:
    """Whether the compiled loops run here: on a CPU, in a precision that they know, where a compiler built them."""
    return values.device.type == "cpu" and values.dtype in _DTYPES and engine().library is not None


def pair_sums(nodes: Nodes, maps: Maps, graph: Graph, choices: Choices) -> tuple[Tensor, Tensor]:
    """The sums of :func:`~pyg_liesym.nn.message.sums.message_sums`."""
    out, shift = _zeros(nodes.target), _zeros(nodes.pos)
    _call("messages", _pairs(nodes, choices), maps, graph, choices, {"out": out, "shift": shift})
    return out, shift


def pair_gradients(
    grads: tuple[Tensor, Tensor],
    nodes: Nodes,
    maps: Maps,
    graph: Graph,
    choices: Choices,
    needed: tuple[bool, bool],
) -> list[OptTensor]:
    """Gradients of all fields of the nodes' values and of the maps."""
    into = _gradients({**nodes._asdict(), **maps._asdict()})
    more = {"grad_out": grads[0], "grad_shift": grads[1], **into}
    _call("messages_backward", _pairs(nodes, choices), maps, graph, choices, more, needed)
    return list(into.values())


def channel_sums(
    nodes: ChannelNodes, maps: Maps, layout: ChannelLayout, graph: Graph, choices: Choices
) -> tuple[Tensor, Tensor]:
    """The sums of :func:`~pyg_liesym.nn.message.channel_sums.channel_sums`."""
    out, shift = _zeros(nodes.target), _zeros(nodes.vectors.t())
    _call("channels", _channels(nodes, layout), maps, graph, choices, {"out": out, "shift": shift})
    return out, shift.t()


def channel_gradients(
    grads: tuple[Tensor, Tensor],
    nodes: ChannelNodes,
    maps: Maps,
    layout: ChannelLayout,
    graph: Graph,
    choices: Choices,
    needed: tuple[bool, bool],
) -> list[OptTensor]:
    """Gradients of all fields of the nodes' values and of the maps."""
    turned = {name: getattr(nodes, name).t() for name in ("pos", "vectors", "lowered")}
    into = _gradients({**nodes._asdict(), **turned, **maps._asdict()})
    more = {"grad_out": grads[0], "grad_shift": grads[1].t(), **into}
    needed = (True, needed[1])  # products with the neighbours' vectors need them all
    _call("channels_backward", _channels(nodes, layout), maps, graph, choices, more, needed)
    return [t.t().contiguous() if t is not None and name[5:] in turned else t for name, t in into.items()]


def scalar_sums(nodes: Nodes, graph: Graph, choices: Choices) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sums of the scalars that :mod:`~pyg_liesym.nn.message.moments` needs."""
    count, num_nodes = nodes.weight.size(0), nodes.target.size(0)
    at_targets = nodes.pos.new_zeros(count, num_nodes)
    products = nodes.pos.new_zeros(count, count, dtype=torch.double)
    sums = at_targets, torch.zeros_like(at_targets), products, _zeros(nodes.source)
    _call("scalars", _pairs(nodes, choices), None, graph, choices, dict(zip(_SUMS, sums, strict=True)))
    return sums


def scalar_gradients(
    sums: tuple[Tensor, Tensor, Tensor, Tensor], nodes: Nodes, graph: Graph, choices: Choices, needed: tuple[bool, bool]
) -> list[OptTensor]:
    """Gradients of all fields of the nodes' values from those of the sums."""
    into = _gradients(nodes._asdict())
    more = {**dict(zip(_SUMS, sums, strict=True)), **into}
    _call("scalars_backward", _pairs(nodes, choices), None, graph, choices, more, needed)
    return list(into.values())


def _zeros(like: Tensor) -> Tensor:
    return torch.zeros_like(like, memory_format=torch.contiguous_format)


def _gradients(tensors: dict[str, OptTensor]) -> dict[str, OptTensor]:
    return {f"grad_{name}": None if t is None else _zeros(t) for name, t in tensors.items()}


def _pairs(nodes: Nodes, choices: Choices) -> dict[str, Any]:
    return {
        **nodes._asdict(),
        "components": nodes.pos.size(0),
        "distance": choices.distance,
        "inner": choices.inner,
    }


def _channels(nodes: ChannelNodes, layout: ChannelLayout) -> dict[str, Any]:
    return {
        **nodes._asdict(),
        **{name: getattr(nodes, name).t() for name in ("pos", "vectors", "lowered")},
        "scale": layout.scales,
        "components": nodes.pos.size(1),
        "vector_channels": layout.total.size(1),
        "scales": layout.scales.numel(),
    }


def _call(
    name: str,
    nodes: dict[str, Any],
    maps: Maps | None,
    graph: Graph,
    choices: Choices,
    more: dict[str, OptTensor],
    needed: tuple[bool, bool] = (False, False),
) -> None:
    ends, target, edge_attr = graph.edge_index, nodes["target"], nodes["edge_attr"]
    given = {
        **nodes,
        **({} if maps is None else maps._asdict()),
        **more,
        "batch": graph.batch,
        "nodes": target.size(0),
        "edges": 0 if ends is None else ends.size(1),
        "channels": target.size(1),
        "scalars": nodes["weight"].size(0),
        "forms": nodes["metric"].size(0),
        "features": 0 if edge_attr is None else edge_attr.size(1),
        "moves": 0 if maps is None or maps.w4 is None else torch.atleast_2d(maps.w4).size(0),
        "threads": torch.get_num_threads(),
        "listed": ends is not None,
        "log": choices.psi == "log",
        "relu": choices.act == "relu",
        "gated": choices.sight == "gated",
        "scalars_too": any(needed),
        "metric_too": needed[1],
        "clamp": choices.clamp,
    }
    if ends is not None:
        given |= {"source_of": ends[0].long(), "target_of": ends[1].long()}
    elif graph.batch is not None:
        check_sorted(graph.batch)
    # The rows must stay alive until the loops are through.
    given = {key: value.contiguous() if isinstance(value, Tensor) else value for key, value in given.items()}
    words = {key: value.data_ptr() if isinstance(value, Tensor) else value for key, value in given.items()}
    function = getattr(engine().library, f"liesym_{name}_{_DTYPES[target.dtype]}")
    if not function(ctypes.byref(Operands(**words))):
        raise IndexError(f"expected `edge_index` to name nodes from 0 to {target.size(0) - 1}, found others")
