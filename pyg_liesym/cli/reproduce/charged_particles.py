"""EGNN's n-body benchmark: LieGNN with J = I beside a textbook EGNN and a linear law."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn

from pyg_liesym.cli.files import write_json
from pyg_liesym.cli.reproduce.textbook_egnn import TextbookEGNN, as_liegnn
from pyg_liesym.datasets.charged_particles import ChargedParticles
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.systems.forecasting import TrajectoryForecasting


def reproduce_charged_particles(
    model: Literal["liegnn", "egnn", "linear"] = "liegnn",
    out: Path = Path("runs/charged-particles"),
    root: Path = Path("datasets/charged_particles"),
    epochs: int = 10_000,
    seed: int = 1,
    threads: int = 1,
    compiled: bool = False,
) -> dict[str, Any]:
    """Train on EGNN's n-body benchmark by EGNN's protocol, and test at the best validation.

    3000 systems in batches of 100, Adam at 5e-4, 4 layers of 64 channels, validation every 5 epochs. The two networks
    of a seed begin with the same weights and see the systems in the same order. A run that was
    killed goes on from its last checkpoint; the answer is added to ``<out>/<model>-seed<seed>/result.json``.

    Args:
        model: ``liegnn`` (J = I, distances alone, no ψ, no gate, velocities), ``egnn`` (the textbook's) or
            ``linear`` (x + v·t with the best t).
        out: Folder of checkpoints and results.
        root: Folder of the data set, simulated when first used.
        epochs: Passes over the training systems.
        seed: Seed of the weights and of the order.
        threads: Threads of this process.
        compiled: Whether to train through ``torch.compile`` (about a fifth faster here, after a minute of compiling).
    """
    torch.set_num_threads(threads)
    folder = out / f"{model}-seed{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    splits = {split: ChargedParticles(str(root), split) for split in ("train", "val", "test")}
    started = time.monotonic()
    if model == "linear":
        result: dict[str, Any] = {"test_mse": _linear(splits)}
    else:
        result = _train(model, splits, folder, epochs, seed, compiled)
    result.update(model=model, seed=seed, epochs=epochs, seconds=time.monotonic() - started, threads=threads)
    write_json(folder / "result.json", result)
    return result


def _linear(splits: dict[str, ChargedParticles]) -> float:
    train, test = splits["train"]._data, splits["test"]._data
    t = ((train.y - train.pos) * train.vel).sum() / train.vel.pow(2).sum()
    return float(nn.functional.mse_loss(test.pos + t * test.vel, test.y))


def _network(model: str) -> nn.Module:
    """Both begin with the same weights, so that the comparison is of the networks and not of their draws."""
    textbook = TextbookEGNN(1, 64, 4, edge_dim=2)
    return textbook if model == "egnn" else as_liegnn(textbook)


def _train(
    model: str, splits: dict[str, ChargedParticles], folder: Path, epochs: int, seed: int, compiled: bool
) -> dict[str, Any]:
    L.seed_everything(seed, verbose=False)
    system = TrajectoryForecasting(_network(model))
    if compiled:
        system.net.compile(fullgraph=True)
    best = ModelCheckpoint(folder, filename="best", monitor="val_mse", enable_version_counter=False)
    last = ModelCheckpoint(folder, filename="last", every_n_epochs=50, enable_version_counter=False)
    trainer = L.Trainer(
        accelerator="cpu", max_epochs=epochs, check_val_every_n_epoch=5, callbacks=[best, last], logger=False,
        default_root_dir=folder, enable_model_summary=False, num_sanity_val_steps=0,
    )  # fmt: skip
    train = PackedLoader(splits["train"], 100, shuffle=True, drop_last=True, seed=seed)
    resume = folder / "last.ckpt"
    val, test = PackedLoader(splits["val"], 100), PackedLoader(splits["test"], 100)
    trainer.fit(system, train, val, ckpt_path=str(resume) if resume.exists() else None)
    (scores,) = trainer.test(system, test, ckpt_path=best.best_model_path, verbose=False)
    state = torch.load(best.best_model_path, weights_only=True)
    return {
        "test_mse": scores["test_mse"],
        "best_val_mse": float(best.best_model_score or float("nan")),
        "best_epoch": state["epoch"],
        "parameters": sum(p.numel() for p in system.net.parameters()),
    }
