"""The maps of an edge within one tile, forward and backward, written into buffers that every tile uses again."""

from __future__ import annotations

import threading
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.operands import Activation, Choices, Maps
from pyg_liesym.nn.message.products import add_outer_products, add_product, linear
from pyg_liesym.nn.message.tiles import Tile
from pyg_liesym.typing import OptTensor

aten = torch.ops.aten


_kept = threading.local()


def _room(count: int, num_edges: int, channels: int, like: Tensor) -> list[Tensor]:
    """Uninitialised ``(count, E, H)``; on a CPU memory that the thread keeps: fresh pages cost more than the maths."""
    if like.device.type != "cpu":
        return list(like.new_empty(count, num_edges, channels))
    need = count * num_edges * channels
    kept: Tensor | None = getattr(_kept, str(like.dtype), None)
    if kept is None or kept.numel() < need:
        with torch.inference_mode(False):  # a later call may be a training step
            kept = torch.empty(need, dtype=like.dtype)
        setattr(_kept, str(like.dtype), kept)
    return list(kept[:need].view(count, num_edges, channels))


class Values(NamedTuple):
    """The values of a tile's edges, :math:`(E, H)` each: before and after each activation, and a gradient."""

    z1: Tensor
    u: Tensor
    z2: Tensor
    m: Tensor
    z3: Tensor
    p: Tensor
    grad: Tensor

    @classmethod
    def reserve(cls, num_edges: int, channels: int, like: Tensor, backward: bool) -> Values:
        """Memory for the largest tile; without ``backward`` no more than a forward pass needs."""
        room = _room(7 if backward else 2, num_edges, channels, like)
        return cls(*room) if backward else cls(room[0], room[0], room[1], room[1], room[0], room[0], room[0])

    def of_edges(self, num_edges: int) -> Values:
        """The first rows of each."""
        return Values(*(t[:num_edges] for t in self))


def activate(z: Tensor, out: Tensor, act: Activation) -> None:
    """Write σ(z)."""
    if act == "relu":
        torch.clamp_min(z, 0.0, out=out)
    else:
        aten.silu.out(z, out=out)


def activate_backward(grad: Tensor, z: Tensor, y: Tensor, act: Activation) -> None:
    """Replace z by the gradient of σ at it times ``grad``; y is σ(z)."""
    if act == "relu":
        aten.threshold_backward.grad_input(grad, y, 0.0, grad_input=z)
    else:
        aten.silu_backward.grad_input(grad, z, grad_input=z)


def forward_maps(tile: Tile, maps: Maps, choices: Choices, values: Values) -> tuple[Values, Tensor, OptTensor]:
    """From z₁ among the values to the message, and gate and move, :math:`(E)` or :math:`(E, M)`, of every edge."""
    activate(values.z1, values.u, choices.act)
    values = values._replace(z2=linear(values.u, maps.w2, maps.b2, values.z2))
    m = values.m
    activate(values.z2, m, choices.act)
    if maps.wg is None:
        gate = m.new_ones(m.size(0))
    else:
        assert maps.bg is not None
        gate = torch.addmv(maps.bg, m, maps.wg).sigmoid_()
    tile.mask(gate)
    if maps.w4 is None:
        return values, gate, None
    gated = choices.sight == "gated"
    if maps.w3 is None:
        move = _last(m, maps.w4)
        if gated:
            move *= gate if move.dim() == 1 else gate[:, None]
        return values, gate, move if maps.b4 is None else move.add_(maps.b4)
    assert maps.b3 is not None
    if gated:
        z3 = linear(m, maps.w3, None, values.z3)
        torch.addcmul(maps.b3, z3, gate[:, None], out=z3)
    else:
        z3 = linear(m, maps.w3, maps.b3, values.z3)
    activate(z3, values.p, choices.act)
    move = _last(values.p, maps.w4)
    return values._replace(z3=z3), gate, move if maps.b4 is None else move.add_(maps.b4)


def _last(values: Tensor, w4: Tensor) -> Tensor:
    return torch.mv(values, w4) if w4.dim() == 1 else torch.mm(values, w4.t())


def _last_input(grad_move: Tensor, w4: Tensor, out: Tensor) -> None:
    """Write the gradient of what the last map sees."""
    if w4.dim() == 1:
        torch.mul(grad_move[:, None], w4, out=out)
    else:
        torch.mm(grad_move, w4, out=out)


def _last_weight(grad_move: Tensor, values: Tensor, grad_w4: Tensor) -> None:
    """Add the gradient of the weight of the last map, which saw ``values``."""
    if grad_w4.dim() == 1:
        grad_w4.addmv_(values.t(), grad_move)
    else:
        add_outer_products(grad_w4, grad_move, values)


def backward_maps(
    tile: Tile,
    maps: Maps,
    choices: Choices,
    values: Values,
    gate: Tensor,
    grad_sum: Tensor,
    grad_move: OptTensor,
    grads: Maps,
) -> Tensor:
    """Gradient of z₁, :math:`(E, H)`, from those of the sums and of the move; adds those of the parameters."""
    if grad_move is not None and maps.b4 is not None:
        assert grads.b4 is not None
        grads.b4.add_(grad_move.sum(0))
    if grad_move is not None and maps.w3 is not None:
        _through_hidden_layer(maps, choices, values, grad_move, grads)
    if choices.sight == "gated" and grad_move is not None:
        grad = _behind_the_gate(tile, maps, values, gate, grad_sum, grad_move, grads)
    else:
        grad = _before_the_gate(tile, maps, values, gate, grad_sum, grad_move, grads)
    activate_backward(grad, values.z2, values.m, choices.act)
    add_outer_products(grads.w2, values.z2, values.u)
    grads.b2.add_(values.z2.sum(0))
    activate_backward(linear(values.z2, maps.w2.t(), None, values.grad), values.z1, values.u, choices.act)
    return values.z1


def _through_hidden_layer(maps: Maps, choices: Choices, values: Values, grad_move: Tensor, grads: Maps) -> None:
    """Replace z₃ by its gradient."""
    assert maps.w4 is not None
    assert grads.b3 is not None
    assert grads.w4 is not None
    _last_weight(grad_move, values.p, grads.w4)
    _last_input(grad_move, maps.w4, values.grad)
    activate_backward(values.grad, values.z3, values.p, choices.act)
    grads.b3.add_(values.z3.sum(0))


def _behind_the_gate(
    tile: Tile, maps: Maps, values: Values, gate: Tensor, grad_sum: Tensor, grad_move: Tensor, grads: Maps
) -> Tensor:
    """Gradient of the message, of which the move sees what is behind the gate."""
    grad = values.grad
    assert grads.w4 is not None
    assert maps.w4 is not None
    if maps.w3 is None:
        _last_input(grad_move, maps.w4, grad)
        _last_weight(grad_move * (gate if grad_move.dim() == 1 else gate[:, None]), values.m, grads.w4)
    else:
        assert grads.w3 is not None
        grad = linear(values.z3, maps.w3.t(), None, grad)
        add_outer_products(grads.w3, values.z3.mul_(gate[:, None]), values.m)
    tile.add_targets(grad_sum, grad)
    grad_gate = (grad * values.m).sum(1)
    grad *= gate[:, None]
    if maps.wg is not None:
        grad.addr_(_through_gate(values.m, gate, grad_gate, grads), maps.wg)
    return grad


def _before_the_gate(
    tile: Tile, maps: Maps, values: Values, gate: Tensor, grad_sum: Tensor, grad_move: OptTensor, grads: Maps
) -> Tensor:
    """Gradient of the message, which a move sees before the gate."""
    grad = values.grad
    if maps.wg is None:
        tile.outer(gate, grad_sum, None, None, grad)
    else:
        grad_gate = _through_gate(values.m, gate, tile.dot(values.m, grad_sum, grad), grads)
        tile.outer(gate, grad_sum, grad_gate, maps.wg, grad)
    if grad_move is None:
        return grad
    if maps.w3 is None:
        assert grads.w4 is not None
        assert maps.w4 is not None
        grads.w4.addmv_(values.m.t(), grad_move)
        return grad.addr_(grad_move, maps.w4)
    assert grads.w3 is not None
    add_outer_products(grads.w3, values.z3, values.m)
    return add_product(grad, values.z3, maps.w3.t())


def _through_gate(m: Tensor, gate: Tensor, grad_gate: Tensor, grads: Maps) -> Tensor:
    """Gradient of the gate before its sigmoid, from that behind it."""
    assert grads.wg is not None
    assert grads.bg is not None
    grad_gate = grad_gate * gate * (1 - gate)
    grads.wg.addmv_(m.t(), grad_gate)
    grads.bg.add_(grad_gate.sum())
    return grad_gate
