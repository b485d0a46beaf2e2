"""From nodes to the scalars and the first map of the edges of a tile, and the gradient back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.operands import Choices, Nodes
from pyg_liesym.nn.message.products import linear
from pyg_liesym.nn.message.tiles import Tile
from pyg_liesym.typing import OptTensor


class Needed(NamedTuple):
    """Which gradients somebody waits for: of what the scalars are made of, and of the forms."""

    scalars_too: bool
    metric_too: bool


def needed(needs_input_grad: Sequence[bool]) -> Needed:
    """What an operator that begins with the fields of :class:`Nodes` has to differentiate."""
    nodes = Nodes(*needs_input_grad[: len(Nodes._fields)])  # type: ignore[arg-type]
    return Needed(bool(nodes.pos or nodes.lowered or nodes.metric or nodes.edge_attr), bool(nodes.metric))


class Scalars(NamedTuple):
    """Scalars of the edges of a tile: ``raw`` before ψ, ``entering`` all that enter, :math:`(K, E)`."""

    relative: OptTensor
    lowered: OptTensor
    raw: Tensor
    entering: Tensor


def forward_first(tile: Tile, nodes: Nodes, choices: Choices, moves: bool, z: Tensor) -> Scalars:
    """Write z and return the scalars that made it."""
    scalars = forward_scalars(tile, nodes, choices, moves)
    tile.pair_sum(nodes.target, nodes.source, z)
    if len(scalars.entering):
        z.addmm_(scalars.entering.t(), nodes.weight)
    return scalars


def forward_scalars(tile: Tile, nodes: Nodes, choices: Choices, moves: bool) -> Scalars:
    """The scalars of the edges of a tile, and the differences they are made of (``moves``: those even without)."""
    forms, n = nodes.metric.shape[:2]
    raw = nodes.pos.new_empty(forms * (choices.distance + choices.inner), tile.num_edges)
    relative = tile.difference(nodes.pos) if choices.distance or moves else None
    lowered = None
    if choices.distance:
        assert relative is not None
        lowered = (nodes.metric.flatten(0, 1) @ relative).view(forms, n, -1)
        torch.sum(lowered * relative, 1, out=raw[:forms])
    if choices.inner:
        for form, row in zip(nodes.lowered, raw[-forms:], strict=True):
            row.copy_(tile.product(form, nodes.pos))
    entering = raw
    if choices.psi == "log":
        entering = raw.abs().log1p_().copysign_(raw)
    if nodes.edge_attr is not None:
        entering = torch.cat([entering, tile.edge_attr(nodes.edge_attr)])
    return Scalars(relative, lowered, raw, entering)


def backward_first(
    tile: Tile,
    nodes: Nodes,
    choices: Choices,
    scalars: Scalars,
    grad_z: Tensor,
    grad_relative: OptTensor,
    grads: Nodes,
    needed: Needed,
) -> None:
    """Add the gradients of the nodes from those of z and of the differences."""
    tile.sum_targets(grad_z, grads.target)
    tile.sum_sources(grad_z, grads.source)
    if len(scalars.entering):
        grads.weight.addmm_(scalars.entering, grad_z)
    if any(needed):
        grad = linear(grad_z, nodes.weight, None, grad_z.new_empty(tile.num_edges, len(scalars.entering)))
        backward_scalars(tile, nodes, choices, scalars, grad.t().contiguous(), grad_relative, grads, needed)


def backward_scalars(
    tile: Tile,
    nodes: Nodes,
    choices: Choices,
    scalars: Scalars,
    grad: Tensor,
    grad_relative: OptTensor,
    grads: Nodes,
    needed: Needed,
) -> None:
    """Add the gradients of the vectors, forms and ``edge_attr`` from those of the scalars, and of the differences."""
    forms, count = nodes.metric.size(0), scalars.raw.size(0)
    if nodes.edge_attr is not None:
        assert grads.edge_attr is not None
        tile.edge_attr_backward(grad[count:], grads.edge_attr)
        grad = grad[:count]
    if choices.psi == "log":
        grad = grad / scalars.raw.abs().add_(1.0)
    if choices.distance:
        assert scalars.relative is not None
        assert scalars.lowered is not None
        by_form = grad[:forms, None]
        if needed.metric_too:
            grads.metric.add_((by_form * scalars.relative) @ scalars.relative.t())
        from_distance = (2 * by_form * scalars.lowered).sum(0)
        grad_relative = from_distance if grad_relative is None else grad_relative.add_(from_distance)
    if grad_relative is not None:
        tile.sum_components(grad_relative, grads.pos, grads.pos, sign=-1.0)
    if choices.inner:
        for row, form, grad_form in zip(grad[count - forms :], nodes.lowered, grads.lowered, strict=True):
            tile.product_backward(row, form, nodes.pos, grad_form, grads.pos)
