"""From nodes to the first layer of an edge, and the gradient back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.cuts import Cut
from pyg_liesym.nn.message.maps import Setting
from pyg_liesym.nn.message.products import linear
from pyg_liesym.nn.message.tiles import Tile
from pyg_liesym.typing import OptTensor


class Nodes(NamedTuple):
    r"""What an edge reads: :math:`z_{ij} = t_i + s_j + W^\top (\psi(\text{invariants}_{ij}), a_{ij})`.

    Vectors come component by component. ``lowered`` is :math:`J^\top x` for each form, so that
    :math:`\langle x_i, x_j\rangle_J = \text{lowered}_i \cdot x_j`; ``metric`` is the symmetric part of each form, since
    squared norms are taken of differences, which lose nothing far from the origin.

    Shapes:
        - **target**, **source**: :math:`(N, H)`; **weight**: :math:`(K, H)`
        - **pos**: :math:`(n, N)`; **metric**: :math:`(F, n, n)`; **lowered**: :math:`(F, n, N)`;
          **edge_attr**: :math:`(|E|, D)` or ``None``
    """

    target: Tensor
    source: Tensor
    weight: Tensor
    pos: Tensor
    metric: Tensor
    lowered: Tensor
    edge_attr: OptTensor


class Wanted(NamedTuple):
    """Which gradients somebody waits for: of what the scalars are made of, and of the forms."""

    scalars: bool
    metric: bool


def wanted(needs_input_grad: Sequence[bool]) -> Wanted:
    """What an operator that begins with the fields of :class:`Nodes` has to differentiate."""
    needed = Nodes(*needs_input_grad[: len(Nodes._fields)])  # type: ignore[arg-type]
    return Wanted(bool(needed.pos or needed.lowered or needed.metric or needed.edge_attr), bool(needed.metric))


# Fields of Nodes that have a value a node, and the dimension of the nodes.
_AT_NODES = {"target": 0, "source": 0, "pos": 1, "lowered": 2}


def at_places(found: Cut, nodes: Nodes) -> Nodes:
    """What the edges of a cut read, in the order of its tiles."""
    return nodes._replace(**{name: found.to_places(getattr(nodes, name), dim) for name, dim in _AT_NODES.items()})


def at_nodes(found: Cut, nodes: Nodes) -> Nodes:
    """The inverse of :func:`at_places`."""
    return nodes._replace(**{name: found.to_nodes(getattr(nodes, name), dim) for name, dim in _AT_NODES.items()})


class Pairs(NamedTuple):
    """Scalars of the edges of a tile: ``raw`` before ψ, ``scalars`` all that enter, :math:`(K, E)`."""

    relative: OptTensor
    lowered: OptTensor
    raw: Tensor
    scalars: Tensor


def forward_pairs(tile: Tile, nodes: Nodes, setting: Setting, moves: bool, z: Tensor) -> Pairs:
    """Write z and return the scalars that made it."""
    pairs = forward_scalars(tile, nodes, setting, moves)
    tile.pair_sum(nodes.target, nodes.source, z)
    if len(pairs.scalars):
        z.addmm_(pairs.scalars.t(), nodes.weight)
    return pairs


def forward_scalars(tile: Tile, nodes: Nodes, setting: Setting, moves: bool) -> Pairs:
    """The scalars of the edges of a tile, and the differences they are made of (``moves``: those even without)."""
    forms, n = nodes.metric.shape[:2]
    raw = nodes.pos.new_empty(forms * (setting.distance + setting.inner), tile.num_edges)
    relative = tile.difference(nodes.pos) if setting.distance or moves else None
    lowered = None
    if setting.distance:
        assert relative is not None
        lowered = (nodes.metric.flatten(0, 1) @ relative).view(forms, n, -1)
        torch.sum(lowered * relative, 1, out=raw[:forms])
    if setting.inner:
        for form, row in zip(nodes.lowered, raw[-forms:], strict=True):
            row.copy_(tile.product(form, nodes.pos))
    scalars = raw
    if setting.log:
        scalars = raw.abs().log1p_().copysign_(raw)
    if nodes.edge_attr is not None:
        scalars = torch.cat([scalars, tile.edge_attr(nodes.edge_attr)])
    return Pairs(relative, lowered, raw, scalars)


def backward_pairs(
    tile: Tile,
    nodes: Nodes,
    setting: Setting,
    pairs: Pairs,
    grad_z: Tensor,
    grad_relative: OptTensor,
    grads: Nodes,
    wanted: Wanted,
) -> None:
    """Add the gradients of the nodes from those of z and of the differences."""
    tile.sum_targets(grad_z, grads.target)
    tile.sum_sources(grad_z, grads.source)
    if len(pairs.scalars):
        grads.weight.addmm_(pairs.scalars, grad_z)
    if any(wanted):
        grad = linear(grad_z, nodes.weight, None, grad_z.new_empty(tile.num_edges, len(pairs.scalars)))
        backward_scalars(tile, nodes, setting, pairs, grad.t().contiguous(), grad_relative, grads, wanted)


def backward_scalars(
    tile: Tile,
    nodes: Nodes,
    setting: Setting,
    pairs: Pairs,
    grad: Tensor,
    grad_relative: OptTensor,
    grads: Nodes,
    wanted: Wanted,
) -> None:
    """Add the gradients of the vectors, forms and ``edge_attr`` from those of the scalars, and of the differences."""
    forms, count = nodes.metric.size(0), pairs.raw.size(0)
    if nodes.edge_attr is not None:
        assert grads.edge_attr is not None
        tile.edge_attr_backward(grad[count:], grads.edge_attr)
        grad = grad[:count]
    if setting.log:
        grad = grad / pairs.raw.abs().add_(1.0)
    if setting.distance:
        assert pairs.relative is not None
        assert pairs.lowered is not None
        by_form = grad[:forms, None]
        if wanted.metric:
            grads.metric.add_((by_form * pairs.relative) @ pairs.relative.t())
        from_distance = (2 * by_form * pairs.lowered).sum(0)
        grad_relative = from_distance if grad_relative is None else grad_relative.add_(from_distance)
    if grad_relative is not None:
        tile.sum_components(grad_relative, grads.pos, grads.pos, sign=-1.0)
    if setting.inner:
        for row, form, grad_form in zip(grad[count - forms :], nodes.lowered, grads.lowered, strict=True):
            tile.product_backward(row, form, nodes.pos, grad_form, grads.pos)
