"""Batches of samples, and a quiet run of a module over them with Lightning."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from pyg_liesym.discovery.samples import Samples
from pyg_liesym.progress import ProgressBar

_NAMES = ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero", "lightning.pytorch.accelerators.cuda")
_HELD_OUT = 5_000


def train(
    module: lightning.LightningModule, batches: Any, *callbacks: Callback, progress: bool, accelerator: str
) -> None:
    """One pass over the batches, without logger, checkpoints or announcements."""
    bars: list[Callback] = [ProgressBar(refresh_rate=25)] if progress else []
    with quiet():
        trainer = lightning.Trainer(
            accelerator=accelerator,
            devices=1,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=progress,
            callbacks=[*callbacks, *bars],
        )
        trainer.fit(module, train_dataloaders=batches)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning from announcing itself, and leave its loggers as they were."""
    loggers = [logging.getLogger(name) for name in _NAMES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def hold_out(samples: Samples, generator: torch.Generator) -> tuple[Samples, Samples]:
    """The samples to learn from, and every tenth, 5000 at most, to judge by; drawn at random."""
    order = torch.randperm(len(samples), generator=generator)
    count = min(_HELD_OUT, len(samples) // 10)
    return samples.take(order[count:]), samples.take(order[:count])


@dataclass(frozen=True)
class Batches:
    """Random batches of data and of data to transform, drawn with replacement.

    Args:
        samples: The data.
        batch_size: Samples of each half of a batch.
        num_batches: How many.
        generator: Draws them.
    """

    samples: Samples
    batch_size: int
    num_batches: int
    generator: torch.Generator

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[tuple[Samples, Samples]]:
        for _ in range(self.num_batches):
            yield self._draw(), self._draw()

    def _draw(self) -> Samples:
        index: Tensor = torch.randint(len(self.samples), (self.batch_size,), generator=self.generator)
        return self.samples.take(index)
