"""Where a training step spends its time, by operator."""

from __future__ import annotations

from typing import Any

import torch
from cases import JETS, OURS, QUICK_JETS, contenders, jets
from harness import apart, machine, say
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

TOP = 15
GROUPS: dict[str, tuple[str, ...]] = {
    "matrix products": ("mm", "addmm", "bmm", "baddbmm", "matmul", "linear", "addmv", "mv", "dot", "mkldnn_linear"),
    "activations": ("silu", "sigmoid", "relu", "threshold", "exp", "log", "log1p", "sign", "sgn", "abs", "clamp"),
    "sums and reductions": ("sum", "mean", "index_add", "scatter_add", "segment_reduce", "cumsum", "max"),
    "copies": (
        "copy", "cat", "clone", "contiguous", "index", "index_select", "gather", "fill", "zero", "stack", "to",
        "repeat_interleave", "index_put", "index_put_impl", "constant_pad_nd", "slice_backward", "select_backward",
    ),
}  # fmt: skip
"""Operators by their names, without ``aten::``, underscores at the ends and ``_backward``; all else is "other"."""


def profiled(model: str, threads: int, device: str, quick: bool) -> dict[str, Any]:
    """Profile a training step of ours on the packed jets in a fresh process."""
    result = apart("engine_profile", "step", threads, model=model, device=device, quick=quick)
    say("profile: " + ", ".join(f"{name} {share:.1f} %" for name, share in result["groups"].items()))
    return {"model": model, "machine": machine(threads, device), **result}


def step(model: str, threads: int, device: str, quick: bool) -> dict[str, Any]:
    """Time by operator of the second training step, in this process."""
    torch.set_num_threads(threads)
    ours = contenders(model, quick, device)[OURS]
    case = jets(QUICK_JETS if quick else JETS).to(device)
    ours.train(case)
    activities = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device != "cpu" else [])
    with profile(activities=activities) as recorded:
        ours.train(case)
        if device != "cpu":
            torch.cuda.synchronize()
    own = "self_cpu_time_total" if device == "cpu" else "self_device_time_total"
    # a kernel's time is that of the operator which started it, too
    averages = [event for event in recorded.key_averages() if event.device_type == DeviceType.CPU]
    events = [(event.key, event.count, getattr(event, own)) for event in averages]
    total = sum(time for _, _, time in events) or 1.0
    events.sort(key=lambda event: -event[2])
    groups = dict.fromkeys([*GROUPS, "other"], 0.0)
    for name, _, time in events:
        groups[group(name)] += 100 * time / total
    return {
        "case": case.name,
        "edges": case.num_edges,
        "seconds": total / 1e6,
        "groups": groups,
        "top": [
            {"operator": name, "group": group(name), "calls": count, "ms": time / 1e3, "percent": 100 * time / total}
            for name, count, time in events[:TOP]
        ],
    }


def group(operator: str) -> str:
    """The group of an operator.

    Example:
        >>> group("aten::silu_backward"), group("aten::index_add_"), group("aten::mul")
        ('activations', 'sums and reductions', 'other')
    """
    name = operator.removeprefix("aten::").strip("_")
    for candidate in (name, name.removesuffix("_backward").strip("_")):
        for title, names in GROUPS.items():
            if candidate in names:
                return title
    return "other"
