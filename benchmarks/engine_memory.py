"""Peak memory of a training step, each in a process of its own."""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cases import OURS, TEXTBOOK, complete, contenders
from harness import apart, machine, say

SIZES, QUICK_SIZES = (50, 100, 120, 200, 400), (20, 40)
BATCH, TEXTBOOK_LARGEST, RATIOS_AT = 8, 200, (120, 200)


def memory(model: str, threads: int, device: str, quick: bool, limit: float) -> dict[str, Any]:
    """Peak of every size and implementation, their ratio and the exponent of ours.

    Args:
        model: Which network.
        threads: Threads of torch.
        device: Where.
        quick: Whether to take tiny sizes.
        limit: Sizes that would take more, judged by the size before and the number of edges, are left out; in GB.
    """
    rows: dict[str, dict[str, int | None]] = {}
    for name in (TEXTBOOK, OURS):
        say(f"memory, {name}")
        rows[name] = _sizes(name, model, threads, device, quick, limit)
    shared = [n for n in RATIOS_AT if rows[TEXTBOOK].get(str(n)) and rows[OURS].get(str(n))]
    return {
        "model": model,
        "machine": machine(threads, device),
        "batch": BATCH,
        "bytes": rows,
        "ratio": {str(n): rows[TEXTBOOK][str(n)] / rows[OURS][str(n)] for n in shared},
        "exponent": {name: exponent(values) for name, values in rows.items()},
    }


def _sizes(name: str, model: str, threads: int, device: str, quick: bool, limit: float) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    last: tuple[int, int] | None = None
    for n in QUICK_SIZES if quick else SIZES:
        if name == TEXTBOOK and n > TEXTBOOK_LARGEST:
            continue
        if last and last[1] * (n / last[0]) ** 2 > limit * 1e9:
            say(f"  N = {n:<4} left out: it may take more than {limit:g} GB")
            found[str(n)] = None
            continue
        options = {"name": name, "model": model, "num_nodes": n, "device": device, "quick": quick}
        taken = apart("engine_memory", "peak_of_step", threads, **options)
        say(f"  N = {n:<4} {taken / 1e6:10.1f} MB")
        found[str(n)], last = taken, (n, taken)
    return found


def exponent(values: dict[str, int | None]) -> float | None:
    """Slope of memory against the number of nodes, by least squares in the logarithms."""
    points = [(float(n), value) for n, value in values.items() if value]
    if len(points) < 2:
        return None
    return float(np.polyfit(*np.log(np.array(points)).T, 1)[0])


def peak_of_step(
    name: str, model: str, num_nodes: int, threads: int, device: str, quick: bool, batch: int = BATCH
) -> int:
    """Bytes that one training step takes above what the process holds before it, in this process."""
    torch.set_num_threads(threads)
    contender = contenders(model, quick, device)[name]
    case = complete(num_nodes, batch).to(device)
    contender.train(complete(3, 1).to(device))
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        contender.train(case)
        return torch.cuda.max_memory_allocated() - before
    return peak_above(lambda: contender.train(case))


def peak_above(call: Callable[[], object]) -> int:
    """Bytes that a call takes above what the process holds before it."""
    _give_back()
    _forget_peak()
    before = _peak()
    call()
    return _peak() - before


def _give_back() -> None:
    """Make glibc return what has been freed, which the call would otherwise use again unseen."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _forget_peak() -> None:
    """Make Linux start its record of the peak anew, as the imports may have taken more than they hold."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak() -> int:
    """Largest resident size of this program so far, in bytes.

    Linux carries ``ru_maxrss`` over from the process that started this one, so its own record is read there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
