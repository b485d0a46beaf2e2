"""One training and test of a tagger, resumable at any step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightning as L
import torch
from torch import nn

from pyg_liesym.cli.files import save_tensors
from pyg_liesym.cli.reproduce.experiment import Bench, Job
from pyg_liesym.cli.reproduce.tagging_jets import Splits
from pyg_liesym.cli.reproduce.training import Clock, StepCheckpoint, best_checkpoint, load_best, resume, trainer
from pyg_liesym.cli.tagging_report import SCORES, draw_scores, first_jets, write_card
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.metrics.areas import auc, bootstrap_error
from pyg_liesym.metrics.calibration import calibration
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.metrics.robustness import robustness
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.systems.pretrained import save_tagger
from pyg_liesym.systems.schedules import Schedule
from pyg_liesym.systems.tagging import JetTagging


@dataclass(frozen=True)
class TaggerTraining:
    """What every model gets alike.

    Args:
        epochs: Passes over the training jets.
        batch_size: Jets in a batch.
        lr: Peak learning rate.
        schedule: Schedule of the rate.
        precision: Of Lightning's trainer.
    """

    epochs: int = 35
    batch_size: int = 32
    lr: float = 1e-3
    schedule: Schedule = "lorentznet"
    precision: str = "32-true"


def train_and_test(
    net: nn.Module, network: dict[str, Any], splits: Splits, training: TaggerTraining, robustness_jets: int, job: Job,
    bench: Bench,
) -> dict[str, Any]:  # fmt: skip
    """Train and test a tagger, and leave scores, pictures, robustness card and ``tagger.safetensors``.

    Args:
        net: Freshly initialised.
        network: Arguments of ``build_tagger`` that made it, for ``tagger.safetensors``.
        splits: The jets.
        training: Length, batch and rate.
        robustness_jets: Test jets of the robustness card; 0 for none.
        job: Whose seed is that of the order and of dropout.
        bench: Where.

    Raises:
        SittingOver: If the time is up.
        TrainingDiverged: If a loss or score is not finite.
    """
    system = JetTagging(net, lr=training.lr, schedule=training.schedule)
    clock = Clock(bench, monitor="val_auc")
    lightning = _fit(system, splits, training, job.seed, bench, clock)
    tests = PackedLoader(splits.test, batch_size=max(training.batch_size, 100))
    lightning.test(system, tests, verbose=False)
    numbers = {
        "parameters": sum(p.numel() for p in net.parameters()), **_numbers(system), **clock.numbers(),
        "device": _device_name(lightning),
    }  # fmt: skip
    folder = bench.folder
    save_tensors(folder / SCORES, system.test_scores)
    draw_scores(folder, system.test_scores)
    if robustness_jets > 0:
        jets = first_jets(PackedLoader(splits.test[:robustness_jets], batch_size=100), robustness_jets)
        write_card(folder, {folder.name: robustness(net.cpu(), jets)})
    save_tagger(
        folder / "tagger.safetensors", net, "build_tagger", network, classes=splits.train.classes,
        max_constituents=job.settings["data"]["max_constituents"], description=_description(job, numbers),
        ranges=system.seen.ranges(),
    )  # fmt: skip
    return numbers


def _description(job: Job, numbers: dict[str, Any]) -> str:
    data, epochs = job.settings["data"], job.settings["training"]["epochs"]
    auc = f"AUC {numbers['auc']:.4f} ± {numbers['auc_error_delong']:.4f} on {data['num_test']} test jets"
    return f"{job.row}, trained by `liesym reproduce tagging` on {data['num_train']} jets for {epochs} epochs; {auc}"


def _fit(
    system: JetTagging, splits: Splits, training: TaggerTraining, seed: int, bench: Bench, clock: Clock
) -> L.Trainer:
    """Train, and take the best weights if there are jets to choose them by."""
    size, validate = training.batch_size, len(splits.val) > 0
    train = PackedLoader(splits.train, batch_size=size, shuffle=True, drop_last=len(splits.train) >= size, seed=seed)
    val = PackedLoader(splits.val, batch_size=max(size, 100)) if validate else None
    every = StepCheckpoint(
        bench.folder, filename="last", every_n_train_steps=bench.sitting.checkpoint_every, save_top_k=1,
        enable_version_counter=False,
    )  # fmt: skip
    callbacks = [clock, every, *([best_checkpoint(bench, "val_auc", "max")] if validate else [])]
    lightning = trainer(bench, training.epochs, callbacks, precision=training.precision)
    resume(lightning, bench, system, train, val)
    if validate and (bench.folder / "best.ckpt").exists():
        load_best(system, bench)
    return lightning


def _numbers(system: JetTagging) -> dict[str, Any]:
    """What the test found; the error of the area by the bootstrap, and the calibration."""
    logits, label = system.test_scores["logits"], system.test_scores["label"]
    found: dict[str, Any] = dict(tagging_summary(logits, label))
    if "auc" in found:
        score, found["auc_error_delong"] = versus(logits, 1, 0), found["auc_error"]
        rate = calibration(score.sigmoid(), label)
        found["calibration_gap"], found["calibration_by_chance"] = rate.gap, rate.by_chance
        found["auc_error"] = bootstrap_error(lambda s, y: auc(s, y).value, score, label, num=100)
    return found


def _device_name(trainer: L.Trainer) -> str:
    device = trainer.strategy.root_device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
