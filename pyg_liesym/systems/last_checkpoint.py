"""The checkpoint that a training goes on from."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException

from pyg_liesym.systems.resumable import ResumesWithinEpoch


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
        self._within_epochs = interval is not None

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any, **kwargs: Any) -> None:
        """Write if the interval has passed and the data can go on from here."""
        if self._goes_on(trainer):
            super().on_train_batch_end(trainer, *args, **kwargs)

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
        return self._within_epochs and isinstance(trainer.datamodule, ResumesWithinEpoch)  # type: ignore[attr-defined]


def _moved(value: Any, before: str, now: str) -> Any:
    if isinstance(value, dict):
        return {_moved(key, before, now): _moved(each, before, now) for key, each in value.items()}
    if isinstance(value, str) and (value == before or value.startswith(before + "/")):
        return now + value[len(before) :]
    return value
