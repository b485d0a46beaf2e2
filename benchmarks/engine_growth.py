"""How time and memory of a training step grow with the size of a complete graph, from ten nodes to a thousand."""

from __future__ import annotations

from statistics import median
from typing import Any

import torch
from cases import OURS, TEXTBOOK, complete, contenders
from engine_memory import exponent
from harness import WARM_UP, apart, machine, say, seconds

SIZES, QUICK_SIZES = (10, 30, 100, 300, 1000), (8, 16)
TEXTBOOK_SIZES = (100, 200, 400, 600, 1000)
"""Of the textbook the memory alone, as far as it is allowed to."""
_PAGE = 4096
"""Memory is counted in pages: no step takes less than one."""
LARGE = 100
"""From here on edges are most of the work: the exponents are those of the larger graphs."""


def growth(model: str, threads: int, device: str, quick: bool, repeats: int, limit: float) -> dict[str, Any]:
    """Time, memory and their exponents, and how much the textbook takes of the largest graph.

    Args:
        model: Which network.
        threads: Threads of torch.
        device: Where.
        quick: Whether to take tiny sizes.
        repeats: Of a step.
        limit: Memory of the textbook, in GB; beyond, it is carried on as the square of N.
    """
    common = {"model": model, "device": device, "quick": quick}
    sizes = QUICK_SIZES if quick else SIZES
    times = apart("engine_growth", "times", threads, sizes=sizes, repeats=repeats, **common)
    bytes_ = {str(n): _peak(OURS, n, threads, common) for n in sizes}
    book: dict[str, int] = {}
    for n in sizes if quick else TEXTBOOK_SIZES:
        if book and _carried_on(book, n) > limit * 1e9:
            break
        book[str(n)] = _peak(TEXTBOOK, n, threads, common)
    largest, large = _carried_on(book, sizes[-1]), [str(n) for n in sizes if quick or n >= LARGE]
    return {
        "model": model,
        "machine": machine(threads, device),
        "seconds": {n: median(own) for n, own in times.items()},
        "all": times,
        "bytes": bytes_,
        "textbook": {"bytes": book, "largest": largest, "measured": str(sizes[-1]) in book},
        "ratio": largest / bytes_[str(sizes[-1])],
        "exponent": {
            "seconds": exponent({n: median(times[n]) for n in large}),
            "seconds, each turn": [
                exponent(dict(zip(large, turn, strict=True))) for turn in zip(*(times[n] for n in large), strict=True)
            ],
            "bytes": exponent({n: bytes_[n] for n in large}),
        },
    }


def _carried_on(book: dict[str, int], num_nodes: int) -> float:
    """Memory of a graph, as the square of its nodes from the largest that was measured on."""
    last = max(book, key=int)
    return book[last] * (num_nodes / int(last)) ** 2


def _peak(name: str, num_nodes: int, threads: int, common: dict[str, Any]) -> int:
    taken: int = apart("engine_memory", "peak_of_step", threads, name=name, num_nodes=num_nodes, batch=1, **common)
    say(f"memory, {name}, N = {num_nodes:<4} {taken / 1e6:10.1f} MB")
    return max(taken, _PAGE)


def times(model: str, threads: int, device: str, quick: bool, repeats: int, sizes: list[int]) -> dict[str, list[float]]:
    """Times of a training step of ours, the sizes taking turns, in this process."""
    torch.set_num_threads(threads)
    ours = contenders(model, quick, device)[OURS]
    cases = {str(n): complete(n, 1).to(device) for n in sizes}
    found: dict[str, list[float]] = {n: [] for n in cases}
    for turn in range(WARM_UP + repeats):
        say(f"time, turn {turn + 1} of {WARM_UP + repeats}")
        for n, case in cases.items():
            calls = max(1, LARGE // int(n))  # short steps are timed together
            elapsed = seconds(lambda case=case, calls=calls: [ours.train(case) for _ in range(calls)], device) / calls
            if turn >= WARM_UP:
                found[n].append(elapsed)
    return found
