r"""Convolution along edges, node by node: first sums over the edges in a fixed basis, then one map at each node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.typing import OptTensor

# Numbers in a tile's largest tensors, so that they stay in a processor's cache, or are many enough for a GPU.
_CPU_ROOM, _CUDA_ROOM = 1 << 18, 1 << 25


class _Tile(NamedTuple):
    """Some target nodes of similar degree and their edges, padded to the largest."""

    nodes: Tensor
    edges: Tensor
    there: Tensor


def _tiles(ptr: Tensor, num_functions: int, channels: int) -> Iterator[_Tile]:
    degree = ptr.diff()
    order = degree.argsort(stable=True)
    order = order[degree[order] > 0]
    if not len(order):
        return
    room = _CPU_ROOM if ptr.device.type == "cpu" else _CUDA_ROOM
    degrees: list[int] = degree[order].tolist()
    start = 0
    while start < len(degrees):
        stop = start
        while stop < len(degrees):
            # Degrees rise, so the last node of a tile tells its width; no more than a half is padding.
            width = degrees[stop]
            size = (stop + 1 - start) * (width * (num_functions + channels) + num_functions * channels)
            if stop > start and (size > room or width > 2 * degrees[start]):
                break
            stop += 1
        nodes = order[start:stop]
        rank = torch.arange(degrees[stop - 1], device=ptr.device)
        there = rank < degree[nodes, None]
        yield _Tile(nodes, (ptr[nodes, None] + rank) * there, there)
        start = stop


def _gathered(tile: _Tile, functions: Tensor, x: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """The functions, zero on what is padding, and the sources' features: ``[T, D, P]`` and ``[T, D, C]``."""
    return functions[tile.edges] * tile.there[..., None], x[source[tile.edges]]


@torch.library.custom_op("pyg_liesym::edge_sums", mutates_args=())
def _forward(functions: Tensor, x: Tensor, matrices: Tensor, source: Tensor, ptr: Tensor) -> Tensor:
    out = x.new_zeros(ptr.numel() - 1, matrices.size(1))
    maps = matrices.transpose(1, 2).flatten(0, 1)
    for tile in _tiles(ptr, functions.size(1), x.size(1)):
        values, features = _gathered(tile, functions, x, source)
        out[tile.nodes] = torch.bmm(values.mT, features).flatten(1) @ maps
    return out


@_forward.register_fake
def _(functions: Tensor, x: Tensor, matrices: Tensor, source: Tensor, ptr: Tensor) -> Tensor:
    return x.new_empty(ptr.numel() - 1, matrices.size(1))


@torch.library.custom_op("pyg_liesym::edge_sums_backward", mutates_args=())
def _backward(
    grad: Tensor, functions: Tensor, x: Tensor, matrices: Tensor, source: Tensor, ptr: Tensor, moving: bool
) -> tuple[Tensor, Tensor, Tensor]:
    grad_functions = torch.zeros_like(functions) if moving else functions.new_empty(0)
    grad_x, grad_maps = torch.zeros_like(x), x.new_zeros(matrices.size(0) * matrices.size(2), matrices.size(1))
    maps = matrices.transpose(1, 2).flatten(0, 1)
    for tile in _tiles(ptr, functions.size(1), x.size(1)):
        values, features = _gathered(tile, functions, x, source)
        sums, grad_out = torch.bmm(values.mT, features), grad[tile.nodes]
        grad_maps += sums.flatten(1).mT @ grad_out
        grad_sums = (grad_out @ maps.mT).view_as(sums)
        grad_x.index_add_(0, source[tile.edges].flatten(), torch.bmm(values, grad_sums).flatten(0, 1))
        if moving:
            per_edge = torch.bmm(features, grad_sums.mT)
            grad_functions[tile.edges[tile.there]] = per_edge[tile.there]
    return grad_functions, grad_x, grad_maps.view(matrices.size(0), matrices.size(2), -1).transpose(1, 2).contiguous()


@_backward.register_fake
def _(
    grad: Tensor, functions: Tensor, x: Tensor, matrices: Tensor, source: Tensor, ptr: Tensor, moving: bool
) -> tuple[Tensor, Tensor, Tensor]:
    grad_functions = torch.empty_like(functions) if moving else functions.new_empty(0)
    return grad_functions, torch.empty_like(x), torch.empty_like(matrices)


def _save(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _differentiate(ctx: Any, grad: Tensor) -> tuple[OptTensor, ...]:
    functions, x, matrices, source, ptr = ctx.saved_tensors
    moving = ctx.needs_input_grad[0]
    with without_autocast(x.device):
        if torch.is_grad_enabled():  # the gradient is to be differentiated once more
            return (*_listed_gradients(grad, functions, x, matrices, source, ptr), None, None)
        grads = _backward(grad.contiguous(), functions, x, matrices, source, ptr, moving)
    return (grads[0] if moving else None), grads[1], grads[2], None, None


def _listed_gradients(
    grad: Tensor, functions: Tensor, x: Tensor, matrices: Tensor, source: Tensor, ptr: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The same gradients edge by edge, by operators that can be differentiated as often as one likes."""
    target = torch.arange(ptr.numel() - 1, device=ptr.device).repeat_interleave(ptr.diff())
    arriving, leaving = grad[target], x[source]
    lowered = torch.einsum("eo,poc->epc", arriving, matrices)
    return (
        (lowered * leaving[:, None]).sum(-1),
        torch.zeros_like(x).index_add(0, source, (functions[..., None] * lowered).sum(1)),
        torch.einsum("ep,eo,ec->poc", functions, arriving, leaving),
    )


_forward.register_autograd(_differentiate, setup_context=_save)


def edge_sums(functions: Tensor, x: Tensor, matrices: Tensor, source: Tensor, ptr: Tensor) -> Tensor:
    r"""Convolve node features along edges, :math:`y_i = \sum_{e: j \to i} \sum_p q_p(e)\, M_p\, x_j`.

    The sums :math:`\sum_e q_p(e)\, x_j` are made tile by tile of similar target nodes, mapped, and made again in the
    backward pass: nothing of size edges × channels outlives a tile. Only a gradient that is to be differentiated in
    turn, as of energies for forces, is made edge by edge. Half precision is summed in single.

    Args:
        functions: q, for edges that are sorted by target.
        x: Features of the nodes.
        matrices: M.
        source: Source of every edge.
        ptr: Where the edges of each target begin and end.

    Shapes:
        - **functions**: :math:`(|E|, P)`; **x**: :math:`(N, C_{in})`; **matrices**: :math:`(P, C_{out}, C_{in})`;
          **source**: :math:`(|E|)`; **ptr**: :math:`(N + 1)`; **output**: :math:`(N, C_{out})`

    Example:
        >>> edge_sums(torch.ones(2, 1), torch.eye(2), torch.eye(2)[None], torch.tensor([0, 1]), torch.tensor([0, 0, 2]))
        tensor([[0., 0.],
                [1., 1.]])
    """
    dtype = torch.promote_types(x.dtype, torch.float32)
    with without_autocast(x.device):
        out: Tensor = _forward(functions.to(dtype), x.to(dtype), matrices.to(dtype), source, ptr)
    return out.to(x.dtype)
