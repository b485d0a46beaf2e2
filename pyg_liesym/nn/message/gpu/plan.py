"""What a kernel is compiled for."""

from __future__ import annotations

from typing import NamedTuple


class Plan(NamedTuple):
    """Sizes, choices and the tile of a kernel; each other one is compiled anew.

    Args:
        own: Nodes that a program keeps at a time: targets, or sources where ``at_targets`` is false.
        other: Nodes at the other end, tile by tile.
        warps: Warps of a program.
        channels: H; ``padded`` is the next power of two.
        components: n; forms: F; scalars: K.
        products: "ieee" (float32), "tf32", "bf16", or "rounded": bfloat16 as float32, for the interpreter.
        scalars_too: Whether somebody waits for gradients of what the scalars are made of, ``metric_too``: of the forms.
    """

    own: int
    other: int
    warps: int
    channels: int
    padded: int
    components: int
    padded_components: int
    forms: int
    padded_forms: int
    padded_scalars: int
    distance: bool
    inner: bool
    log: bool
    relu: bool
    gated: bool
    clamp: float
    products: str
    at_targets: bool = True
    scalars_too: bool = False
    metric_too: bool = False
