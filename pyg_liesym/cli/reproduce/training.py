"""Trainings in sittings: what they took, how much is left, and where they go on."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from pyg_liesym.cli.reproduce.experiment import Bench, SittingOver
from pyg_liesym.progress import ProgressBar
from pyg_liesym.systems.checkpoint_files import read_checkpoint
from pyg_liesym.systems.checkpoint_io import WholeCheckpointIO
from pyg_liesym.systems.last_checkpoint import LastCheckpoint
from pyg_liesym.systems.system import System

FIRST_STEPS = 50
"""Steps of a sitting after which its pace is known."""


class Clock(L.Callback):
    """Counts training examples and the seconds that they took, validation left out, over all sittings of a run.

    It ends a sitting whose time is up, and says how much of a run is left: after :data:`FIRST_STEPS` steps, after every
    epoch, and at the end of the sitting.

    Args:
        bench: Where the run works, and until when.
        between: Whether a sitting ends between two steps or two epochs: a run can only go on from within an epoch if
            its loader can.
        monitor: What to keep of every validation, as ``learning_curve``: examples seen by then, and its value.
    """

    def __init__(self, bench: Bench, between: Literal["steps", "epochs"] = "steps", monitor: str | None = None) -> None:
        self.bench, self.between, self.monitor, self.jets, self.seconds = bench, between, monitor, 0, 0.0
        self.curve: list[tuple[int, float]] = []
        self._since: float | None = None
        self._before = (0, 0, 0.0)  # steps, examples and seconds of earlier sittings

    def numbers(self) -> dict[str, Any]:
        """Seconds of training, and examples a second; the learning curve, if there is one."""
        curve = {"learning_curve": [list(point) for point in self.curve]} if self.curve else {}
        return {"training_seconds": self.seconds, "jets_per_second": self.jets / max(self.seconds, 1e-9), **curve}

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note where the sitting begins."""
        self._before = (trainer.global_step, self.jets, self.seconds)

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """End the sitting if it is time to; the epoch before is in the checkpoint."""
        over = self.between == "epochs" and time.monotonic() > self.bench.until
        if over and (self.bench.folder / "last.ckpt").exists():
            raise SittingOver

    def on_train_batch_start(
        self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start the watch if it stands still."""
        if self._since is None:
            self._since = now()

    def on_train_batch_end(
        self, trainer: L.Trainer, pl_module: L.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the examples; end the sitting if it is time to.

        Not at the end of an epoch: a run that goes on from there would leave out its validation.
        """
        self.jets += _size(batch)
        if trainer.global_step - self._before[0] == FIRST_STEPS:
            self._say(trainer)
        if self.between == "steps" and time.monotonic() > self.bench.until and not trainer.is_last_batch:
            trainer.save_checkpoint(self.bench.folder / "last.ckpt")
            self._say(trainer)
            raise SittingOver

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop the watch."""
        self._stop()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Add a point to the learning curve."""
        if self.monitor is not None and self.monitor in trainer.callback_metrics:
            self.curve.append((self.jets, float(trainer.callback_metrics[self.monitor])))

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop the watch."""
        self._stop()
        self._say(trainer)

    def state_dict(self) -> dict[str, Any]:
        """Examples and seconds until now, and the learning curve."""
        running = self._since is not None
        self._stop()
        self._since = now() if running else None
        return {"jets": self.jets, "seconds": self.seconds, "curve": list(self.curve)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from those of a checkpoint."""
        self.jets, self.seconds, self.curve = state_dict["jets"], state_dict["seconds"], state_dict.get("curve", [])

    def _say(self, trainer: L.Trainer) -> None:
        """Print how much is left, at the pace of this sitting."""
        state, (steps, jets, seconds) = self.state_dict(), self._before
        done = trainer.global_step - steps
        if not self.bench.sitting.progress or done == 0:
            return
        taken = state["seconds"] - seconds
        left = (int(trainer.estimated_stepping_batches) - trainer.global_step) * taken / done
        pace = (state["jets"] - jets) / max(taken, 1e-9)
        place = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}, {pace:.0f} examples/s"
        print(f"{self.bench.folder.name}: {place}, about {duration(left)} of training left", flush=True)

    def _stop(self) -> None:
        if self._since is not None:
            self.seconds += now() - self._since
            self._since = None


class StepCheckpoint(ModelCheckpoint):
    """Checkpoints every so many steps, but none at the last of an epoch, for the reason that :class:`Clock` has."""

    def on_train_batch_end(self, trainer: L.Trainer, *args: Any, **kwargs: Any) -> None:
        """Save if it is time to."""
        if not trainer.is_last_batch:
            super().on_train_batch_end(trainer, *args, **kwargs)


def best_checkpoint(bench: Bench, monitor: str, mode: str = "min", averaged: bool = False) -> ModelCheckpoint:
    """Keep the weights of the best epoch in ``best.ckpt``; averaged ones are in whole checkpoints alone."""
    return ModelCheckpoint(
        bench.folder, filename="best", monitor=monitor, mode=mode, save_weights_only=not averaged,
        enable_version_counter=False,
    )  # fmt: skip


def trainer(bench: Bench, epochs: int, callbacks: Sequence[L.Callback], **more: Any) -> L.Trainer:
    """Lightning's trainer as every experiment has it: one device, no logger, checkpoints in the folder of the run."""
    options: dict[str, Any] = {
        "accelerator": bench.sitting.accelerator, "devices": 1, "logger": False, "enable_model_summary": False,
        "enable_progress_bar": bench.sitting.progress, "num_sanity_val_steps": 0, "default_root_dir": bench.folder,
    }  # fmt: skip
    bars = [ProgressBar()] if bench.sitting.progress else []
    return L.Trainer(
        max_epochs=epochs, callbacks=[*callbacks, *bars], plugins=WholeCheckpointIO(), **{**options, **more}
    )


def resume(trainer: L.Trainer, bench: Bench, system: L.LightningModule, train: Any = None, val: Any = None) -> None:
    """Train from ``last.ckpt`` on, if there is one; Lightning's advice about loaders and folders is not shown."""
    last = bench.folder / "last.ckpt"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(does not have many workers|have no `val_dataloader`).*")
        warnings.filterwarnings("ignore", message=".*(exists and is not empty|number of training batches).*")
        trainer.fit(system, train, val, ckpt_path=str(last) if last.exists() else None)


def load_best(system: L.LightningModule, bench: Bench) -> None:
    """Give a system the weights of its best epoch."""
    system.load_state_dict(read_checkpoint(bench.folder / "best.ckpt")["state_dict"])


def fit_best(
    system: System,
    loaders: tuple[Any, Any],
    bench: Bench,
    epochs: int,
    monitor: str,
    *,
    every: int = 1,
    between: Literal["steps", "epochs"] = "steps",
    averaging: L.Callback | None = None,
    **options: Any,
) -> tuple[L.Trainer, dict[str, Any]]:
    """Train, or go on, validate every few epochs, and load the weights of the best validation.

    Args:
        system: With fresh weights.
        loaders: Of the training data, and of what validates.
        bench: Where the run works.
        epochs: Passes over the training data.
        monitor: What of a validation is to be small.
        every: Epochs from one validation, and checkpoint to go on from, to the next.
        between: Where a sitting ends, see :class:`Clock`.
        averaging: Of the weights; the averages are then what is validated and loaded.
        **options: Of Lightning's trainer.

    Returns:
        The trainer, which can test, and ``best_val``, ``best_epoch``, ``parameters`` and the numbers of the clock.
    """
    best, clock = best_checkpoint(bench, monitor, averaged=averaging is not None), Clock(bench, between)
    callbacks = [clock, best, LastCheckpoint(folder=bench.folder, every=every)]
    callbacks += [] if averaging is None else [averaging]
    training = trainer(bench, epochs, callbacks, check_val_every_n_epoch=every, **options)
    resume(training, bench, system, *loaders)
    load_best(system, bench)
    return training, {
        "best_val": float(best.best_model_score or float("nan")),
        "best_epoch": read_checkpoint(bench.folder / "best.ckpt")["epoch"],
        "parameters": sum(p.numel() for p in system.net.parameters()),
        **clock.numbers(),
    }


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


def _size(batch: Any) -> int:
    """Examples in a batch: graphs, or rows of a tensor."""
    return len(batch) if isinstance(batch, torch.Tensor) else int(batch.num_graphs)
