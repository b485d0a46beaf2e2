"""``liesym fit``, ``validate``, ``test`` and ``predict``: Lightning's command line over our systems and data."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

# Lightning's command line calls jsonargparse by names that the latter has since changed; not the user's concern.
os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
from lightning.pytorch.cli import LightningCLI

PATIENCE = 20
"""Epochs without a better validation loss after which a training stops: more than the rate's longest cycle."""


class CommandLine(LightningCLI):
    """Lightning's command line with callbacks that a training wants unless its settings have their own.

    ``fit`` keeps the checkpoints ``best`` (by the validation loss) and ``last``, and stops after :data:`PATIENCE`
    epochs without a better one. ``test`` of a tagger leaves its scores and pictures, ``predict`` the predictions. An
    ``EarlyStopping``, ``ModelCheckpoint``, ``TaggingReport`` or ``PredictionReport`` among the trainer's ``callbacks``
    takes the place of ours.

    ``--ckpt_path last`` and ``best`` are the newest checkpoints of these names below the trainer's folder; a ``fit``
    without any begins anew.
    """

    def before_instantiate_classes(self) -> None:
        """Find the checkpoint that ``last`` or ``best`` means."""
        settings = self.config[self.subcommand]
        name = settings.get("ckpt_path")
        if name not in ("last", "best"):
            return
        folder = Path(settings.get("trainer.default_root_dir") or "lightning_logs")
        found = sorted(folder.rglob(f"{name}*.ckpt"), key=lambda path: path.stat().st_mtime)
        if found:
            settings["ckpt_path"] = str(found[-1])
            print(f"{self.subcommand} with {found[-1]}")
        elif self.subcommand != "fit":
            raise ValueError(f"there is no checkpoint {name}*.ckpt below {folder}: give its path as --ckpt_path")

    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        """Make the trainer of the settings, with the missing callbacks."""
        settings = self._get(self.config_init, "trainer", default={})
        given = settings.get("callbacks") or []
        own = given if isinstance(given, list) else [given]
        ours = [] if settings.get("fast_dev_run") else self._callbacks(settings)
        kinds = tuple(type(callback) for callback in own)
        missing = [callback for callback in ours if not issubclass(type(callback), kinds)]
        return super().instantiate_trainer(**{**kwargs, "callbacks": [*own, *missing]})

    def _callbacks(self, settings: Any) -> list[L.Callback]:
        from pyg_liesym.cli.prediction_report import PredictionReport
        from pyg_liesym.cli.tagging_report import TaggingReport
        from pyg_liesym.systems.forecasting import TrajectoryForecasting
        from pyg_liesym.systems.tagging import JetTagging

        tagging = isinstance(self.model, JetTagging)
        report: list[L.Callback] = [TaggingReport()] if tagging and self.subcommand == "test" else []
        known = tagging or isinstance(self.model, TrajectoryForecasting)
        report += [PredictionReport()] if known and self.subcommand == "predict" else []
        if not known or settings.get("limit_val_batches") == 0 or settings.get("enable_checkpointing") is False:
            return report
        loss = "val_loss" if tagging else "val_mse"
        # In every subcommand: a checkpoint wants the callbacks of its training, or warns.
        return [
            *report,
            ModelCheckpoint(monitor=loss, filename="best", save_last=True),
            EarlyStopping(loss, patience=PATIENCE, check_on_train_epoch_end=False),
        ]


def train(words: list[str]) -> None:
    """Run LightningCLI on a subcommand and its options.

    Args:
        words: For example ``["fit", "--config", "jets.yaml", "--trainer.max_epochs", "3"]``.
    """
    import pyg_liesym.systems.data
    import pyg_liesym.systems.forecasting
    import pyg_liesym.systems.streaming_data
    import pyg_liesym.systems.tagging  # noqa: F401  (their classes can then be named without the module)

    sys.argv = ["liesym", *words]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        CommandLine(
            L.LightningModule,
            L.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_kwargs={"overwrite": True},
            auto_configure_optimizers=False,
        )
