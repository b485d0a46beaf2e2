"""The checkpoint that a training goes on from."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from pyg_liesym.systems.resumable import ResumesWithinEpoch

_LOOKS = 16
"""How often several processes look at the clock in an interval: each time all wait for the answer of the first."""


class LastCheckpoint(ModelCheckpoint):
    """Write ``last.ckpt`` at the end of epochs, whether or not they were better ones.

    With an interval it writes during epochs too, and when the process is told to end (SIGTERM), if the data can go on
    from the middle of an epoch: see :class:`~pyg_liesym.systems.resumable.ResumesWithinEpoch`. With other data a part
    of an epoch would be trained twice, so at most one epoch is lost instead.

    A training that goes on in a folder that was moved finds its other checkpoints there, ``best`` among them.

    Args:
        interval: Time from one checkpoint within an epoch to the next; None for the ends of epochs alone.
        folder: Where to write (default: where the trainer keeps its checkpoints).
        every: Epochs from one checkpoint to the next.
    """

    def __init__(self, interval: timedelta | None = None, *, folder: Path | None = None, every: int = 1) -> None:
        super().__init__(
            folder,
            filename="last",
            every_n_epochs=every if interval is None else None,
            train_time_interval=interval,
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        )
        self._interval = interval
        self._looked, self._next_look = (0.0, 0), 0

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Begin to count the time."""
        super().on_train_start(trainer, pl_module)
        self._looked, self._next_look = (time.monotonic(), trainer.global_step), 0

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any, **kwargs: Any) -> None:
        """Write if the interval has passed and the data can go on from here."""
        if not self._goes_on(trainer) or trainer.global_step < self._next_look:
            return
        super().on_train_batch_end(trainer, *args, **kwargs)
        if trainer.world_size > 1 and self._interval is not None:
            (before, first), self._looked = self._looked, (time.monotonic(), trainer.global_step)
            pace = (self._looked[0] - before) / max(trainer.global_step - first, 1)
            steps = int(self._interval.total_seconds() / _LOOKS / max(pace, 1e-9))
            self._next_look = trainer.global_step + trainer.strategy.broadcast(max(steps, 1))

    def on_exception(self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException) -> None:
        """Write where SIGTERM has ended the training between two steps and the data can go on from there."""
        if self._goes_on(trainer) and isinstance(exception, SIGTERMException) and not trainer.sanity_checking:
            self._save_checkpoint(trainer, self.format_checkpoint_name({}))

    def on_load_checkpoint(self, trainer: L.Trainer, pl_module: L.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Let the other callbacks look for their files where the checkpoint lies now."""
        if trainer.ckpt_path is None:
            return
        now = str(Path(trainer.ckpt_path).parent)
        for state in checkpoint.get("callbacks", {}).values():
            before = state.get("dirpath") if isinstance(state, dict) else None
            if before is not None:
                state.update(_moved(state, str(before), now))

    def _goes_on(self, trainer: L.Trainer) -> bool:
        """Whether a training could go on from the middle of this epoch."""
        return self._interval is not None and isinstance(trainer.datamodule, ResumesWithinEpoch)  # type: ignore[attr-defined]


def _moved(value: Any, before: str, now: str) -> Any:
    if isinstance(value, dict):
        return {_moved(key, before, now): _moved(each, before, now) for key, each in value.items()}
    if isinstance(value, str) and (value == before or value.startswith(before + "/")):
        return now + value[len(before) :]
    return value
