"""Stopwatch, fresh processes and progress of the benchmarks.

``python harness.py MODULE FUNCTION OPTIONS`` calls a function with options in JSON and prints its answer as JSON: that
is how :func:`apart` asks a fresh process.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

WARM_UP = 2
"""Turns before the watch runs."""

ALLOCATORS: dict[str, dict[str, str]] = {
    "default": {},
    "tuned": {
        "MALLOC_MMAP_THRESHOLD_": str(2**32),
        "MALLOC_TRIM_THRESHOLD_": str(2**33),
        "MALLOC_TOP_PAD_": str(2**28),
    },
}
"""Environments of a process: glibc as it is, and glibc told to keep freed memory, whose pages then fault once."""


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def apart(module: str, function: str, threads: int, allocator: str = "default", **options: Any) -> Any:
    """Call ``module.function(threads=..., **options)`` in a fresh process with an allocator of :data:`ALLOCATORS`.

    Raises:
        RuntimeError: If the process fails, for instance because it ran out of memory.
    """
    env = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    env |= {"OMP_NUM_THREADS": str(threads), **ALLOCATORS[allocator]}
    arguments = [module, function, json.dumps({"threads": threads, **options})]
    done = subprocess.run(
        [sys.executable, __file__, *arguments], env=env, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{module}.{function} ended with status {done.returncode} (-9 may mean out of memory)")
    return json.loads(done.stdout.splitlines()[-1])


def seconds(call: Callable[[], object], device: str = "cpu") -> float:
    """Wall time of a call, waiting for the device."""
    synchronize(device)
    start = time.perf_counter()
    call()
    synchronize(device)
    return time.perf_counter() - start


def in_turn(steps: list[Callable[[], object]], repeats: int) -> list[float]:
    """Median time of each, the steps taking turns; the first two turns do not count."""
    times: list[list[float]] = [[] for _ in steps]
    for turn in range(WARM_UP + repeats):
        for own, call in zip(times, steps, strict=True):
            elapsed = seconds(call)
            if turn >= WARM_UP:
                own.append(elapsed)
    return [median(own) for own in times]


def markdown(rows: list[dict[str, Any]]) -> str:
    """The ratios as a table."""
    lines = ["| training step of | beside | ratio | asked |", "|---|---|---|---|"]
    for row in rows:
        asked = "" if row["asked"] is None else f"≤ {row['asked']:g}"
        lines.append(f"| {row['what']} | {row['beside']} | {row['ratio']:.2f} | {asked} |")
    return "\n".join(lines)


def synchronize(device: str) -> None:
    """Wait until the device has done everything."""
    if device != "cpu":
        import torch

        torch.cuda.synchronize()


def machine(threads: int, device: str) -> dict[str, Any]:
    """What the numbers depend on besides the code."""
    import torch

    name = torch.cuda.get_device_name() if device != "cpu" else _processor()
    return {
        "device": device,
        "processor": name,
        "cores": os.cpu_count(),
        "threads": threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    answer = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])(**json.loads(sys.argv[3]))
    print(json.dumps(answer))
