"""One training and test of the tagging benchmark, resumable at any step."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn
from torch_geometric.data import InMemoryDataset

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.reproduce.tagging_sitting import StepCheckpoint, Stopwatch
from pyg_liesym.cli.tagging_report import SCORES, draw_scores, finite, first_jets, save_scores, write_card
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.metrics.areas import auc, bootstrap_error
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.metrics.robustness import robustness
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.systems.pretrained import save_tagger
from pyg_liesym.systems.schedules import Schedule
from pyg_liesym.systems.tagging import JetTagging


class Splits(NamedTuple):
    """The jets of a benchmark; without validation jets the last weights are tested."""

    train: InMemoryDataset
    val: InMemoryDataset
    test: InMemoryDataset


class Budget(NamedTuple):
    """What every model of a benchmark gets alike."""

    epochs: int
    batch_size: int
    lr: float
    schedule: Schedule
    precision: str = "32-true"
    accelerator: str = "auto"


def run_tagger(
    folder: Path,
    net: nn.Module,
    splits: Splits,
    budget: Budget,
    *,
    seed: int,
    settings: dict[str, Any],
    network: dict[str, Any],
    checkpoint_every: int = 200,
    robustness_jets: int = 500,
    until: float = float("inf"),
    progress: bool = True,
) -> dict[str, Any]:
    """Train and test a tagger, or go on with it, or read the result that is there.

    Args:
        folder: Of checkpoints, scores, pictures, ``tagger.safetensors`` and ``result.json``.
        net: Freshly initialised.
        splits: The jets.
        budget: Length, batch, rate and place of the training.
        seed: Seed of the order and of dropout.
        settings: What identifies the run; a result of other settings is not taken for it.
        network: Arguments of ``build_tagger`` that made the network, for ``tagger.safetensors``.
        checkpoint_every: Steps between checkpoints.
        robustness_jets: Test jets of the robustness card; 0 for none.
        until: Reading of ``time.monotonic()`` at which the sitting ends.
        progress: Whether to show a bar.

    Raises:
        SittingOver: If the time is up.
        ValueError: If there is a result of other settings.
    """
    done = folder / "result.json"
    settings = {**settings, **{k: v for k, v in budget._asdict().items() if k != "accelerator"}, "seed": seed}
    if done.exists():
        result: dict[str, Any] = json.loads(done.read_text())
        different = [name for name, value in settings.items() if result.get(name) != value]
        if different:
            raise ValueError(
                f"{done} is of a run with another {', '.join(different)}: choose another `out` or remove it"
            )
        return result
    folder.mkdir(parents=True, exist_ok=True)
    system = JetTagging(net, lr=budget.lr, schedule=budget.schedule)
    watch = Stopwatch(until, folder / "last.ckpt", folder.name)
    trainer = _trainer(folder, budget, watch, checkpoint_every, len(splits.val) > 0, progress)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(does not have many workers|have no `val_dataloader`).*")
        warnings.filterwarnings("ignore", message=".*exists and is not empty.*")  # a run that goes on
        _fit(trainer, system, splits, budget, seed, folder)
        batch_size = max(budget.batch_size, 100)
        trainer.test(system, PackedLoader(splits.test, batch_size=batch_size), verbose=False)
    result = {
        **settings,
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        **_numbers(system),
        "jets_per_second": watch.jets / max(watch.seconds, 1e-9),
        "training_seconds": watch.seconds,
        "device": _device_name(trainer),
    }
    save_scores(folder / SCORES, system.test_scores)
    draw_scores(folder, system.test_scores)
    if robustness_jets > 0:
        jets = first_jets(PackedLoader(splits.test[:robustness_jets], batch_size=100), robustness_jets)
        write_card(folder, {folder.name: robustness(net.cpu(), jets)})
    save_tagger(
        folder / "tagger.safetensors", net, "build_tagger", network, classes=splits.train.classes,
        max_constituents=settings["max_constituents"], description=_description(result),
    )  # fmt: skip
    write_json(done, finite(result))
    return finite(result)


def _description(result: dict[str, Any]) -> str:
    auc = f"AUC {result['auc']:.4f} ± {result['auc_error']:.4f} on {result['num_test']} test jets"
    size = f"{result['num_train']} jets for {result['epochs']} epochs"
    return f"{result['model']}, trained by `liesym reproduce tagging` on {size}; {auc}"


def _trainer(
    folder: Path, budget: Budget, watch: Stopwatch, checkpoint_every: int, validate: bool, progress: bool
) -> L.Trainer:
    last = StepCheckpoint(
        folder, filename="last", every_n_train_steps=checkpoint_every, save_top_k=1, enable_version_counter=False
    )
    best = ModelCheckpoint(
        folder, filename="best", monitor="val_auc", mode="max", save_weights_only=True, enable_version_counter=False
    )
    return L.Trainer(
        accelerator=budget.accelerator,
        devices=1,
        precision=budget.precision,  # type: ignore[arg-type]
        max_epochs=budget.epochs,
        callbacks=[watch, last, *([best] if validate else [])],
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=progress,
        num_sanity_val_steps=0,
        default_root_dir=folder,
    )


def _fit(trainer: L.Trainer, system: JetTagging, splits: Splits, budget: Budget, seed: int, folder: Path) -> None:
    size = budget.batch_size
    train = PackedLoader(splits.train, batch_size=size, shuffle=True, drop_last=len(splits.train) >= size, seed=seed)
    val = PackedLoader(splits.val, batch_size=max(size, 100)) if len(splits.val) else None
    last, best = folder / "last.ckpt", folder / "best.ckpt"
    trainer.fit(system, train, val, ckpt_path=str(last) if last.exists() else None)
    if val is not None and best.exists():
        system.load_state_dict(torch.load(best, map_location="cpu", weights_only=True)["state_dict"])


def _numbers(system: JetTagging) -> dict[str, Any]:
    """What the test found, with the bootstrap's error of the area."""
    logits, label = system.test_scores["logits"], system.test_scores["label"]
    found: dict[str, Any] = dict(tagging_summary(logits, label))
    if "auc" in found:
        score = versus(logits, 1, 0)
        found["auc_bootstrap_error"] = bootstrap_error(lambda s, y: auc(s, y).value, score, label, num=100)
    return found


def _device_name(trainer: L.Trainer) -> str:
    device = trainer.strategy.root_device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
