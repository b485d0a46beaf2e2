"""The front of taggers, and its knee: AUC against training speed, over networks, widths and depths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch_geometric.data import Data
from tqdm import tqdm

from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run, tabulate
from pyg_liesym.cli.reproduce.tagging import TaggerNetwork, Tagging
from pyg_liesym.cli.reproduce.tagging_jets import TaggingJets, jet_splits
from pyg_liesym.cli.reproduce.tagging_run import TaggerTraining
from pyg_liesym.cli.reproduce.training import now
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.metrics.front import knee, pareto_front
from pyg_liesym.nn.models.taggers import build_tagger

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


@dataclass(frozen=True)
class TaggingFront(Experiment):
    """Train taggers and variants of LieGNN's fast one alike, time them, and find the front of AUC against speed.

    All have Minkowski's metric, where they have one, and are trained as ``liesym reproduce tagging`` does it. With the
    extra ``peers`` the taggers of others stand beside ours: ``--taggers '[liegnn-fast, vector-liegnn, lgatr-slim,
    lloca]' --variants '{}'``. Once all have run with all seeds, their training steps are timed in turn on one batch.
    What diverged is left out.

    Args:
        taggers: Names that ``build_tagger`` knows.
        variants: Name → arguments in place of those of ``LieGNN.fast``.
        seeds: Seeds of weights and order; every network runs with all of them.
        data: The jets.
        training: What every network gets alike.
        timed_jets: Test jets of the batch that is timed.
        turns: Times that every network's step is timed; the median counts.
        device: Where the steps are timed.
    """

    name: ClassVar[str] = "tagging-front"
    taggers: tuple[str, ...] = ("liegnn", "liegnn-fast")
    variants: dict[str, dict[str, Any]] = field(default_factory=VARIANTS.copy)
    seeds: tuple[int, ...] = (0, 1)
    data: TaggingJets = TaggingJets(num_train=100_000, num_val=0)
    training: TaggerTraining = TaggerTraining(epochs=1, schedule="one-cycle")
    timed_jets: int = 32
    turns: int = 9
    device: str = "cpu"

    def jobs(self) -> Iterator[Job]:
        """Those of the benchmark of these networks."""
        yield from self._tagging().jobs()

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a tagger."""
        return self._tagging().run(job, bench)

    def columns(self, table: str) -> Sequence[Column]:
        """Those of the benchmark."""
        return self._tagging().columns(table)

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Time what has run with all seeds; the front, its knee and a picture."""
        rows = [row for row in tabulate(runs, [Column("auc", "AUC")]) if len(row["seeds"]) == len(self.seeds)]
        absent = [name for name in self._networks() if name not in {row["row"] for row in rows}]
        if absent:
            print(f"not on the front, as not all seeds have run or some diverged: {', '.join(absent)}", flush=True)
        if not rows:
            return {"front": [], "knee": None}
        networks = self._networks()
        nets = {row["row"]: _build(networks[row["row"]]) for row in rows if row["row"] in networks}
        jets = jet_splits(self.data).test[: self.timed_jets]
        batch = next(iter(PackedLoader(jets, batch_size=len(jets))))
        return _front(out, rows, training_speeds(nets, batch, self.turns, torch.device(self.device)))

    def _networks(self) -> dict[str, TaggerNetwork]:
        return {name: TaggerNetwork(name) for name in self.taggers} | {
            f"liegnn-fast-{name}": TaggerNetwork("liegnn-fast", sizes=own) for name, own in self.variants.items()
        }

    def _tagging(self) -> Tagging:
        names = tuple(self._networks())
        return Tagging(names, self.seeds, names, self._networks(), self.data, self.training, robustness_jets=0)


def _build(network: TaggerNetwork) -> nn.Module:
    return build_tagger(network.tagger, **network.sizes)  # type: ignore[arg-type]


def training_speeds(nets: Mapping[str, nn.Module], jets: Data, turns: int, device: torch.device) -> dict[str, float]:
    """Graphs a second of every network's training step: forward, cross-entropy and backward, medians over the turns.

    The networks take turns, so that what else the machine does meets all of them alike.

    Args:
        nets: Name → network, called as ``net(None, p4, batch=..., batch_size=...)``.
        jets: A batch with ``p4``, ``batch`` and ``y``.
        turns: How often each is timed.
        device: Where.
    """
    jets = jets.to(str(device))
    times: dict[str, list[float]] = {name: [] for name in nets}
    for turn in tqdm(range(WARM_UP + turns), "timing", disable=None):
        for name, net in nets.items():
            net.to(device).train()
            start = now()
            logits = net(None, jets.p4, batch=jets.batch, batch_size=jets.num_graphs)
            cross_entropy(logits, jets.y).backward()
            if turn >= WARM_UP:
                times[name].append(now() - start)
            net.zero_grad()
    return {name: jets.num_graphs / median(own) for name, own in times.items()}


def _front(out: Path, rows: Sequence[dict[str, Any]], speeds: Mapping[str, float]) -> dict[str, Any]:
    """The networks by area and speed, which of them are on the front, and its knee."""
    from pyg_liesym.plot.front import plot_pareto_front

    names = [row["row"] for row in rows]
    speed, areas = [speeds[name] for name in names], [row["auc"]["mean"] for row in rows]
    on_front, best = pareto_front(speed, areas), knee(speed, areas)
    errors = [row["auc"]["error"] for row in rows]
    save_figure(out / "front.png", plot_pareto_front({n: (speed[k], areas[k], errors[k]) for k, n in enumerate(names)}))
    front = [
        {"row": name, "parameters": rows[k]["parameters"], "auc": areas[k], "auc_error": errors[k],
         "training_jets_per_second": speed[k], "on_front": k in on_front}
        for k, name in enumerate(names)
    ]  # fmt: skip
    return {"front": front, "knee": names[best]}
