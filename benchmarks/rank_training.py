"""The trainings that ``many_ranks.py`` compares: ``liesym fit`` of a tiny tagger on files of packaged jets."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from harness import say
from nodes import NODES, RANKS, Cluster, Host

from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.systems.checkpoint_files import newest_checkpoint, read_checkpoint

WORLD, WORKERS, BATCH, EPOCHS = NODES * RANKS, 2, 4, 3
FILES = (70, 83, 61, 99, 71)
"""Jets in the files of the training: twelve batches for every worker. In one file more there are others, too few for
a thirteenth."""
SURPLUS, VALIDATION = 21, 53
ORDER = {"batch_size": BATCH, "chunk_size": 20, "buffer_size": 60}


def write(folder: Path) -> None:
    """Files of packaged jets, with weights of one and two."""
    folder.mkdir(parents=True, exist_ok=True)
    source = open_jet_file(str(resources.files("pyg_liesym.datasets") / "samples" / "jets.root"))
    counts = {f"even-{number}": count for number, count in enumerate(FILES)}
    start = 0
    for name, count in {**counts, "more": SURPLUS, "val": VALIDATION}.items():
        jets = source.read(start, start + count)
        weight = 1 + np.arange(start, start + count, dtype=np.float32) % 2
        save_jets(folder / f"{name}.root", replace(jets, weight=weight), JetSchema(weight="weight"))
        start += count


def files(out: Path, *, even: bool) -> list[str]:
    """Those of the training."""
    names = [f"even-{number}" for number in range(len(FILES))] + ([] if even else ["more"])
    return [str(out / "jets" / f"{name}.root") for name in names]


def settings(
    out: Path,
    run: str,
    *,
    even: bool = False,
    world: int = WORLD,
    weight: str | None = None,
    hidden: int = 6,
    every: int = 2,
) -> Path:
    """The settings of a training, as a user of ``liesym fit`` writes them."""
    data: dict[str, Any] = {
        "files": files(out, even=even), "val_files": str(out / "jets" / "val.root"), "fractions": [1.0, 0.0, 0.0],
        "weight": weight, "num_workers": WORKERS, "max_constituents": 16, **ORDER,
    }  # fmt: skip
    stream = "pyg_liesym.systems.StreamingJetData"
    if world == 1:
        stream, data["ranks"] = "rank_recorder.Together", WORLD
    network = {"name": "liegnn", "hidden_channels": hidden, "num_layers": 2}
    net = {"class_path": "pyg_liesym.nn.build_tagger", "dict_kwargs": network}
    within = {"every_n_train_steps": every, "filename": "last-within", "enable_version_counter": False}
    recorder = {"class_path": "rank_recorder.Recorder", "init_args": {"folder": str(out / run / "seen")}}
    checkpoints = {"class_path": "lightning.pytorch.callbacks.ModelCheckpoint", "init_args": within}
    nodes = NODES if world > 1 else 1
    content = {
        "seed_everything": 0,
        "model": {"class_path": "pyg_liesym.systems.JetTagging", "init_args": {"net": net}},
        "data": {"class_path": stream, "init_args": data},
        "trainer": {
            "accelerator": "cpu", "precision": "64-true", "max_epochs": EPOCHS, "default_root_dir": str(out / run),
            "num_nodes": nodes, "devices": world // nodes, "num_sanity_val_steps": 0, "log_every_n_steps": 1,
            "enable_progress_bar": False, "enable_model_summary": False, "callbacks": [recorder, checkpoints],
        },
    }  # fmt: skip
    path = out / f"{run}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


class Training:
    """What a training has left so far.

    Args:
        folder: Its folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[list[dict[str, Any]]] = [
            [json.loads(line) for line in path.open()] for path in sorted((folder / "seen").glob("*.jsonl"))
        ]

    def checkpoint(self) -> dict[str, Any]:
        """The last one."""
        newest, _ = newest_checkpoint(self.folder, "last")
        assert newest is not None
        return read_checkpoint(newest)

    def steps(self) -> dict[int, list[dict[str, Any]]]:
        """The lines of all ranks by the number of the step; of one that was trained again, the last."""
        last = [{line["step"]: line for line in rank if "step" in line} for rank in self.lines]
        return {step: [rank[step] for rank in last] for step in sorted(last[0])}

    def begun(self) -> list[list[dict[str, Any]]]:
        """Where the ranks have begun, or begun again."""
        return [[line for line in rank if "pid" in line] for rank in self.lines]

    def reached(self, times: int) -> int:
        """The last step that all ranks have taken since they began for so many times."""
        if len(self.lines) < WORLD or min(map(len, self.begun())) < times:
            return 0
        return min(
            max((line["step"] for line in rank if "step" in line and line["time"] > begun[-1]["time"]), default=0)
            for rank, begun in zip(self.lines, self.begun(), strict=True)
        )

    def losses(self) -> list[float]:
        """Those of the steps, of all ranks together."""
        return [sum(line["loss"] for line in step) / len(step) for step in self.steps().values()]

    def epochs(self) -> list[list[int]]:
        """The jets that an epoch was trained with."""
        seen: dict[int, list[int]] = {}
        for step in self.steps().values():
            for line in step:
                seen.setdefault(line["epoch"], []).extend(line["jets"])
        return [seen[epoch] for epoch in sorted(seen)]

    def validated(self, epoch: int) -> list[int]:
        """The jets that an epoch was validated with."""
        own = [line for rank in self.lines for line in rank if "validated" in line and line["epoch"] == epoch]
        return [jet for line in own for jet in line["validated"]]


def cluster(out: Path, run: str, *more: str, hosts: Sequence[Host] = (Host(),) * NODES, **options: Any) -> Cluster:
    """Begin a training, or go on with what was left of it."""
    words = ["fit", "--config", str(settings(out, run, **options)), "--ckpt_path", "last", *more]
    alone = options.get("world", WORLD) == 1
    if alone:
        return Cluster(words, out / run, [Host()], 1)
    return Cluster(words, out / run, hosts)


def train(out: Path, run: str, **options: Any) -> Training:
    """Train from the beginning to the end."""
    shutil.rmtree(out / run, ignore_errors=True)
    started = time.perf_counter()
    statuses = cluster(out, run, **options).wait()
    if any(statuses):
        raise SystemExit(f"the training {run} ended with {statuses}: see {out / run / 'log.txt'}")
    say(f"{run}: {time.perf_counter() - started:.0f} s")
    return Training(out / run)
