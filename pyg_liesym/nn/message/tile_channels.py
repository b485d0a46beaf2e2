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
        - **lowered**: :math:`J^\top r` for each form, :math:`(F, E, n)`; **raw**, **entering**: :math:`(E, K)`
    """

    relative: Tensor
    flat: Tensor
    lowered: list[Tensor]
    raw: Tensor
    entering: Tensor


def forward_channels(tile: Tile, nodes: ChannelNodes, layout: ChannelLayout, z: Tensor) -> ChannelScalars:
    """Write z and return the scalars that made it, in the order of ``channel_invariants``."""
    scalars = _scalars(tile, nodes, layout)
    tile.pair_sum(nodes.target, nodes.source, z)
    z.addmm_(scalars.entering, nodes.weight)
    return scalars


def _scalars(tile: Tile, nodes: ChannelNodes, layout: ChannelLayout) -> ChannelScalars:
    pos_i, pos_j = tile.ends(nodes.pos)
    relative = (pos_i - pos_j).view(tile.num_edges, -1)
    flat = relative @ layout.spread
    v_j = tile.ends(nodes.vectors)[1]
    by_form, scalars = [], []
    for metric, lowered in zip(nodes.metric, _by_form(nodes.lowered, nodes.metric), strict=True):
        turned, lowered_i = relative @ metric, tile.ends(lowered)[0]
        by_form.append(turned)
        scalars.append((turned * relative).sum(1, keepdim=True) * layout.scales)
        factors = (tile.pairs(flat), lowered_i), (tile.pairs(turned @ layout.spread), v_j), (v_j, lowered_i)
        scalars += [(left * right).view(tile.num_edges, -1) @ layout.total for left, right in factors]
    raw = torch.cat(scalars, 1)
    entering = raw.abs().log1p_().copysign_(raw)
    if nodes.edge_attr is not None:
        entering = torch.cat([entering, tile.edge_attr(nodes.edge_attr).t()], 1)
    return ChannelScalars(relative, flat, by_form, raw, entering)


def _by_form(lowered: Tensor, metric: Tensor) -> tuple[Tensor, ...]:
    return lowered.chunk(metric.size(0), 1)


def forward_shifts(
    tile: Tile, nodes: ChannelNodes, layout: ChannelLayout, flat: Tensor, move: Tensor, out: Tensor
) -> None:
    """Add the shifts of all channels at the targets, from the coefficients of differences and of vectors."""
    tile.mask(move)
    along, carried = (tile.pairs(each @ layout.total.t()) for each in move.chunk(2, 1))
    shift = (along * tile.pairs(flat)).addcmul_(carried, tile.ends(nodes.vectors)[1])
    tile.sum_targets(shift.view(tile.num_edges, -1), out)


class ShiftGrads(NamedTuple):
    """Gradients from the shifts: of the coefficients, of the sources' vectors, and of the differences, each flat."""

    move: Tensor
    vectors: Tensor
    flat: OptTensor


def backward_shifts(
    tile: Tile, nodes: ChannelNodes, layout: ChannelLayout, flat: Tensor, move: Tensor, grad_out: Tensor, needed: Needed
) -> ShiftGrads:
    """Gradients from that of :func:`forward_shifts`."""
    grad_i, v_j = tile.ends(grad_out)[0], tile.ends(nodes.vectors)[1]
    tile.mask(move)
    along, carried = (tile.pairs(each @ layout.total.t()) for each in move.chunk(2, 1))
    products = [(grad_i * each).view(tile.num_edges, -1) @ layout.total for each in (tile.pairs(flat), v_j)]
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
    v_j, flat = tile.ends(nodes.vectors)[1], tile.pairs(scalars.flat)
    grad_j = None if shifts is None else shifts.vectors
    grad_flat = None if shifts is None else shifts.flat
    grad_relative = torch.zeros_like(scalars.relative)
    forms = zip(
        grad.chunk(nodes.metric.size(0), 1), nodes.metric, _by_form(nodes.lowered, nodes.metric),
        _by_form(grads.lowered, nodes.metric), scalars.lowered, strict=True,
    )  # fmt: skip
    for form, (own, metric, lowered, grad_lowered, turned) in enumerate(forms):
        count, channels = layout.scales.numel(), layout.total.size(1)
        distance, *products = own.split([count, channels, channels, channels], 1)
        by_target, by_source, both = (tile.pairs(each @ layout.total.t()) for each in products)
        lowered_i = tile.ends(lowered)[0]
        tile.sum_targets((by_target * flat).addcmul_(both, v_j).view(tile.num_edges, -1), grad_lowered)
        from_form = (both * lowered_i).addcmul_(by_source, tile.pairs(turned @ layout.spread))
        grad_j = from_form if grad_j is None else grad_j.add_(from_form)
        if any(needed):
            grad_flat = by_target.mul_(lowered_i) if grad_flat is None else grad_flat.addcmul_(by_target, lowered_i)
            squares = distance @ layout.scales[:, None]
            grad_turned = (by_source * v_j).view(tile.num_edges, -1) @ layout.spread.t()
            grad_turned.addcmul_(squares, scalars.relative)
            grad_relative.addmm_(grad_turned, metric.t()).addcmul_(squares, turned)
            grads.metric[form].addmm_(scalars.relative.t(), grad_turned)
    assert grad_j is not None
    tile.sum_sources(grad_j.view(tile.num_edges, -1), grads.vectors)
    if grad_flat is not None:
        grad_relative.addmm_(grad_flat.view(tile.num_edges, -1), layout.spread.t())
        tile.sum_targets(grad_relative, grads.pos)
        tile.sum_sources(grad_relative.neg_(), grads.pos)
