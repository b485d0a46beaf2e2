"""The kernels: sums at the targets, and the gradients at one end of the edges.

Every program passes over its blocks of nodes in a fixed order and writes what nobody else does, so that answers are the
same in every run; what belongs to all of them, the gradients of the weights, is left in a row of each program.
"""

from __future__ import annotations

from pyg_liesym.nn.message.gpu.edge_maps import backward_maps, forward_maps, weight_gradients, weights_of
from pyg_liesym.nn.message.gpu.language import jit, tl
from pyg_liesym.nn.message.gpu.pairs import differences, first_map, pairs, rows, scalar_gradients, vectors


@jit
def block_of(block, bounds, num_nodes, C: tl.constexpr):
    """The nodes of a block, whether they exist, where the graph of each begins and ends, and all of theirs."""
    own = block * C.own + tl.arange(0, C.own)
    kept = own < num_nodes
    first = tl.load(bounds.first + own, mask=kept, other=num_nodes)
    last = tl.load(bounds.last + own, mask=kept, other=0)
    return own, kept, first, last, tl.min(first, 0), tl.max(last, 0)


@jit
def store_rows(into, values, at, there, C: tl.constexpr):
    """Write channels of some nodes."""
    h = tl.arange(0, C.padded)
    mask = there[:, None] & (h < C.channels)[None, :]
    tl.store(into + at[:, None] * C.channels + h[None, :], values, mask=mask)


@jit
def store_vectors(into, values, at, there, num_nodes, C: tl.constexpr):
    """Write components of some nodes' vectors."""
    c = tl.arange(0, C.padded_components)
    tl.store(into + c[:, None] * num_nodes + at[None, :], values, mask=(c < C.components)[:, None] & there[None, :])


@jit
def shifted(relative, move, C: tl.constexpr):
    """Shifts before they are clamped."""
    return relative * tl.reshape(move, (C.own, C.other))[None, :, :]


@jit
def sum_messages(nodes, maps, bounds, sums, num_nodes, blocks, C: tl.constexpr):
    """Messages and shifts summed at the targets."""
    weights = weights_of(maps, C)
    for block in range(tl.program_id(0), blocks, tl.num_programs(0)):
        own, kept, first, last, start, stop = block_of(block, bounds, num_nodes, C)
        mine = rows(nodes.target, own, kept, C)
        out = tl.zeros((C.own, C.padded), tl.float32)
        shift = tl.zeros((C.padded_components, C.own), tl.float32)
        for at in range(start, stop, C.other):
            tile = pairs(own, kept, first, last, at, num_nodes, C)
            relative = differences(nodes, tile, num_nodes, C)
            z = first_map(nodes, mine, relative, tile, num_nodes, C)
            z = tl.reshape(z, (C.own * C.other, C.padded))
            _u, _z2, m, gate, _seen, _z3, _p, move = forward_maps(z, maps, weights, C)
            message = tl.reshape(m * gate[:, None], (C.own, C.other, C.padded))
            out += tl.sum(tl.where(tile[4][:, :, None], message, 0.0), 1)
            if maps.w4 is not None:
                step = shifted(relative, move, C)
                if C.clamp > 0.0:
                    step = tl.where(step > C.clamp, C.clamp, tl.where(step < -C.clamp, -C.clamp, step))
                shift += tl.sum(step, 2)
        store_rows(sums.out, out, own, kept, C)
        store_vectors(sums.shift, shift, own, kept, num_nodes, C)


@jit
def cotangents(given, relative, move, tile, num_nodes, maps, C: tl.constexpr):
    """Gradients of the messages, of the moves, and of the differences through the shifts, zero where no edge is."""
    own, kept, other, exists, there = tile
    grad_move = tl.zeros((C.own, C.other), tl.float32)
    grad_relative = tl.zeros((C.padded_components, C.own, C.other), tl.float32)
    if C.at_targets:
        grad = tl.broadcast_to(rows(given.grad_out, own, kept, C)[:, None, :], (C.own, C.other, C.padded))
    else:
        grad = tl.broadcast_to(rows(given.grad_out, other, exists, C)[None, :, :], (C.own, C.other, C.padded))
    if maps.w4 is not None:
        if C.at_targets:
            steps = vectors(given.grad_shift, own, kept, num_nodes, C)[:, :, None] + grad_relative
        else:
            steps = vectors(given.grad_shift, other, exists, num_nodes, C)[:, None, :] + grad_relative
        steps = tl.where(there[None, :, :], steps, 0.0)
        if C.clamp > 0.0:
            steps = tl.where(tl.abs(shifted(relative, move, C)) <= C.clamp, steps, 0.0)
        grad_move = tl.sum(steps * relative, 0)
        grad_relative = shifted(steps, move, C)
    grad = tl.reshape(tl.where(there[:, :, None], grad, 0.0), (C.own * C.other, C.padded))
    return grad, tl.reshape(grad_move, (C.own * C.other,)), grad_relative


@jit
def tile_gradients(nodes, maps, weights, given, mine, tile, at_nodes, of_maps, of_scalars, num_nodes, C: tl.constexpr):
    """Add what a tile gives to the gradients at its own nodes, and to those of the weights."""
    rows_here, vectors_here, lowered_here = at_nodes
    relative = differences(nodes, tile, num_nodes, C)
    z = first_map(nodes, mine, relative, tile, num_nodes, C)
    z = tl.reshape(z, (C.own * C.other, C.padded))
    values = forward_maps(z, maps, weights, C)
    grad, grad_move, grad_relative = cotangents(given, relative, values[7], tile, num_nodes, maps, C)
    grads = backward_maps(z, values, maps, weights, grad, grad_move, C)
    of_maps = weight_gradients(values, grads, grad_move, maps, of_maps, C)
    grad_z = tl.reshape(grads[0], (C.own, C.other, C.padded))
    rows_here += tl.sum(grad_z, 1)
    here = vectors_here, lowered_here
    if C.at_targets or C.scalars_too:
        here, of_scalars = scalar_gradients(
            nodes, relative, tile, grad_z, grad_relative, here, of_scalars, num_nodes, C
        )
    return (rows_here, here[0], here[1]), of_maps, of_scalars


@jit
def no_gradients(C: tl.constexpr):
    """Zeros, of the maps and of what the scalars meet."""
    row = tl.zeros((C.padded,), tl.float32)
    of_maps = tl.zeros((C.padded, C.padded), tl.float32), row, row, row, 0.0, 0.0
    weight = tl.zeros((C.padded_scalars, C.padded), tl.float32)
    return of_maps, (weight, tl.zeros((C.padded_forms, C.padded_components, C.padded_components), tl.float32))


@jit
def store_at_nodes(grads, at_nodes, own, kept, num_nodes, C: tl.constexpr):
    """Write the gradients at a program's own nodes."""
    rows_here, vectors_here, lowered_here = at_nodes
    store_rows(grads.rows, rows_here, own, kept, C)
    store_vectors(grads.vectors, vectors_here, own, kept, num_nodes, C)
    if C.inner and C.at_targets:
        f, c = tl.arange(0, C.padded_forms), tl.arange(0, C.padded_components)
        at = (f[:, None, None] * C.components + c[None, :, None]) * num_nodes + own[None, None, :]
        mask = (f < C.forms)[:, None, None] & (c < C.components)[None, :, None] & kept[None, None, :]
        tl.store(grads.lowered + at, lowered_here, mask=mask)


@jit
def store_of_weights(grads, of_maps, of_scalars, C: tl.constexpr):
    """Write what a program has for the gradients of the weights into its own row of each."""
    program = tl.program_id(0)
    matrix, bias, last, gates, last_bias, gate_bias = of_maps
    h = tl.arange(0, C.padded)
    tl.store(
        grads.matrix + (program * C.channels + h[:, None]) * C.channels + h[None, :],
        matrix,
        mask=(h < C.channels)[:, None] & (h < C.channels)[None, :],
    )
    row = program * C.channels + h
    tl.store(grads.bias + row, bias, mask=h < C.channels)
    if C.at_targets:
        k = tl.arange(0, C.padded_scalars)
        count = C.forms * (C.distance + C.inner)
        at = (program * count + k[:, None]) * C.channels + h[None, :]
        tl.store(grads.weight + at, of_scalars[0], mask=(k < count)[:, None] & (h < C.channels)[None, :])
        if C.metric_too:
            f, c = tl.arange(0, C.padded_forms), tl.arange(0, C.padded_components)
            at = ((program * C.forms + f[:, None, None]) * C.components + c[None, :, None]) * C.components
            mask = (f < C.forms)[:, None, None] & (c < C.components)[None, :, None] & (c < C.components)[None, None, :]
            tl.store(grads.metric + at + c[None, None, :], of_scalars[1], mask=mask)
    else:
        tl.store(grads.last + row, last, mask=h < C.channels)
        tl.store(grads.gates + row, gates, mask=h < C.channels)
        tl.store(grads.last_bias + program, last_bias)
        tl.store(grads.gate_bias + program, gate_bias)


@jit
def pull_back(nodes, maps, bounds, given, grads, num_nodes, blocks, C: tl.constexpr):
    """Gradients at the targets and of φe's weights, or at the sources and of the other weights."""
    weights = weights_of(maps, C)
    of_maps, of_scalars = no_gradients(C)
    for block in range(tl.program_id(0), blocks, tl.num_programs(0)):
        own, kept, first, last, start, stop = block_of(block, bounds, num_nodes, C)
        mine = rows(nodes.target if C.at_targets else nodes.source, own, kept, C)
        at_nodes = (
            tl.zeros((C.own, C.padded), tl.float32),
            tl.zeros((C.padded_components, C.own), tl.float32),
            tl.zeros((C.padded_forms, C.padded_components, C.own), tl.float32),
        )
        for at in range(start, stop, C.other):
            tile = pairs(own, kept, first, last, at, num_nodes, C)
            at_nodes, of_maps, of_scalars = tile_gradients(
                nodes, maps, weights, given, mine, tile, at_nodes, of_maps, of_scalars, num_nodes, C
            )
        store_at_nodes(grads, at_nodes, own, kept, num_nodes, C)
    store_of_weights(grads, of_maps, of_scalars, C)
