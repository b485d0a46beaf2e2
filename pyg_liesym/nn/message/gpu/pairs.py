"""Pairs of nodes in a tile of a kernel: which of them are edges, their scalars, and the gradient of these.

``C`` is a :class:`~pyg_liesym.nn.message.gpu.plan.Plan`. A tile holds pairs of ``C.own`` nodes, which the program
keeps, with ``C.other`` nodes at the other end. Axes are (component,) own, other(, channel).
"""

from __future__ import annotations

from pyg_liesym.nn.message.gpu.language import jit, tl


@jit
def rows(values, at, there, C: tl.constexpr):
    """Channels of some nodes, zero where there is none."""
    h = tl.arange(0, C.padded)
    mask = there[:, None] & (h < C.channels)[None, :]
    return tl.load(values + at[:, None] * C.channels + h[None, :], mask=mask, other=0.0)


@jit
def vectors(values, at, there, num_nodes, C: tl.constexpr):
    """Components of some nodes' vectors, component by component."""
    c = tl.arange(0, C.padded_components)
    mask = (c < C.components)[:, None] & there[None, :]
    return tl.load(values + c[:, None] * num_nodes + at[None, :], mask=mask, other=0.0)


@jit
def channels(values, C: tl.constexpr):
    """One row of channels."""
    h = tl.arange(0, C.padded)
    return tl.load(values + h, mask=h < C.channels, other=0.0)


@jit
def pairs(own, kept, first, last, start, num_nodes, C: tl.constexpr):
    """A tile: the nodes at both ends, whether they exist, and which pairs are edges of a complete graph."""
    other = start + tl.arange(0, C.other)
    there = (other[None, :] >= first[:, None]) & (other[None, :] < last[:, None])
    there = there & (own[:, None] != other[None, :]) & kept[:, None]
    return own, kept, other, other < num_nodes, there


@jit
def differences(nodes, tile, num_nodes, C: tl.constexpr):
    """Vectors from source to target, zero where there is no edge."""
    own, kept, other, exists, there = tile
    mine, theirs = vectors(nodes.pos, own, kept, num_nodes, C), vectors(nodes.pos, other, exists, num_nodes, C)
    relative = mine[:, :, None] - theirs[:, None, :]
    return tl.where(there[None, :, :], relative if C.at_targets else -relative, 0.0)


@jit
def component(nodes, c, tile, num_nodes, C: tl.constexpr):
    """One component of the differences."""
    own, kept, other, exists, there = tile
    mine = tl.load(nodes.pos + c * num_nodes + own, mask=kept, other=0.0)
    theirs = tl.load(nodes.pos + c * num_nodes + other, mask=exists, other=0.0)
    relative = mine[:, None] - theirs[None, :]
    return tl.where(there, relative if C.at_targets else -relative, 0.0)


@jit
def lowered(nodes, form, tile, num_nodes, C: tl.constexpr):
    """The differences with their index lowered by one form."""
    d = tl.arange(0, C.padded_components)
    low = tl.zeros((C.padded_components, C.own, C.other), tl.float32)
    for c in range(C.components):
        column = tl.load(nodes.metric + (form * C.components + d) * C.components + c, mask=d < C.components, other=0.0)
        low += column[:, None, None] * component(nodes, c, tile, num_nodes, C)[None, :, :]
    return low


@jit
def ends(nodes, form, tile, num_nodes, C: tl.constexpr):
    """Lowered vectors of the targets and vectors of the sources, whose products are inner ones."""
    own, kept, other, exists, _there = tile
    low = nodes.lowered + form * C.components * num_nodes
    if C.at_targets:
        target = vectors(low, own, kept, num_nodes, C)[:, :, None]
        source = vectors(nodes.pos, other, exists, num_nodes, C)[:, None, :]
    else:
        target = vectors(low, other, exists, num_nodes, C)[:, None, :]
        source = vectors(nodes.pos, own, kept, num_nodes, C)[:, :, None]
    return target, source


@jit
def inner_products(nodes, form, tile, num_nodes, C: tl.constexpr):
    """Products of both ends by one form, zero where there is no edge."""
    target, source = ends(nodes, form, tile, num_nodes, C)
    return tl.where(tile[4], tl.sum(target * source, 0), 0.0)


@jit
def entering(raw, C: tl.constexpr):
    """What a scalar enters as; the logarithm is exact for small numbers too."""
    if C.log:
        size = tl.abs(raw)
        more = 1.0 + size
        step = more - 1.0
        exact = tl.log(more) * (size / tl.where(step == 0.0, 1.0, step))
        grown = tl.where(size < 1.0, tl.where(step == 0.0, size, exact), tl.log(more))
        raw = tl.where(raw < 0.0, -grown, grown)
    return raw


@jit
def first_map(nodes, mine, relative, tile, num_nodes, C: tl.constexpr):
    """What the first map gives of every pair, zero where there is no edge; ``mine`` are rows of the own nodes."""
    theirs = rows(nodes.source if C.at_targets else nodes.target, tile[2], tile[3], C)
    z = mine[:, None, :] + theirs[None, :, :]
    for form in range(C.forms):
        if C.distance:
            scalar = entering(tl.sum(lowered(nodes, form, tile, num_nodes, C) * relative, 0), C)
            z += scalar[:, :, None] * channels(nodes.weight + form * C.channels, C)[None, None, :]
        if C.inner:
            scalar = entering(inner_products(nodes, form, tile, num_nodes, C), C)
            row = form + C.forms * C.distance
            z += scalar[:, :, None] * channels(nodes.weight + row * C.channels, C)[None, None, :]
    return tl.where(tile[4][:, :, None], z, 0.0)


@jit
def scalar_gradient(nodes, row, raw, grad_z, grad_weight, C: tl.constexpr):
    """Gradient of a scalar before ψ, and the weights' gradients with what this one adds to its row."""
    weight = channels(nodes.weight + row * C.channels, C)
    grad = tl.sum(grad_z * weight[None, None, :], 2)
    if C.log:
        grad = grad / (1.0 + tl.abs(raw))
    if C.at_targets:
        here = tl.sum(tl.sum(entering(raw, C)[:, :, None] * grad_z, 1), 0)
        grad_weight += tl.where((tl.arange(0, C.padded_scalars) == row)[:, None], here[None, :], 0.0)
    return grad, grad_weight


@jit
def metric_gradient(nodes, form, grad, relative, tile, grad_metric, num_nodes, C: tl.constexpr):
    """The forms' gradients with what the distances of a tile add to one."""
    f, c = tl.arange(0, C.padded_forms), tl.arange(0, C.padded_components)
    for d in range(C.components):
        weighted = grad * component(nodes, d, tile, num_nodes, C)
        column = tl.sum(tl.sum(weighted[None, :, :] * relative, 2), 1)
        at = (f == form)[:, None, None] & (c == d)[None, None, :]
        grad_metric += tl.where(at, column[None, :, None], 0.0)
    return grad_metric


@jit
def scalar_gradients(nodes, relative, tile, grad_z, grad_relative, here, sums, num_nodes, C: tl.constexpr):
    """Add the gradients of vectors, lowered vectors, weights and forms; the first three are ``here``, the others sums.

    ``grad_relative`` is what the shifts have left there.
    """
    grad_vectors, grad_lowered = here
    grad_weight, grad_metric = sums
    f = tl.arange(0, C.padded_forms)
    for form in range(C.forms):
        if C.distance:
            low = lowered(nodes, form, tile, num_nodes, C)
            raw = tl.sum(low * relative, 0)
            grad, grad_weight = scalar_gradient(nodes, form, raw, grad_z, grad_weight, C)
            grad_relative += 2.0 * grad[None, :, :] * low
            if C.metric_too:
                grad_metric = metric_gradient(nodes, form, grad, relative, tile, grad_metric, num_nodes, C)
        if C.inner:
            raw = inner_products(nodes, form, tile, num_nodes, C)
            row = form + C.forms * C.distance
            grad, grad_weight = scalar_gradient(nodes, row, raw, grad_z, grad_weight, C)
            target, source = ends(nodes, form, tile, num_nodes, C)
            if C.at_targets:
                at_form = tl.sum(grad[None, :, :] * source, 2)
                grad_lowered += tl.where((f == form)[:, None, None], at_form[None, :, :], 0.0)
            else:
                grad_vectors += tl.sum(grad[None, :, :] * target, 2)
    at_nodes = tl.sum(grad_relative, 2)
    grad_vectors += at_nodes if C.at_targets else -at_nodes
    return (grad_vectors, grad_lowered), (grad_weight, grad_metric)
