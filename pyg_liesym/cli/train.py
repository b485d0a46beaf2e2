"""``liesym fit``, ``validate``, ``test`` and ``predict``: Lightning's command line over our systems and data."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.callbacks import ProgressBar as Bar
from lightning.pytorch.plugins.io import CheckpointIO

from pyg_liesym.cli.parser import Parser
from pyg_liesym.cli.train_help import SUBCOMMANDS
from pyg_liesym.progress import ProgressBar
from pyg_liesym.systems.checkpoint_files import newest_checkpoint, read_checkpoint
from pyg_liesym.systems.checkpoint_io import WholeCheckpointIO
from pyg_liesym.systems.last_checkpoint import LastCheckpoint

# Lightning's command line calls jsonargparse by names that the latter has since changed; not the user's concern.
os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI

MINUTES = 5
"""From one checkpoint within an epoch to the next, where the data can go on within an epoch."""

PATIENCE = 20
"""Epochs without a better validation loss after which a training stops: more than the rate's longest cycle."""


class TrainingParser(Parser, LightningArgumentParser):
    """Lightning's parser with our help."""


class CommandLine(LightningCLI):
    """Lightning's command line with callbacks that a training wants unless its settings have their own.

    ``fit`` keeps the checkpoints ``best`` (by the validation loss) and ``last`` (of every epoch), and stops after
    :data:`PATIENCE` epochs without a better one. ``test`` of a tagger leaves its scores and pictures, ``predict`` the
    predictions. An ``EarlyStopping``, ``ModelCheckpoint``, ``TaggingReport`` or ``PredictionReport`` among the
    trainer's ``callbacks`` takes the place of ours.

    ``--ckpt-path last`` and ``best`` are the newest undamaged checkpoints of these names below the trainer's folder; a
    ``fit`` without any begins anew. A ``fit`` that goes on from a checkpoint keeps its own in the same folder, so that
    ``best`` is the best of both parts. Checkpoints are local files and are read without unpickling.
    """

    resumed_from: Path | None = None

    def parse_arguments(self, parser: Any, args: Any) -> None:
        """Read the words, and find the checkpoint that ``last`` or ``best`` means."""
        super().parse_arguments(parser, args)
        settings = self.config[self.config.subcommand]
        if "verbose" in settings:  # Lightning's table has all sixteen digits
            settings["verbose"] = False
        name = settings.get("ckpt_path")
        if name is None:
            return
        if name in ("last", "best"):
            folder = Path(settings.get("trainer.default_root_dir") or "lightning_logs")
            found, damaged = newest_checkpoint(folder, name)
            for path in damaged:
                sys.stderr.write(f"liesym {self.config.subcommand}: {path} is damaged and left aside\n")
            if found is None and self.config.subcommand != "fit":
                raise ValueError(f"there is no checkpoint {name}*.ckpt below {folder}: give its path as --ckpt-path")
            settings["ckpt_path"] = found and str(found)
            if found is not None:
                print(f"{self.config.subcommand} with {found}")
        if settings["ckpt_path"] is not None:
            read_checkpoint(settings["ckpt_path"])  # complains in words where Lightning would not
            self.resumed_from = Path(settings["ckpt_path"])

    def instantiate_trainer(self, **kwargs: Any) -> L.Trainer:
        """Make the trainer of the settings, with the missing callbacks and with checkpoints that are whole."""
        settings = self._get(self.config_init, "trainer", default={})
        own = _as_list(settings.get("callbacks"))
        ours = [] if settings.get("fast_dev_run") else self._callbacks(settings)
        kinds = tuple(type(callback) for callback in own)
        callbacks = [*own, *(callback for callback in ours if not issubclass(type(callback), kinds))]
        if not settings.get("fast_dev_run") and settings.get("enable_checkpointing") is not False:
            callbacks += [LastCheckpoint(), LastCheckpoint(timedelta(minutes=MINUTES))]
        if self.subcommand == "fit" and self.resumed_from is not None:
            for callback in callbacks:
                if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
                    callback.dirpath = str(self.resumed_from.parent)
        if (
            not any(isinstance(callback, Bar) for callback in callbacks)
            and settings.get("enable_progress_bar") is not False
        ):
            callbacks.append(ProgressBar())
        plugins = _as_list(settings.get("plugins"))
        if not any(isinstance(plugin, CheckpointIO) for plugin in plugins):
            plugins.append(WholeCheckpointIO())
        return super().instantiate_trainer(**{**kwargs, "callbacks": callbacks, "plugins": plugins})

    def after_validate(self) -> None:
        """Print the scores."""
        self._print_scores()

    def after_test(self) -> None:
        """Print the scores."""
        self._print_scores()

    def _print_scores(self) -> None:
        scores = {name: float(value) for name, value in self.trainer.callback_metrics.items()}
        if self.trainer.is_global_zero and scores:
            width = max(map(len, scores))
            print("\n".join(f"{name:<{width}}  {value:.4g}" for name, value in scores.items()))

    def _callbacks(self, settings: Any) -> list[L.Callback]:
        from pyg_liesym.cli.prediction_report import PredictionReport
        from pyg_liesym.cli.tagging_report import TaggingReport
        from pyg_liesym.systems.system import System

        if not isinstance(self.model, System):
            return []
        report: list[L.Callback] = [TaggingReport()] if self.subcommand == "test" else []
        report += [PredictionReport()] if self.subcommand == "predict" and self.model.predicts_rows else []
        if settings.get("limit_val_batches") == 0 or settings.get("enable_checkpointing") is False:
            return report
        loss = self.model.monitor
        # In every subcommand: a checkpoint wants the callbacks of its training, or warns.
        return [
            *report,
            ModelCheckpoint(monitor=loss, filename="best", enable_version_counter=False),
            EarlyStopping(loss, patience=PATIENCE, check_on_train_epoch_end=False),
        ]


def train(words: list[str]) -> None:
    """Run LightningCLI on a subcommand and its options.

    Args:
        words: For example ``["fit", "--config", "jets.yaml", "--trainer.max_epochs", "3"]``.
    """
    import pyg_liesym.systems.data
    import pyg_liesym.systems.field_data
    import pyg_liesym.systems.field_forecasting
    import pyg_liesym.systems.forecasting
    import pyg_liesym.systems.streaming_data
    import pyg_liesym.systems.tagging  # noqa: F401  (their classes can then be named without the module)

    logging.getLogger("lightning.pytorch.utilities.rank_zero").addFilter(_is_no_advertisement)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*`tensorboardX` has been removed.*")  # its substitute is as good
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        # A training that goes on does so where its checkpoints are.
        warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
        # The words are not those of `sys.argv` only by an underscore; from there Lightning starts its other processes.
        warnings.filterwarnings("ignore", message=".*args parameter is intended to run from within Python.*")
        CommandLine(
            L.LightningModule,
            L.LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            save_config_kwargs={"overwrite": True},
            auto_configure_optimizers=False,
            parser_class=TrainingParser,
            parser_kwargs={name: {"usage": f"liesym {name} --config NAME|FILE [OPTIONS]"} for name in SUBCOMMANDS},
            args=words,
        )


def _is_no_advertisement(record: logging.LogRecord) -> bool:
    return "Tip:" not in record.getMessage()


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
