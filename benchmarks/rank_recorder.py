"""What the ranks of a training saw, step by step; named in the settings of ``many_ranks.py``."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor
from torch_geometric.data import Batch

from pyg_liesym.datasets.jets.streaming_loader import StreamingLoader
from pyg_liesym.systems.streaming_data import StreamingJetData


class Recorder(L.Callback):
    """Write a line for every step of a rank, at once: what is killed has said what it did.

    Args:
        folder: Where the lines go, in ``RANK.jsonl``.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Open the file of this rank."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = (self.folder / f"{trainer.global_rank}.jsonl").open("a", buffering=1)
        self.say(begun=True, pid=os.getpid(), node=os.environ.get("GROUP_RANK"), local=os.environ.get("LOCAL_RANK"))

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Keep the jets of the step."""
        self.jets = batch.entry.tolist()

    def on_before_backward(self, trainer: L.Trainer, pl_module: Any, loss: Tensor) -> None:
        """Note the step, before a gradient of it reaches other ranks: no checkpoint can have it otherwise."""
        self.say(epoch=trainer.current_epoch, step=trainer.global_step + 1, loss=float(loss), jets=self.jets)

    def on_validation_batch_end(
        self, trainer: L.Trainer, pl_module: Any, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Note the jets."""
        if not trainer.sanity_checking:
            self.say(epoch=trainer.current_epoch, validated=batch.entry.tolist())

    def say(self, **words: Any) -> None:
        """Write a line."""
        self.file.write(json.dumps({**words, "time": time.time()}) + "\n")


class Together(StreamingJetData):
    """The batches of so many ranks as those of one.

    Args:
        ranks: How many.
        **options: Of :class:`~pyg_liesym.systems.StreamingJetData`.
    """

    def __init__(self, ranks: int, **options: Any) -> None:
        super().__init__(**options)
        self.ranks = ranks

    def train_dataloader(self) -> Any:
        """The loaders of all ranks side by side."""
        loaders = [self.loader("train") for _ in range(self.ranks)]
        for rank, loader in enumerate(loaders):
            loader.jets.rank, loader.jets.world_size = rank, self.ranks
        return _SideBySide(loaders)


class _SideBySide:
    def __init__(self, loaders: list[StreamingLoader]) -> None:
        self.loaders = loaders

    def __len__(self) -> int:
        return len(self.loaders[0])

    def __iter__(self) -> Iterator[Batch]:
        for parts in zip(*self.loaders, strict=True):
            graphs = torch.cat([batch.batch + index * batch.num_graphs for index, batch in enumerate(parts)])
            jets = {
                name: torch.cat([batch[name] for batch in parts])
                for name in ("p4", "pos", "y", "entry", "weight")
                if name in parts[0]
            }
            together = Batch(**jets, batch=graphs)
            together._num_graphs = sum(batch.num_graphs for batch in parts)
            yield together
