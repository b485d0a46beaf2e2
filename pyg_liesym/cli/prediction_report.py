"""What ``liesym predict`` leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning as L
import torch
from torch import Tensor

from pyg_liesym.cli.files import save_tensors
from pyg_liesym.systems.gather import gather_rows

PREDICTIONS = "predictions.safetensors"


class PredictionReport(L.Callback):
    """Write the predictions of all ranks in the order of the jets or graphs.

    Into the folder of the logs, or else the trainer's folder: ``predictions.safetensors`` with ``predictions``, a row
    for each jet (probabilities of the classes) or each node (forecast vectors), and ``entry``, which jet or graph of
    the files or the split the row is of.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[Tensor, Tensor]] = []
        self._graphs = 0

    def on_predict_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the rows of a batch."""
        # Without a number of their own, graphs are dealt out to the ranks like cards.
        number = self._graphs + torch.arange(batch.num_graphs, device=outputs.device)
        entry = batch.get("entry", trainer.global_rank + trainer.world_size * number)
        self._graphs += batch.num_graphs
        self._rows.append((outputs.detach(), entry if len(outputs) == batch.num_graphs else entry[batch.batch]))

    def on_predict_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the file, on one rank."""
        if not self._rows:
            raise ValueError("nothing was predicted: the split has no batch of jets")
        rows, entry = (gather_rows(torch.cat(column)).cpu() for column in zip(*self._rows, strict=True))
        self._rows, self._graphs = [], 0
        if not trainer.is_global_zero:
            return
        path = Path(trainer.log_dir or trainer.default_root_dir) / PREDICTIONS
        order = entry.argsort(stable=True)
        save_tensors(path, {"predictions": rows[order], "entry": entry[order]})
        print(f"{len(rows)} predictions: {path}")
