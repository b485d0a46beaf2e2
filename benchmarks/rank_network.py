"""The time of a training step over a slow link, beside the formula of ``docs/tutorials/many_files.md``."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from harness import say
from nodes import Cluster, kill
from rank_training import WORLD, Training, cluster
from slow_link import LARGEST_PACKET, PAYLOAD, SlowLink

from pyg_liesym.nn.models.taggers import build_tagger

HIDDEN, ROUNDS, STEPS, CLOSE = 72, 2, 8, 0.1
LINKS = ((0.1, 0.0), (0.2, 0.0), (0.0, 1.25e6), (0.0, 0.625e6), (0.005, 0.625e6))
"""Seconds of latency, and bytes a second in each direction; 0 for any number."""
BROADCASTS = 2
"""Of Lightning, whether a rank was told to end; and of ``DistributedDataParallel``, of the network's buffers."""


def predicted(still: float, size: int, latency: float, rate: float) -> float:
    """Seconds of a step on so many ranks of two nodes, from those over a fast link and the bytes of all gradients."""
    waits = 4 * (WORLD - 1) + 2 * BROADCASTS
    sent = 2 * (WORLD - 1) / WORLD * size * LARGEST_PACKET / PAYLOAD
    return still + waits * latency + (sent / rate if rate else 0.0)


def step_times(out: Path) -> list[dict[str, Any]]:
    """Measured and predicted, for each link; nothing where there are no network namespaces."""
    shutil.rmtree(out / "linked", ignore_errors=True)
    network = build_tagger("liegnn", hidden_channels=HIDDEN, num_layers=2)
    size = sum(8 * parameter.numel() for parameter in network.parameters())
    with contextlib.ExitStack() as stack:
        try:
            link = stack.enter_context(SlowLink())
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"no network namespaces here, the time of a step was not measured: {error}")
            return []
        few = ["--data.batch_size=1", "--data.max_constituents=4", "--trainer.limit_val_batches=0"]
        more = {"hosts": link.hosts, "hidden": HIDDEN, "every": 1_000_000}
        running = cluster(out, "linked", *few, "--trainer.max_epochs=1000", **more)
        for agent in running.agents:
            stack.callback(kill, agent.pid)
        return measured(running, out / "linked", link, size)


def measured(running: Cluster, folder: Path, link: SlowLink, size: int) -> list[dict[str, Any]]:
    """Let the link be fast and slow in turn."""
    times: dict[tuple[float, float], list[float]] = {each: [] for each in LINKS}
    ratios: dict[tuple[float, float], list[float]] = {each: [] for each in LINKS}
    seconds(running, folder)  # the first steps are of another kind
    for number in range(ROUNDS):
        for like in LINKS:
            still = seconds(running, folder)
            link.become(*like)
            times[like].append(seconds(running, folder))
            link.become(0.0, 0.0)
            ratios[like].append(times[like][-1] / predicted(still, size, *like))
            say(f"[{number + 1}/{ROUNDS}] {like}: {times[like][-1]:.3f} s, {ratios[like][-1]:.3f} of the formula")
    rows = []
    for latency, rate in LINKS:
        ratio = median(ratios[latency, rate])
        print(
            f"{1000 * latency:g} ms, {8e-6 * rate or float('inf'):g} Mbit/s, {size / 1e6:.2f} MB of gradients: "
            f"a step of {median(times[latency, rate]):.3f} s, {ratio:.3f} of the formula"
        )
        rows.append(
            {"latency": latency, "rate": rate, "ratios": ratios[latency, rate], "good": abs(ratio - 1) <= CLOSE}
        )
    return rows


def seconds(running: Cluster, folder: Path) -> float:
    """The median of the next steps, without the first two and without those between epochs."""
    first = last = Training(folder).reached(1)
    while last < first + STEPS:
        if any(agent.poll() is not None for agent in running.agents):
            raise SystemExit(f"the training has ended: see {folder / 'log.txt'}")
        time.sleep(0.1)
        last = Training(folder).reached(1)
    lines = [line for line in Training(folder).lines[0] if first + 2 < line.get("step", 0) <= last]
    return median(b["time"] - a["time"] for a, b in pairwise(lines) if a["epoch"] == b["epoch"])
