"""The maps of the edges of a tile in a kernel, forward and backward; rows are edges."""

from __future__ import annotations

from pyg_liesym.nn.message.gpu.language import jit, tl
from pyg_liesym.nn.message.gpu.pairs import channels


@jit
def activate(z, C: tl.constexpr):
    """Write σ(z)."""
    return tl.where(z > 0.0, z, z * 0.0) if C.relu else z * tl.sigmoid(z)


@jit
def slope(z, C: tl.constexpr):
    """The derivative of σ at z."""
    if C.relu:
        y = tl.where(z > 0.0, 1.0, 0.0)
    else:
        s = tl.sigmoid(z)
        y = s * (1.0 + z * (1.0 - s))
    return y


@jit
def product(a, b, C: tl.constexpr):
    """The product of two matrices in the precision asked for, summed in float32."""
    if C.products == "bf16":
        y = tl.dot(a.to(tl.bfloat16), b.to(tl.bfloat16))
    elif C.products == "rounded":  # the interpreter does not multiply bfloat16
        y = tl.dot(a.to(tl.bfloat16).to(tl.float32), b.to(tl.bfloat16).to(tl.float32), input_precision="ieee")
    else:
        y = tl.dot(a, b, input_precision=C.products)
    return y


@jit
def square(values, C: tl.constexpr):
    """A matrix of weights."""
    h = tl.arange(0, C.padded)
    mask = (h < C.channels)[:, None] & (h < C.channels)[None, :]
    return tl.load(values + h[:, None] * C.channels + h[None, :], mask=mask, other=0.0)


@jit
def weights_of(maps, C: tl.constexpr):
    """The weights of all maps, zero where there is none."""
    nothing = tl.zeros((C.padded,), tl.float32)
    w3, b3, w4, wg, bg, b4 = 0.0, nothing, nothing, nothing, 0.0, 0.0
    if maps.wg is not None:
        wg, bg = channels(maps.wg, C), tl.load(maps.bg)
    if maps.w3 is not None:
        w3, b3 = square(maps.w3, C), channels(maps.b3, C)
    if maps.w4 is not None:
        w4 = channels(maps.w4, C)
    if maps.b4 is not None:
        b4 = tl.load(maps.b4)
    return square(maps.w2, C), channels(maps.b2, C), wg, bg, w3, b3, w4, b4


@jit
def forward_maps(z1, maps, weights, C: tl.constexpr):
    """Values on the way, of which a move may be ``None``: u, z₂, m, gate, what the move sees, z₃, p, move."""
    w2, b2, wg, bg, w3, b3, w4, b4 = weights
    u = activate(z1, C)
    z2 = product(u, tl.trans(w2), C) + b2[None, :]
    m = activate(z2, C)
    gate = tl.full((C.own * C.other,), 1.0, tl.float32)
    if maps.wg is not None:
        gate = tl.sigmoid(tl.sum(m * wg[None, :], 1) + bg)
    seen, z3, p, move = m, m, m, gate
    if C.gated:
        seen = m * gate[:, None]
    if maps.w4 is not None:
        p = seen
        if maps.w3 is not None:
            z3 = product(seen, tl.trans(w3), C) + b3[None, :]
            p = activate(z3, C)
        move = tl.sum(p * w4[None, :], 1) + b4
    return u, z2, m, gate, seen, z3, p, move


@jit
def backward_maps(z1, values, maps, weights, grad_out, grad_move, C: tl.constexpr):
    """Gradients of z₁, z₂, z₃ and of the gate before its sigmoid."""
    _u, z2, m, gate, _seen, z3, _p, _move = values
    w2, _b2, wg, _bg, w3, _b3, w4, _b4 = weights
    grad_z3, grad_seen, grad = z3, z3 * 0.0, grad_out
    if maps.w4 is not None:
        grad_seen = grad_move[:, None] * w4[None, :]
        if maps.w3 is not None:
            grad_z3 = grad_seen * slope(z3, C)
            grad_seen = product(grad_z3, w3, C)
    if C.gated:
        grad += grad_seen
    grad_gate = tl.sum(grad * m, 1) * gate * (1.0 - gate)
    grad = grad * gate[:, None]
    if not C.gated:
        grad += grad_seen
    if maps.wg is not None:
        grad += grad_gate[:, None] * wg[None, :]
    grad_z2 = grad * slope(z2, C)
    return product(grad_z2, w2, C) * slope(z1, C), grad_z2, grad_z3, grad_gate


@jit
def weight_gradients(values, grads, grad_move, maps, sums, C: tl.constexpr):
    """Add a tile's gradients of the maps: of φe where targets are kept, of φm and φx where sources are."""
    u, _z2, m, _gate, seen, _z3, p, _move = values
    _grad_z1, grad_z2, grad_z3, grad_gate = grads
    matrix, bias, last, gates, last_bias, gate_bias = sums
    if C.at_targets:
        matrix += product(tl.trans(grad_z2), u, C)
        bias += tl.sum(grad_z2, 0)
    else:
        if maps.w3 is not None:
            matrix += product(tl.trans(grad_z3), seen, C)
            bias += tl.sum(grad_z3, 0)
        if maps.w4 is not None:
            last += tl.sum(grad_move[:, None] * p, 0)
            last_bias += tl.sum(grad_move, 0)
        if maps.wg is not None:
            gates += tl.sum(grad_gate[:, None] * m, 0)
            gate_bias += tl.sum(grad_gate, 0)
    return matrix, bias, last, gates, last_bias, gate_bias
