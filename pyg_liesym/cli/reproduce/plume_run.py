"""One training and test of the plume benchmark, resumable at every epoch."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import EarlyStopping

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.reproduce.experiment import Bench
from pyg_liesym.cli.reproduce.training import Clock, best_checkpoint, load_best, resume, trainer
from pyg_liesym.datasets.simulation.plume_settings import PlumeSetting
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import ForecasterName, GridSymmetry, build_forecaster, widest
from pyg_liesym.nn.relaxable import relaxation, relaxed_layers
from pyg_liesym.systems.field_data import SmokePlumeData
from pyg_liesym.systems.field_forecasting import FieldForecasting
from pyg_liesym.systems.last_checkpoint import LastCheckpoint


@dataclass(frozen=True)
class PlumeProtocol:
    """What every network of a table gets alike; the defaults fit one core.

    Args:
        resolution: Rows and columns.
        frames: Simulated frames of the paper's settings; half of its 310 stop before the flow begins to flicker.
        history: Frames that a network sees.
        horizon: Frames that it forecasts in training and validation.
        test_horizon: Frames that it forecasts in the tests.
        budget: Parameters; each network is as wide as they allow. Those whose weights belong to places cannot keep to
            it and have the width that ``widths`` says.
        widths: Widths of single networks, ``{mlp: 8}``.
        num_layers: Number of layers.
        epochs: Rounds of training, each with a validation after it; the best weights are tested.
        steps: Batches in a round at most; ``graded`` has fewer.
        batch_size: Windows in a batch.
        lr: Learning rate of Adam.
        decay: Factor of the rate after each round.
        weight_decay: Weight decay of Adam.
        penalty: Weight α of the relaxation's penalty.
        patience: Rounds without a better validation after which a training ends (default: none).
        val_windows: Validation windows (default: all).
        test_windows: Windows of each test set (default: all).
        num_banks: Filter banks of ``rgroup``.
    """

    resolution: int = 32
    frames: int | None = 155
    history: int = 10
    horizon: int = 5
    test_horizon: int = 20
    budget: int = 11_500
    widths: dict[str, int] = field(default_factory=lambda: {"mlp": 8, "clcnn": 2})
    num_layers: int = 5
    epochs: int = 20
    steps: int = 100
    batch_size: int = 8
    lr: float = 2e-3
    decay: float = 0.85
    weight_decay: float = 4e-4
    penalty: float = 1e-3
    patience: int | None = None
    val_windows: int | None = 100
    test_windows: int | None = 200
    num_banks: int = 2


class Course(L.Callback):
    """Follows validation and relaxation over a training."""

    def __init__(self) -> None:
        self.points: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Note where the training is."""
        self.points.append(
            {
                "step": trainer.global_step,
                "val_rmse": float(trainer.callback_metrics["val_rmse"]),
                "relaxation": float(relaxation(pl_module.net)),  # type: ignore[arg-type]
            }
        )

    def state_dict(self) -> dict[str, Any]:
        """The course until now."""
        return {"points": self.points}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint's."""
        self.points = list(state_dict["points"])


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


def train_and_test(
    model: ForecasterName,
    symmetry: GridSymmetry,
    data: SmokePlumeData,
    protocol: PlumeProtocol,
    seed: int,
    bench: Bench,
) -> tuple[dict[str, Any], FieldForecaster]:
    """Train and test a network, or go on with it.

    Args:
        model: Which network.
        symmetry: What the network keeps or relaxes.
        data: The windows.
        protocol: What all networks get alike.
        seed: Seed of the weights.
        bench: Where.

    Returns:
        The numbers, and the network with its best weights.

    Raises:
        SittingOver: If the time is up.
    """
    L.seed_everything(seed, verbose=False)
    net, width = forecaster_of(model, symmetry, protocol, data.sizes())
    system = FieldForecasting(
        net, protocol.penalty, protocol.lr, protocol.weight_decay, protocol.decay, test_names=data.test_names
    )
    course, clock = Course(), Clock(bench, "epochs")
    stop = [] if protocol.patience is None else [EarlyStopping("val_rmse", patience=protocol.patience)]
    callbacks = [clock, course, best_checkpoint(bench, "val_rmse"), *stop, LastCheckpoint(folder=bench.folder)]
    lightning = trainer(bench, protocol.epochs, callbacks, limit_train_batches=protocol.steps)
    trained = bench.folder / "course.json"
    if trained.exists():  # and stopped before the tests
        found = json.loads(trained.read_text())
        course.load_state_dict(found["course"])
        clock.load_state_dict(found["clock"])
    else:
        resume(lightning, bench, system, data)
        write_json(trained, {"course": course.state_dict(), "clock": clock.state_dict()})
    load_best(system, bench)
    scores = lightning.test(system, data, verbose=False)
    numbers = {
        "width": width,
        "parameters": sum(p.numel() for p in net.parameters()),
        **{name: value for score in scores for name, value in score.items()},
        "val_rmse": min(point["val_rmse"] for point in course.points),
        "relaxation": float(relaxation(net)),
        "relaxations": {name: float(layer.relaxation()) for name, layer in relaxed_layers(net).items()},
        "course": course.points,
        "training_seconds": clock.seconds,
    }
    (bench.folder / "last.ckpt").unlink(missing_ok=True)
    return numbers, net.cpu()
