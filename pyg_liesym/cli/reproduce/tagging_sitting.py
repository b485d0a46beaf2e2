"""Trainings in sittings: how long they took, how long they will, and where they go on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

FIRST_STEPS = 50
"""Steps of a sitting after which its pace is known."""


class SittingOver(Exception):
    """The time of a sitting is up; the run goes on from its checkpoint in the next."""


class Stopwatch(L.Callback):
    """Counts the training jets and the seconds that they took, validation left out, over all sittings of a run.

    Args:
        until: Reading of ``time.monotonic()`` at which the sitting ends.
        checkpoint: Where a run that has to end goes to.
        name: Of the run, to say how much of it is left: after :data:`FIRST_STEPS` steps, after every epoch, and at the
            end of the sitting; None to say nothing.
    """

    def __init__(self, until: float = float("inf"), checkpoint: Path | None = None, name: str | None = None) -> None:
        self.jets, self.seconds, self.until, self.checkpoint, self.name = 0, 0.0, until, checkpoint, name
        self._since: float | None = None
        self._before = (0, 0, 0.0)  # steps, jets and seconds of earlier sittings

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start the watch if it stands still."""
        if self._since is None:
            self._since = now()

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note where the sitting begins."""
        self._before = (trainer.global_step, self.jets, self.seconds)

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the jets; end the sitting if it is time to.

        Not at the end of an epoch: a run that goes on from there would leave out its validation.
        """
        self.jets += int(batch.num_graphs)
        if trainer.global_step - self._before[0] == FIRST_STEPS:
            self._say(trainer)
        if time.monotonic() > self.until and self.checkpoint is not None and not trainer.is_last_batch:
            trainer.save_checkpoint(self.checkpoint)
            self._say(trainer)
            raise SittingOver

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop the watch."""
        self._stop()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop the watch."""
        self._stop()
        self._say(trainer)

    def state_dict(self) -> dict[str, Any]:
        """Jets and seconds until now."""
        running = self._since is not None
        self._stop()
        self._since = now() if running else None
        return {"jets": self.jets, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the jets and seconds of a checkpoint."""
        self.jets, self.seconds = state_dict["jets"], state_dict["seconds"]

    def _say(self, trainer: L.Trainer) -> None:
        """Print how much is left, at the pace of this sitting."""
        state, (steps, jets, seconds) = self.state_dict(), self._before
        done = trainer.global_step - steps
        if self.name is None or done == 0:
            return
        taken = state["seconds"] - seconds
        left = (int(trainer.estimated_stepping_batches) - trainer.global_step) * taken / done
        pace = (state["jets"] - jets) / max(taken, 1e-9)
        place = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}, {pace:.0f} jets/s"
        print(f"{self.name}: {place}, about {duration(left)} of training left", flush=True)

    def _stop(self) -> None:
        if self._since is not None:
            self.seconds += now() - self._since
            self._since = None


class StepCheckpoint(ModelCheckpoint):
    """Checkpoints every so many steps, but none at the last of an epoch, for the reason that :class:`Stopwatch` has."""

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any, **kwargs: Any) -> None:
        """Save if it is time to."""
        if not trainer.is_last_batch:
            super().on_train_batch_end(trainer, *args, **kwargs)


def duration(seconds: float) -> str:
    """A length of time in words.

    Example:
        >>> duration(7500.0), duration(61.0)
        ('2 h 05 min', '1 min')
    """
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def now() -> float:
    """Reading of a monotonic clock in seconds, once the GPU has done everything."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.monotonic()
