"""How much of the machine's matrix products a training step reaches."""

from __future__ import annotations

from statistics import median
from typing import Any

import torch
from cases import JETS, OURS, QUICK_JETS, Case, contenders, jets
from engine_speed import in_turn
from harness import ALLOCATORS, apart, machine, say, seconds

SHAPES = ((2048, 2048, 2048), (4096, 4096, 4096), (4096, 72, 72), (65536, 72, 72))
QUICK_SHAPES = ((64, 64, 64), (128, 8, 8))
"""Rows, inner and columns of the products; the last ones are those of the edges."""


def peak(model: str, threads: int, device: str, quick: bool, repeats: int) -> dict[str, Any]:
    """Best matrix product and the training step on the jets under every allocator."""
    shapes = {}
    torch.set_num_threads(threads)
    for rows, inner, columns in QUICK_SHAPES if quick else SHAPES:
        shapes[f"[{rows}, {inner}] x [{inner}, {columns}]"] = product_rate(rows, inner, columns, device, quick)
    best = max(shapes.values())
    say(f"peak, {best / 1e9:.1f} GFLOP/s")
    steps = {}
    for allocator in ALLOCATORS if device == "cpu" else ("default",):
        options = {"model": model, "device": device, "quick": quick, "repeats": repeats}
        step = apart("engine_peak", "step", threads, allocator, **options)
        step["fraction"] = step["flops"] / step["seconds"] / best
        share = f"{100 * step['fraction']:.1f} % of the peak"
        say(f"  training step, {allocator} allocator: {step['seconds']:.4f} s, {share}")
        steps[allocator] = step
    return {"model": model, "machine": machine(threads, device), "products": shapes, "best": best, "steps": steps}


def product_rate(rows: int, inner: int, columns: int, device: str, quick: bool) -> float:
    """Best rate of a float32 product, in FLOP/s; a sample is of a size that the clock can see."""
    a, b = torch.randn(rows, inner, device=device), torch.randn(inner, columns, device=device)
    out = torch.empty(rows, columns, device=device)
    flops = 2 * rows * inner * columns
    calls = max(1, int((1e5 if quick else 1e9) / flops))

    def sample() -> None:
        for _ in range(calls):
            torch.mm(a, b, out=out)

    sample()
    return calls * flops / min(seconds(sample, device) for _ in range(3 if quick else 10))


def step(model: str, threads: int, device: str, quick: bool, repeats: int) -> dict[str, Any]:
    """Median time and necessary work of a training step of ours on the packed jets, in this process."""
    torch.set_num_threads(threads)
    ours = contenders(model, quick, device)[OURS]
    case = jets(QUICK_JETS if quick else JETS).to(device)
    times = in_turn({OURS: ours}, "train", case, repeats, device)[OURS]
    net = ours.net
    return {
        "case": case.name,
        "edges": case.num_edges,
        "seconds": median(times),
        "all": times,
        "flops": necessary_flops(case, net.embedding.out_features, len(net.convs)),
    }


def necessary_flops(case: Case, hidden: int, num_layers: int) -> int:
    r"""Work of a training step's products of H × H matrices with the edges.

    An edge passes two such maps in a layer, the second of :math:`\phi_e` and the first of :math:`\phi_x`, which the
    last layer has not: :math:`2 H^2` each forward, and twice that backward. What is computed again in the backward pass
    is not counted, nor are the thin maps (to and from scalars) and those of the nodes.
    """
    forward = case.num_edges * (2 * num_layers - 1) * 2 * hidden * hidden
    return 3 * forward
