"""The maps of an edge within one tile, forward and backward, written into buffers that every tile uses again."""

from __future__ import annotations

import threading
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.nn.message.products import add_outer_products, add_product, linear
from pyg_liesym.nn.message.tiles import Tile
from pyg_liesym.typing import OptTensor

aten = torch.ops.aten


class Maps(NamedTuple):
    r"""Parameters of the maps of an edge and how they are put together.

    :math:`m = \sigma(W_2 \sigma(z) + b_2)`, gate :math:`g = \mathrm{sigmoid}(w_g m + b_g)`,
    move :math:`c = w_4 \sigma(W_3 m + b_3)`, or :math:`c = w_4 m` without ``w3``.

    Shapes:
        - **w2**, **w3**: :math:`(H, H)`; **b2**, **b3**, **wg**, **w4**: :math:`(H)`; **bg**: :math:`(1)`
    """

    w2: Tensor
    b2: Tensor
    wg: OptTensor
    bg: OptTensor
    w3: OptTensor
    b3: OptTensor
    w4: OptTensor


class Setting(NamedTuple):
    """Which invariants enter, through which functions.

    ``relu`` chooses the activation (SiLU otherwise), ``gated_move`` whether the move sees the gated message, and
    ``clamp`` bounds every component of a shift (0: no bound).
    """

    distance: bool
    inner: bool
    log: bool
    relu: bool
    gated_move: bool
    clamp: float


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


class Room(NamedTuple):
    """Where the values of a tile's edges are, :math:`(E, H)` each: before and after each activation, and a gradient."""

    z1: Tensor
    u: Tensor
    z2: Tensor
    m: Tensor
    z3: Tensor
    p: Tensor
    grad: Tensor


class Buffers:
    """Room for the values of one tile, :math:`(E, H)` each; without ``backward`` only what a forward pass needs."""

    def __init__(self, num_edges: int, channels: int, like: Tensor, backward: bool) -> None:
        room = _room(7 if backward else 2, num_edges, channels, like)
        self.all = room if backward else [room[0], room[0], room[1], room[1], room[0], room[0], room[0]]

    def take(self, num_edges: int) -> Room:
        """The first rows of each."""
        return Room(*(t[:num_edges] for t in self.all))


class Values(NamedTuple):
    """What the forward maps of a tile leave for the sums and for the backward maps."""

    room: Room
    gate: Tensor
    move: OptTensor


def activate(z: Tensor, out: Tensor, relu: bool) -> None:
    """Write σ(z)."""
    if relu:
        torch.clamp_min(z, 0.0, out=out)
    else:
        aten.silu.out(z, out=out)


def activate_backward(grad: Tensor, z: Tensor, y: Tensor, relu: bool) -> None:
    """Replace z by the gradient of σ at it times ``grad``; y is σ(z)."""
    if relu:
        aten.threshold_backward.grad_input(grad, y, 0.0, grad_input=z)
    else:
        aten.silu_backward.grad_input(grad, z, grad_input=z)


def forward_maps(tile: Tile, maps: Maps, setting: Setting, room: Room) -> Values:
    """From z₁ in its room to message, gate and move of every edge."""
    activate(room.z1, room.u, setting.relu)
    room = room._replace(z2=linear(room.u, maps.w2, maps.b2, room.z2))
    m = room.m
    activate(room.z2, m, setting.relu)
    if maps.wg is None:
        gate = m.new_ones(m.size(0))
    else:
        assert maps.bg is not None
        gate = torch.addmv(maps.bg, m, maps.wg).sigmoid_()
    tile.mask(gate)
    if maps.w4 is None:
        return Values(room, gate, None)
    if maps.w3 is None:
        move = torch.mv(m, maps.w4)
        return Values(room, gate, move.mul_(gate) if setting.gated_move else move)
    assert maps.b3 is not None
    if setting.gated_move:
        z3 = linear(m, maps.w3, None, room.z3)
        torch.addcmul(maps.b3, z3, gate[:, None], out=z3)
    else:
        z3 = linear(m, maps.w3, maps.b3, room.z3)
    activate(z3, room.p, setting.relu)
    return Values(room._replace(z3=z3), gate, torch.mv(room.p, maps.w4))


def backward_maps(
    tile: Tile,
    maps: Maps,
    setting: Setting,
    values: Values,
    grad_sum: Tensor,
    grad_move: OptTensor,
    grads: Maps,
) -> Tensor:
    """Gradient of z₁, :math:`(E, H)`, from those of the sums and of the move; adds those of the parameters."""
    room = values.room
    if grad_move is not None and maps.w3 is not None:
        _through_hidden_layer(maps, setting, room, grad_move, grads)
    if setting.gated_move and grad_move is not None:
        grad = _with_gated_move(tile, maps, values, grad_sum, grad_move, grads)
    else:
        grad = _with_bare_move(tile, maps, values, grad_sum, grad_move, grads)
    activate_backward(grad, room.z2, room.m, setting.relu)
    add_outer_products(grads.w2, room.z2, room.u)
    grads.b2.add_(room.z2.sum(0))
    activate_backward(linear(room.z2, maps.w2.t(), None, room.grad), room.z1, room.u, setting.relu)
    return room.z1


def _through_hidden_layer(maps: Maps, setting: Setting, room: Room, grad_move: Tensor, grads: Maps) -> None:
    """Replace z₃ by its gradient."""
    assert maps.w4 is not None
    assert grads.b3 is not None
    assert grads.w4 is not None
    grads.w4.addmv_(room.p.t(), grad_move)
    torch.mul(grad_move[:, None], maps.w4, out=room.grad)
    activate_backward(room.grad, room.z3, room.p, setting.relu)
    grads.b3.add_(room.z3.sum(0))


def _with_gated_move(
    tile: Tile, maps: Maps, values: Values, grad_sum: Tensor, grad_move: Tensor, grads: Maps
) -> Tensor:
    """Gradient of the message, of which the move sees what is behind the gate."""
    room, gate, grad = values.room, values.gate, values.room.grad
    assert grads.w4 is not None
    assert maps.w4 is not None
    if maps.w3 is None:
        torch.mul(grad_move[:, None], maps.w4, out=grad)
        grads.w4.addmv_(room.m.t(), grad_move * gate)
    else:
        assert grads.w3 is not None
        grad = linear(room.z3, maps.w3.t(), None, grad)
        add_outer_products(grads.w3, room.z3.mul_(gate[:, None]), room.m)
    tile.add_targets(grad_sum, grad)
    grad_gate = (grad * room.m).sum(1)
    grad *= gate[:, None]
    if maps.wg is not None:
        grad.addr_(_through_gate(room.m, gate, grad_gate, grads), maps.wg)
    return grad


def _with_bare_move(
    tile: Tile, maps: Maps, values: Values, grad_sum: Tensor, grad_move: OptTensor, grads: Maps
) -> Tensor:
    """Gradient of the message, which a move sees before the gate."""
    room, gate, grad = values.room, values.gate, values.room.grad
    if maps.wg is None:
        tile.outer(gate, grad_sum, None, None, grad)
    else:
        grad_gate = _through_gate(room.m, gate, tile.dot(room.m, grad_sum, grad), grads)
        tile.outer(gate, grad_sum, grad_gate, maps.wg, grad)
    if grad_move is None:
        return grad
    if maps.w3 is None:
        assert grads.w4 is not None
        assert maps.w4 is not None
        grads.w4.addmv_(room.m.t(), grad_move)
        return grad.addr_(grad_move, maps.w4)
    assert grads.w3 is not None
    add_outer_products(grads.w3, room.z3, room.m)
    return add_product(grad, room.z3, maps.w3.t())


def _through_gate(m: Tensor, gate: Tensor, grad_gate: Tensor, grads: Maps) -> Tensor:
    """Gradient of the gate before its sigmoid, from that behind it."""
    assert grads.wg is not None
    assert grads.bg is not None
    grad_gate = grad_gate * gate * (1 - gate)
    grads.wg.addmv_(m.t(), grad_gate)
    grads.bg.add_(grad_gate.sum())
    return grad_gate
