"""One training and test of the plume benchmark, resumable at every epoch."""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.reproduce.plume_protocol import PlumeProtocol
from pyg_liesym.cli.reproduce.tagging_sitting import SittingOver
from pyg_liesym.datasets.simulation.plume_settings import PlumeSetting
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import ForecasterName, GridSymmetry, build_forecaster, widest
from pyg_liesym.systems.field_data import SmokePlumeData
from pyg_liesym.systems.field_forecasting import FieldForecasting


class Course(L.Callback):
    """Follows validation and relaxation over a training, and ends a sitting between two rounds.

    Args:
        until: Reading of ``time.monotonic()`` at which the sitting ends.
        checkpoint: Where a run that has to end goes to.
    """

    def __init__(self, until: float, checkpoint: Path) -> None:
        self.until, self.checkpoint = until, checkpoint
        self.points: list[dict[str, float]] = []
        self.seconds = 0.0
        self._since = time.monotonic()

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the watch."""
        self._since = time.monotonic()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note where the training is."""
        now = time.monotonic()
        self.seconds, self._since = self.seconds + now - self._since, now
        self.points.append(
            {
                "step": trainer.global_step,
                "val_rmse": float(trainer.callback_metrics["val_rmse"]),
                "relaxation": float(pl_module.net.relaxation()),  # type: ignore[operator, union-attr]
            }
        )

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """End the sitting if it is time to; the round before is in the checkpoint."""
        if time.monotonic() > self.until and self.checkpoint.exists():
            raise SittingOver

    def state_dict(self) -> dict[str, Any]:
        """The course until now."""
        return {"points": self.points, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint's."""
        self.points, self.seconds = list(state_dict["points"]), state_dict["seconds"]


def forecaster_of(
    model: ForecasterName, symmetry: GridSymmetry, protocol: PlumeProtocol, sizes: tuple[float, float]
) -> tuple[FieldForecaster, int]:
    """A network of the benchmark and its width: as wide as the budget allows, or as the protocol says."""

    def build(width: int) -> FieldForecaster:
        return build_forecaster(
            model, symmetry, width=width, size=(protocol.resolution, protocol.resolution), history=protocol.history,
            scale=sizes[0], step=sizes[1], num_layers=protocol.num_layers, num_banks=protocol.num_banks,
        )  # fmt: skip

    width = protocol.widths.get(model) or widest(build, protocol.budget)
    return build(width), width


def plume_data(root: Path, setting: PlumeSetting, level: int, seed: int, protocol: PlumeProtocol) -> SmokePlumeData:
    """The windows of a setting, as the protocol has them."""
    return SmokePlumeData(
        str(root), setting, protocol.history, protocol.horizon, protocol.test_horizon, protocol.resolution,
        protocol.batch_size, seed, level=level, frames=protocol.frames, val_windows=protocol.val_windows,
        test_windows=protocol.test_windows,
    )  # fmt: skip


def run_plume(
    folder: Path,
    model: ForecasterName,
    setting: PlumeSetting,
    symmetry: GridSymmetry,
    root: Path,
    protocol: PlumeProtocol,
    *,
    seed: int,
    level: int = 0,
    until: float = float("inf"),
    progress: bool = True,
) -> tuple[dict[str, Any], FieldForecaster]:
    """Train and test a network, or go on with it, or read the result that is there.

    Args:
        folder: Of checkpoints and ``result.json``.
        model: Which network.
        setting: Which plumes.
        symmetry: What the network keeps or relaxes.
        root: Folder of the data set.
        protocol: What all networks get alike.
        seed: Seed of the weights and of the order.
        level: Which level of ``graded``.
        until: Reading of ``time.monotonic()`` at which the sitting ends.
        progress: Whether to show a bar.

    Returns:
        The result, and the network with its best weights.

    Raises:
        SittingOver: If the time is up.
        ValueError: If the folder is of a run of other settings.
    """
    settings = json.loads(
        json.dumps({"model": model, "setting": setting, "level": level, "seed": seed, **asdict(protocol)})
    )
    _check(folder / "settings.json", settings)
    done, best = folder / "result.json", folder / "best.ckpt"
    data = plume_data(root, setting, level, seed, protocol)
    L.seed_everything(seed, verbose=False)
    net, width = forecaster_of(model, symmetry, protocol, data.sizes())
    system = FieldForecasting(
        net, protocol.penalty, protocol.lr, protocol.weight_decay, protocol.decay, test_names=data.test_names
    )
    if done.exists():
        _load(system, best)
        return json.loads(done.read_text()), net
    if time.monotonic() > until:
        raise SittingOver
    course = Course(until, folder / "last.ckpt")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(does not have many workers|exists and is not empty).*")
        trainer = _trainer(folder, protocol, course, progress)
        trained = folder / "course.json"
        if trained.exists():  # and stopped before the tests
            course.load_state_dict(json.loads(trained.read_text()))
        else:
            trainer.fit(system, data, ckpt_path=str(course.checkpoint) if course.checkpoint.exists() else None)
            write_json(trained, course.state_dict())
        _load(system, best)
        scores = trainer.test(system, data, verbose=False)
    result = {
        **settings,
        "width": width,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        **{name: value for score in scores for name, value in score.items()},
        "val_rmse": min(point["val_rmse"] for point in course.points),
        "relaxation": float(net.relaxation()),
        "relaxations": {name: float(layer.relaxation()) for name, layer in net.relaxed_layers().items()},  # type: ignore[operator]
        "course": course.points,
        "seconds": course.seconds,
    }
    write_json(done, result)
    course.checkpoint.unlink(missing_ok=True)
    return result, net.cpu()


def _check(path: Path, settings: dict[str, Any]) -> None:
    """Refuse to go on with, or take the result of, a run of other settings."""
    if not path.exists():
        write_json(path, settings)
        return
    found = json.loads(path.read_text())
    different = sorted(name for name in {*found, *settings} if found.get(name) != settings.get(name))
    if different:
        raise ValueError(
            f"{path.parent} is of a run with another {', '.join(different)}: choose another `out` or remove it"
        )


def _trainer(folder: Path, protocol: PlumeProtocol, course: Course, progress: bool) -> L.Trainer:
    best = ModelCheckpoint(
        folder, filename="best", monitor="val_rmse", save_weights_only=True, enable_version_counter=False
    )
    last = ModelCheckpoint(
        folder, filename="last", save_on_train_epoch_end=True, save_top_k=1, enable_version_counter=False
    )
    stop = [] if protocol.patience is None else [EarlyStopping("val_rmse", patience=protocol.patience)]
    return L.Trainer(
        accelerator=protocol.accelerator,
        devices=1,
        max_epochs=protocol.epochs,
        limit_train_batches=protocol.steps,
        callbacks=[course, best, *stop, last],
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=progress,
        num_sanity_val_steps=0,
        default_root_dir=folder,
    )


def _load(system: FieldForecasting, best: Path) -> None:
    system.load_state_dict(torch.load(best, map_location="cpu", weights_only=True)["state_dict"])
