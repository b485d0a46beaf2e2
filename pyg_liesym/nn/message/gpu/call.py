"""Operands of the sums as the kernels take them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.asked import ENGINE, kernels_asked, tiles_asked
from pyg_liesym.nn.message.gpu.bounds import bounds_of
from pyg_liesym.nn.message.gpu.plan import Plan
from pyg_liesym.nn.message.operands import Choices, Graph, Maps, Nodes
from pyg_liesym.typing import OptTensor

_TILES = {16: (16, 4, 4), 32: (16, 4, 8), 64: (16, 2, 8), 128: (16, 2, 8)}
"""Own nodes and others in a tile, and warps, by the padded width: what registers hold, as far as compiling tells."""
_INTERPRETED = 16, 16, 4
_SHARED = 150_000
"""Bytes of shared memory that the widest kernels need."""
_PRODUCTS = {"highest": "ieee", "high": "tf32", "medium": "bf16"}
"""By :func:`torch.get_float32_matmul_precision`."""
_MOST_COMPONENTS, _MOST_FORMS = 8, 8
_PROGRAMS = 4
"""Programs for each multiprocessor: each keeps its gradients of the weights to the end."""


class _Sums(NamedTuple):
    out: Tensor
    shift: Tensor


class _Given(NamedTuple):
    grad_out: Tensor
    grad_shift: Tensor


class _Grads(NamedTuple):
    """What one of the two backward kernels writes."""

    rows: Tensor
    vectors: Tensor
    lowered: Tensor
    matrix: Tensor
    bias: Tensor
    weight: Tensor
    metric: Tensor
    last: Tensor
    gates: Tensor
    last_bias: Tensor
    gate_bias: Tensor


@lru_cache(maxsize=1)
def _missing() -> str | None:
    """Why the kernels cannot run on this machine."""
    if not torch.cuda.is_available():
        return "no GPU"
    if torch.version.hip is not None or torch.cuda.get_device_capability() < (8, 0):
        return "the kernels need an NVIDIA GPU of compute capability 8.0 or newer"
    from pyg_liesym.nn.message.gpu.language import VERSION

    return "Triton is missing" if VERSION is None else None


def says() -> str:
    """What sums messages on a GPU, in words.

    >>> says().split()[0] in ("kernels,", "tiles,", "tiles:", "tiles;", "no")
    True
    """
    if (missing := _missing()) == "no GPU":
        return missing
    if (asked := tiles_asked()) is not None:
        return asked
    if missing is None and not kernels_asked():
        return f"tiles; {ENGINE}=kernels asks for kernels, which have run on no GPU yet"
    return "kernels, compiled by Triton when first needed" if missing is None else f"tiles: {missing}"


def serves(values: Tensor) -> bool:
    """Whether kernels run where these values are, in float32, in which what comes in half precision is summed too."""
    single = torch.promote_types(values.dtype, torch.float32) == torch.float32
    return values.is_cuda and single and kernels_asked() and _missing() is None


def takes(nodes: Nodes, maps: Maps, graph: Graph) -> bool:
    """Whether the kernels sum these: complete graphs in float32 on a GPU, up to 128 channels and 8 components.

    Where the GPU has less shared memory than 150 kB for a program, up to 64 channels.
    Lists of edges, edges with features, vector channels and float64 are left to the tiles.
    """
    if not serves(nodes.pos) or graph.edge_index is not None or nodes.edge_attr is not None:
        return False
    forms, n = nodes.metric.shape[:2]
    fits = nodes.target.size(1) <= _most_channels(nodes.pos) and n <= _MOST_COMPONENTS and forms <= _MOST_FORMS
    return fits and nodes.target.numel() < 2**31 and (maps.w4 is None or maps.w4.dim() == 1)


def _most_channels(values: Tensor) -> int:
    if not values.is_cuda:
        return max(_TILES)
    here = getattr(torch.cuda.get_device_properties(values.device), "shared_memory_per_block_optin", 0)
    return max(_TILES) if here >= _SHARED else max(_TILES) // 2


def pair_sums(nodes: Nodes, maps: Maps, graph: Graph, choices: Choices) -> tuple[Tensor, Tensor]:
    """The sums of :func:`~pyg_liesym.nn.message.sums.message_sums`."""
    from pyg_liesym.nn.message.gpu.kernels import sum_messages

    nodes, maps = _in_rows(nodes), _in_rows(maps)
    sums = _Sums(torch.empty_like(nodes.target), torch.empty_like(nodes.pos))
    plan = _plan(nodes, choices)
    _launch(sum_messages, nodes, maps, graph, sums, plan)
    return sums


def pair_gradients(
    grads: tuple[Tensor, Tensor],
    nodes: Nodes,
    maps: Maps,
    graph: Graph,
    choices: Choices,
    needed: tuple[bool, bool],
) -> list[OptTensor]:
    """Gradients of all fields of the nodes' values and of the maps."""
    nodes, maps = _in_rows(nodes), _in_rows(maps)
    given = _Given(*(grad.contiguous() for grad in grads))
    plan = _plan(nodes, choices)._replace(scalars_too=any(needed), metric_too=needed[1] and choices.distance)
    ends = [_one_end(given, nodes, maps, graph, plan._replace(at_targets=end)) for end in (True, False)]
    return _gathered(ends[0], ends[1], maps)


def _one_end(given: _Given, nodes: Nodes, maps: Maps, graph: Graph, plan: Plan) -> _Grads:
    from pyg_liesym.nn.message.gpu.kernels import pull_back

    into = _room(nodes, _programs(nodes, plan), plan)
    _launch(pull_back, nodes, maps, graph, into, plan, given)
    return into


def _gathered(at_targets: _Grads, at_sources: _Grads, maps: Maps) -> list[OptTensor]:
    """Add what the programs have left of each gradient."""
    of_nodes = Nodes(
        target=at_targets.rows,
        source=at_sources.rows,
        weight=at_targets.weight.sum(0),
        pos=at_targets.vectors + at_sources.vectors,
        metric=at_targets.metric.sum(0),
        lowered=at_targets.lowered,
        edge_attr=None,
    )
    of_maps = Maps(
        w2=at_targets.matrix.sum(0),
        b2=at_targets.bias.sum(0),
        wg=at_sources.gates.sum(0),
        bg=at_sources.gate_bias.sum(0),
        w3=at_sources.matrix.sum(0),
        b3=at_sources.bias.sum(0),
        w4=at_sources.last.sum(0),
        b4=at_sources.last_bias.sum(0),
    )
    return [*of_nodes, *(None if own is None else grad for own, grad in zip(maps, of_maps, strict=True))]


def _in_rows(values: Any) -> Any:
    return type(values)(*(None if t is None else t.contiguous() for t in values))


def _plan(nodes: Nodes, choices: Choices) -> Plan:
    channels = nodes.target.size(1)
    forms, n = nodes.metric.shape[:2]
    padded = max(16, _power(channels))
    products = _PRODUCTS[torch.get_float32_matmul_precision()]
    return Plan(
        *(_TILES[padded] if nodes.pos.is_cuda else _INTERPRETED),
        channels=channels,
        padded=padded,
        components=n,
        padded_components=_power(n),
        forms=forms,
        padded_forms=_power(forms),
        padded_scalars=_power(nodes.weight.size(0)),
        distance=choices.distance,
        inner=choices.inner,
        log=choices.psi == "log",
        relu=choices.act == "relu",
        gated=choices.sight == "gated",
        clamp=float(choices.clamp),
        products="rounded" if products == "bf16" and not nodes.pos.is_cuda else products,
    )


def _power(size: int) -> int:
    """The next power of two, at least one."""
    return 1 << max(0, size - 1).bit_length()


def _programs(nodes: Nodes, plan: Plan) -> int:
    """As many as the device runs at a time, and no more than there are blocks; two without a device."""
    most = 2
    if nodes.pos.is_cuda:
        most = _PROGRAMS * torch.cuda.get_device_properties(nodes.pos.device).multi_processor_count
    return min(most, -(-nodes.pos.size(1) // plan.own))


def _room(nodes: Nodes, programs: int, plan: Plan) -> _Grads:
    channels, like = plan.channels, nodes.pos.new_empty
    own = like(programs, channels)
    return _Grads(
        rows=torch.empty_like(nodes.target),
        vectors=torch.empty_like(nodes.pos),
        lowered=torch.empty_like(nodes.lowered) if plan.inner else torch.zeros_like(nodes.lowered),
        matrix=like(programs, channels, channels),
        bias=own,
        weight=like(programs, *nodes.weight.shape),
        metric=nodes.pos.new_zeros(programs, *nodes.metric.shape),
        last=torch.empty_like(own),
        gates=torch.empty_like(own),
        last_bias=like(programs, 1),
        gate_bias=like(programs, 1),
    )


def _launch(
    kernel: Any, nodes: Nodes, maps: Maps, graph: Graph, into: Any, plan: Plan, given: _Given | None = None
) -> None:
    """Run a kernel, by one program for some blocks of nodes each; the host waits for nothing."""
    num_nodes = nodes.pos.size(1)
    bounds = bounds_of(graph.batch, num_nodes, nodes.pos.device)
    blocks, programs = -(-num_nodes // plan.own), _programs(nodes, plan)
    operands = [nodes, maps, bounds, *([] if given is None else [given]), into, num_nodes, blocks]
    if programs:
        with torch.cuda.device_of(nodes.pos):
            kernel[(programs,)](*operands, C=plan, num_warps=plan.warps)
