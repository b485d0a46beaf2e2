"""Run a discovery module with Lightning, quietly."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

from pyg_liesym.progress import ProgressBar

_NAMES = ("lightning.pytorch", "lightning.pytorch.utilities.rank_zero", "lightning.pytorch.accelerators.cuda")


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
