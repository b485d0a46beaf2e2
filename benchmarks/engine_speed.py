"""Time of a training step and of inference, textbook and ours in turn."""

from __future__ import annotations

from statistics import median
from typing import Any

import torch
from cases import (
    COMPLETE,
    FEW_JETS,
    JETS,
    OURS,
    QUICK_COMPLETE,
    QUICK_JETS,
    TEXTBOOK,
    Case,
    Contender,
    complete,
    contenders,
    jets,
)
from harness import ALLOCATORS, apart, machine, say, seconds

WARM_UP, FEW, MANY_EDGES = 2, 3, 200_000


def speed(
    model: str,
    threads: int,
    device: str,
    quick: bool,
    repeats: int,
    processes: int,
    only: str | None = None,
    allocator: str | None = None,
) -> dict[str, Any]:
    """Time every case under every allocator, each in fresh processes (on a GPU there is one allocator).

    What a process did before decides which of its memory is warm, so no case comes behind another; and one process may
    be slower than the next by a third from its first step to its last.
    """
    graphs, counts = (QUICK_COMPLETE, [(QUICK_JETS,)]) if quick else (COMPLETE, [(FEW_JETS,), (JETS,)])
    sizes = {None: [*graphs, *counts], "complete": graphs, "jets": counts, "few-jets": counts[:1]}[only]
    tables = {}
    for name in ("default",) if device != "cpu" else ALLOCATORS if allocator is None else (allocator,):
        say(f"speed, {name} allocator")
        options = {"model": model, "device": device, "quick": quick, "repeats": repeats}
        tables[name] = [
            together([apart("engine_speed", "row", threads, name, size=size, **options) for _ in range(processes)])
            for size in sizes
        ]
    return {"model": model, "machine": machine(threads, device), "tables": tables}


def row(
    model: str, threads: int, device: str, quick: bool, repeats: int, size: tuple[int, int] | tuple[int]
) -> dict[str, Any]:
    """Time one case in this process: complete graphs by their size and number, or jets by their number."""
    torch.set_num_threads(threads)
    case = complete(*size) if len(size) == 2 else jets(*size)
    return _row(case.to(device), contenders(model, quick, device), repeats, device)


def _row(case: Case, both: dict[str, Contender], repeats: int, device: str) -> dict[str, Any]:
    if case.num_edges > MANY_EDGES:
        repeats = min(repeats, FEW)
    say(f"  {case.name}, {case.num_edges} edges: {WARM_UP} + {repeats} times each")
    row: dict[str, Any] = {
        "case": case.name,
        "edges": case.num_edges,
        "nodes": len(case.pos),
        "graphs": case.num_graphs,
    }
    for kind in ("train", "infer"):
        times = in_turn(both, kind, case, repeats, device)
        row[kind] = {name: median(values) for name, values in times.items()}
        row[kind]["ratio"] = row[kind][TEXTBOOK] / row[kind][OURS]
        row[kind]["all"] = times
    say(
        f"    train {row['train'][TEXTBOOK]:8.4f} s -> "
        f"{row['train'][OURS]:8.4f} s ({row['train']['ratio']:.2f}x)   inference {row['infer'][TEXTBOOK]:8.4f} s -> "
        f"{row['infer'][OURS]:8.4f} s ({row['infer']['ratio']:.2f}x)"
    )
    return row


def together(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of several processes': medians of their medians and of their ratios, all ratios and all times."""
    whole = dict(rows[0])
    for kind in ("train", "infer"):
        steps = [row[kind] for row in rows]
        whole[kind] = {name: median(step[name] for step in steps) for name in steps[0] if name != "all"}
        whole[kind]["ratios"] = [step["ratio"] for step in steps]
        whole[kind]["all"] = {name: [time for step in steps for time in step["all"][name]] for name in steps[0]["all"]}
    return whole


def in_turn(
    both: dict[str, Contender], kind: str, case: Case, repeats: int, device: str = "cpu"
) -> dict[str, list[float]]:
    """Times of a step of each implementation, A B A B …, after some of each that are not counted.

    A single step before is too few: where memory is new to a virtual machine, the next one still waits for pages.
    """
    times: dict[str, list[float]] = {name: [] for name in both}
    for repeat in range(WARM_UP + repeats):
        for name, contender in both.items():
            step = getattr(contender, kind)
            taken = seconds(lambda step=step: step(case), device)
            if repeat >= WARM_UP:
                times[name].append(taken)
    return times
