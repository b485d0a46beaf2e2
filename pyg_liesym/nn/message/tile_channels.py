"""Scalars and shifts of the vector channels of a tile, and their gradients."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.invariants import ChannelLayout
from pyg_liesym.nn.message.operands import ChannelNodes
from pyg_liesym.nn.message.products import linear
from pyg_liesym.nn.message.tile_scalars import Needed
from pyg_liesym.nn.message.tiles import Tile
from pyg_liesym.typing import OptTensor


class ChannelScalars(NamedTuple):
    r"""Scalars of the edges of a tile: ``raw`` before ψ, ``entering`` all that enter, and what they are made of.

    Shapes:
        - **relative**: :math:`(E, n)`, and **flat** the same for every channel, :math:`(E, n C)`
        - **vectors**: of the sources, and for each form **lowered**: of the targets, as they go with pairs
        - **turned**: :math:`J^\top r` for each form, :math:`(E, n)`; **raw**, **entering**: :math:`(E, K)`
    """

    relative: Tensor
    flat: Tensor
    vectors: Tensor
    lowered: list[Tensor]
    turned: list[Tensor]
    raw: Tensor
    entering: Tensor


def forward_channels(tile: Tile, nodes: ChannelNodes, layout: ChannelLayout, z: Tensor) -> ChannelScalars:
    """Write z and return the scalars that made it, in the order of ``channel_invariants``."""
    scalars = _scalars(tile, nodes, layout)
    tile.pair_sum(nodes.target, nodes.source, z)
    z.addmm_(scalars.entering, nodes.weight)
    return scalars


def _scalars(tile: Tile, nodes: ChannelNodes, layout: ChannelLayout) -> ChannelScalars:
    relative = (tile.targets(nodes.pos) - tile.sources(nodes.pos)).view(tile.num_edges, -1)
    flat, v_j = relative @ layout.spread, tile.sources(nodes.vectors)
    lowered = [tile.targets(each) for each in _by_form(nodes.lowered, nodes.metric)]
    turned, scalars = [relative @ metric for metric in nodes.metric], []
    for lowered_i, own in zip(lowered, turned, strict=True):
        scalars.append((own * relative).sum(1, keepdim=True) * layout.scales)
        factors = (tile.pairs(flat), lowered_i), (tile.pairs(own @ layout.spread), v_j), (v_j, lowered_i)
        scalars += [(left * right).view(tile.num_edges, -1) @ layout.total for left, right in factors]
    raw = torch.cat(scalars, 1)
    entering = raw.abs().log1p_().copysign_(raw)
    if nodes.edge_attr is not None:
        entering = torch.cat([entering, tile.edge_attr(nodes.edge_attr).t()], 1)
    return ChannelScalars(relative, flat, v_j, lowered, turned, raw, entering)


def _by_form(lowered: Tensor, metric: Tensor) -> tuple[Tensor, ...]:
    return lowered.chunk(metric.size(0), 1)


def forward_shifts(tile: Tile, layout: ChannelLayout, scalars: ChannelScalars, move: Tensor, out: Tensor) -> None:
    """Add the shifts of all channels at the targets, from the coefficients of differences and of vectors."""
    tile.mask(move)
    along, carried = (tile.pairs(each @ layout.total.t()) for each in move.chunk(2, 1))
    shift = (along * tile.pairs(scalars.flat)).addcmul_(carried, scalars.vectors)
    tile.sum_targets(shift.view(tile.num_edges, -1), out)


class ShiftGrads(NamedTuple):
    """Gradients from the shifts: of the coefficients, of the sources' vectors, and of the differences, each flat."""

    move: Tensor
    vectors: Tensor
    flat: OptTensor


def backward_shifts(
    tile: Tile, layout: ChannelLayout, scalars: ChannelScalars, move: Tensor, grad_out: Tensor, needed: Needed
) -> ShiftGrads:
    """Gradients from that of :func:`forward_shifts`."""
    grad_i, seen = tile.targets(grad_out), (tile.pairs(scalars.flat), scalars.vectors)
    tile.mask(move)
    along, carried = (tile.pairs(each @ layout.total.t()) for each in move.chunk(2, 1))
    products = [(grad_i * each).view(tile.num_edges, -1) @ layout.total for each in seen]
    grad_move = torch.cat(products, 1)
    tile.mask(grad_move)
    return ShiftGrads(grad_move, carried.mul_(grad_i), along.mul_(grad_i) if any(needed) else None)


def backward_channels(
    tile: Tile,
    nodes: ChannelNodes,
    layout: ChannelLayout,
    scalars: ChannelScalars,
    grad_z: Tensor,
    shifts: ShiftGrads | None,
    grads: ChannelNodes,
    needed: Needed,
) -> None:
    """Add the gradients of the nodes from those of z and of the shifts, of differences and forms if they are needed."""
    tile.sum_targets(grad_z, grads.target)
    tile.sum_sources(grad_z, grads.source)
    grads.weight.addmm_(scalars.entering.t(), grad_z)
    grad = linear(grad_z, nodes.weight, None, grad_z.new_empty(tile.num_edges, nodes.weight.size(0)))
    if nodes.edge_attr is not None:
        assert grads.edge_attr is not None
        tile.edge_attr_backward(grad[:, scalars.raw.size(1) :].t(), grads.edge_attr)
    grad = grad[:, : scalars.raw.size(1)] / (scalars.raw.abs() + 1.0)
    like = tile.pairs(scalars.flat)
    flat = None if shifts is None else shifts.flat
    if flat is None and any(needed):
        flat = torch.zeros_like(like)
    vectors = torch.zeros_like(like) if shifts is None else shifts.vectors
    ends = _EndGrads(vectors, flat, torch.zeros_like(scalars.relative))
    for form, own in enumerate(grad.chunk(nodes.metric.size(0), 1)):
        _backward_form(tile, nodes, layout, scalars, form, own, ends, grads)
    tile.sum_sources(ends.vectors.view(tile.num_edges, -1), grads.vectors)
    if ends.flat is not None:
        ends.relative.addmm_(ends.flat.view(tile.num_edges, -1), layout.spread.t())
        tile.sum_targets(ends.relative, grads.pos)
        tile.sum_sources(ends.relative.neg_(), grads.pos)


class _EndGrads(NamedTuple):
    """Gradients to add to: of the sources' vectors, and of the differences, flat (if needed) and as they are."""

    vectors: Tensor
    flat: OptTensor
    relative: Tensor


def _backward_form(
    tile: Tile,
    nodes: ChannelNodes,
    layout: ChannelLayout,
    scalars: ChannelScalars,
    form: int,
    grad: Tensor,
    ends: _EndGrads,
    grads: ChannelNodes,
) -> None:
    """Add the gradients from the scalars of one form."""
    count, channels = layout.scales.numel(), layout.total.size(1)
    lowered, turned, v_j = scalars.lowered[form], scalars.turned[form], scalars.vectors
    distance, *products = grad.split([count, channels, channels, channels], 1)
    by_target, by_source, both = (tile.pairs(each @ layout.total.t()) for each in products)
    at_targets = (by_target * tile.pairs(scalars.flat)).addcmul_(both, v_j)
    tile.sum_targets(at_targets.view(tile.num_edges, -1), _by_form(grads.lowered, nodes.metric)[form])
    ends.vectors.addcmul_(both, lowered).addcmul_(by_source, tile.pairs(turned @ layout.spread))
    if ends.flat is None:
        return
    ends.flat.addcmul_(by_target, lowered)
    squares = distance @ layout.scales[:, None]
    grad_turned = (by_source * v_j).view(tile.num_edges, -1) @ layout.spread.t()
    grad_turned.addcmul_(squares, scalars.relative)
    ends.relative.addmm_(grad_turned, nodes.metric[form].t()).addcmul_(squares, turned)
    grads.metric[form].addmm_(scalars.relative.t(), grad_turned)
