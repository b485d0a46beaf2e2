"""The knee of LieGNN's taggers: AUC against training speed, over widths and depths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data
from tqdm import tqdm

from pyg_liesym.cli.files import save_figure, write_json
from pyg_liesym.cli.reproduce.tagging_benchmark import reproduce_tagging
from pyg_liesym.cli.reproduce.tagging_sitting import now
from pyg_liesym.datasets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.metrics.front import knee, pareto_front
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.writing import whole_file

VARIANTS: dict[str, dict[str, Any]] = {
    "edge8": {"edge_channels": 8},
    "edge16": {"edge_channels": 16},
    "edge64": {"edge_channels": 64},
    "edge16-layers2": {"edge_channels": 16, "num_layers": 2},
    "edge16-layers3": {"edge_channels": 16, "num_layers": 3},
    "edge16-layers6": {"edge_channels": 16, "num_layers": 6},
    "edge16-perceptron": {"edge_channels": 16, "linear_move": False},
}
"""What is different in each variant of :meth:`LieGNN.fast <pyg_liesym.nn.LieGNN.fast>`."""
WARM_UP = 2


def reproduce_tagging_front(
    train: Sequence[str] = ("datasets/jets/raw/train/*.root",),
    test: Sequence[str] = ("datasets/jets/raw/test/*.root",),
    variants: dict[str, dict[str, Any]] = VARIANTS,
    out: Path = Path("runs/tagging-front"),
    seeds: tuple[int, ...] = (0, 1),
    num_train: int = 100_000,
    num_test: int | None = None,
    max_constituents: int | None = None,
    timed_jets: int = 32,
    turns: int = 9,
    accelerator: str = "auto",
    threads: int = 2,
    hours: float | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Train variants of LieGNN's fast tagger alike, time them, and find the front of AUC against training speed.

    Trained are the large LieGNN, the fast one and its variants, one epoch with a one-cycle schedule, all with
    Minkowski's metric, as ``liesym reproduce tagging`` does it: in sittings, in the same folders. Then their training
    steps are timed in turn on one batch. What diverged, with one seed at least, is left out. The table is in
    ``front.md`` and ``front.json``, the picture in ``front.png``.

    Args:
        train: Files of the training jets.
        test: Files of the test jets.
        variants: Name → arguments in place of those of `LieGNN.fast`.
        out: Folder of checkpoints and results.
        seeds: Seeds of weights and order; every network runs with all of them.
        num_train: Training jets.
        num_test: Test jets (default: all).
        max_constituents: Hardest constituents of each jet that the networks see (default: all).
        timed_jets: Test jets of the batch that is timed.
        turns: Times that every network's step is timed; the median counts.
        accelerator: Of Lightning's trainer, and where the steps are timed: ``cpu``, ``gpu`` or ``auto``.
        threads: Threads of this process.
        hours: Length of this sitting (default: until all is done).
        progress: Whether to show bars.
    """
    sizes: dict[str, dict[str, Any]] = {"liegnn": {}, "liegnn-fast": {}}
    sizes |= {f"liegnn-fast+{name}": own for name, own in variants.items()}
    result = reproduce_tagging(
        train, test, tuple(sizes), out, seeds, repeated=tuple(sizes), sizes=sizes, num_train=num_train, num_val=0,
        num_test=num_test, max_constituents=max_constituents, epochs=1, schedule="one-cycle", accelerator=accelerator,
        threads=threads, robustness_jets=0, hours=hours, progress=progress,
    )  # fmt: skip
    done = [row for row in result["table"] if len(row["seeds"]) == len(seeds)]
    settled = {row["model"] for row in done} | {run.rpartition(", seed")[0] for run in result["diverged"]}
    waiting = [name for name in sizes if name not in settled]
    if waiting or not done:
        print(f"the front waits for {', '.join(waiting) or 'a network that does not diverge'}", flush=True)
        return {"table": done, "knee": None}
    device = torch.device("cuda" if accelerator != "cpu" and torch.cuda.is_available() else "cpu")
    jets = Jets(files=list(test), max_constituents=max_constituents)[:timed_jets]
    nets = {row["model"]: build_tagger(row["model"].partition("+")[0], **sizes[row["model"]]) for row in done}
    speeds = training_speeds(nets, next(iter(PackedLoader(jets, batch_size=len(jets)))), turns, device, progress)
    return _report(out, done, speeds)


def training_speeds(
    nets: Mapping[str, nn.Module], jets: Data, turns: int, device: torch.device, progress: bool = False
) -> dict[str, float]:
    """Graphs a second of every network's training step: forward, cross-entropy and backward, medians over the turns.

    The networks take turns, so that what else the machine does meets all of them alike.

    Args:
        nets: Name → network, called as ``net(None, p4, batch=..., batch_size=...)``.
        jets: A batch with ``p4``, ``batch`` and ``y``.
        turns: How often each is timed.
        device: Where.
        progress: Whether to show a bar.
    """
    jets = jets.to(str(device))
    times: dict[str, list[float]] = {name: [] for name in nets}
    for turn in tqdm(range(WARM_UP + turns), "timing", disable=not progress):
        for name, net in nets.items():
            net.to(device).train()
            start = now()
            logits = net(None, jets.p4, batch=jets.batch, batch_size=jets.num_graphs)
            cross_entropy(logits, jets.y).backward()
            if turn >= WARM_UP:
                times[name].append(now() - start)
            net.zero_grad()
    return {name: jets.num_graphs / median(own) for name, own in times.items()}


def _report(out: Path, rows: Sequence[dict[str, Any]], speeds: Mapping[str, float]) -> dict[str, Any]:
    """Write table and picture."""
    from pyg_liesym.plot.front import plot_pareto_front

    names = [row["model"] for row in rows]
    speed, areas = [speeds[name] for name in names], [row["auc"] for row in rows]
    front, best = pareto_front(speed, areas), knee(speed, areas)
    table = [
        {**{key: row[key] for key in ("model", "parameters", "auc", "auc_error", "seeds")},
         "training_jets_per_second": speeds[row["model"]], "on_front": k in front}
        for k, row in enumerate(rows)
    ]  # fmt: skip
    result = {"table": table, "knee": names[best]}
    write_json(out / "front.json", result)
    text = _markdown(result)
    with whole_file(out / "front.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    points = {name: (speed[k], areas[k], rows[k]["auc_error"]) for k, name in enumerate(names)}
    save_figure(out / "front.png", plot_pareto_front(points))
    print(f"\n{text}", flush=True)
    return result


def _markdown(result: Mapping[str, Any]) -> str:
    rows = sorted(result["table"], key=lambda row: -row["training_jets_per_second"])
    slowest = rows[-1]
    lines = [
        f"| network | parameters | AUC | training jets/s | times {slowest['model']} | front |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        pace = row["training_jets_per_second"]
        mark = "knee" if row["model"] == result["knee"] else "yes" if row["on_front"] else ""
        lines.append(
            f"| {row['model']} | {row['parameters']:,} | {row['auc']:.5f} ± {row['auc_error']:.5f} | {pace:.0f} | "
            f"{pace / slowest['training_jets_per_second']:.2f} | {mark} |"
        )
    return "\n".join(lines) + "\n"
