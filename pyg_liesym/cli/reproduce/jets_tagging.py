"""Top tagging with the discovered metric, Minkowski's and I: same data, initialisation and order."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from pyg_liesym.cli.files import write_json
from pyg_liesym.datasets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.lie.metric import euclidean_metric, minkowski
from pyg_liesym.metrics.tagging import Roc, roc
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.systems.tagging import JetTagging


def train_tagger(
    metric: Tensor,
    train: Jets,
    test: Jets,
    *,
    seed: int,
    epochs: int,
    hidden_channels: int = 16,
    num_layers: int = 3,
    batch_size: int = 64,
    folder: Path,
    progress: bool = True,
) -> tuple[LieGNN, Roc]:
    r"""Train LieGNN with one metric and score it.

    The metric is put on the sphere :math:`\|J\|_F = 2`, where Minkowski and I lie: its scale is not determined by the
    symmetry, but :math:`\psi` sees it. Weights and order depend on ``seed`` alone. A run that was stopped goes on from
    the last epoch in ``folder``.
    """
    L.seed_everything(seed, verbose=False)
    net = LieGNN(0, hidden_channels, 2, num_layers, metric=metric * (2.0 / metric.norm()), readout="mean")
    system = JetTagging(net, lr=2e-3, schedule="one-cycle")
    last = ModelCheckpoint(folder, filename="last", enable_version_counter=False)
    trainer = L.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=[last],
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=progress,
        limit_val_batches=0,
    )
    loader = PackedLoader(train, batch_size, shuffle=True, drop_last=len(train) >= batch_size, seed=seed)
    resume = folder / "last.ckpt"
    trainer.fit(system, loader, ckpt_path=str(resume) if resume.exists() else None)
    system.eval()
    with torch.no_grad():
        batches = [(system(batch), batch.y) for batch in PackedLoader(test, 200)]
    logits, label = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return net, roc(logits[:, 1] - logits[:, 0], label)


def reproduce_jets_tagging(
    files: Sequence[str] = ("datasets/jets/raw/*.root",),
    discovered: Path = Path("runs/jets-metric"),
    out: Path = Path("runs/jets-tagging"),
    seeds: tuple[int, ...] = (0, 1, 2),
    num_train: int = 40_000,
    num_test: int = 20_000,
    max_constituents: int = 20,
    hidden_channels: int = 16,
    num_layers: int = 3,
    epochs: int = 4,
    threads: int = 2,
) -> dict[str, Any]:
    """Train LieGNN with the discovered J, with Minkowski's and with I, and compare the areas under the ROC in pairs.

    The jets are those of `liesym simulate jets --num-jets 60000`; the J of seed s is what
    `liesym reproduce jets-metric` left in ``<discovered>/seed<s>``. Runs already in ``out`` are not repeated, and one
    that was stopped goes on.

    Args:
        files: Files of the jets; the first ``num_train`` are trained on, the next ``num_test`` scored.
        discovered: Folder of the discovered symmetries.
        out: Folder of checkpoints and results.
        seeds: Seeds of weights and order.
        num_train: Training jets.
        num_test: Test jets.
        max_constituents: Hardest constituents of each jet that the networks see.
        hidden_channels: Width of the networks.
        num_layers: Depth of the networks.
        epochs: Passes over the training jets.
        threads: Threads of this process.
    """
    torch.set_num_threads(threads)
    metrics = {seed: _metrics(discovered / f"seed{seed}") for seed in seeds}
    settings: dict[str, Any] = {
        "epochs": epochs,
        "hidden_channels": hidden_channels,
        "num_layers": num_layers,
    }
    data = {"num_train": num_train, "num_test": num_test, "max_constituents": max_constituents}
    jets = Jets(files=list(files), max_constituents=max_constituents)
    if len(jets) < num_train + num_test:
        raise ValueError(f"{list(files)} hold {len(jets)} jets, but {num_train} + {num_test} are asked for")
    train, test = jets[:num_train], jets[num_train : num_train + num_test]
    aucs: dict[str, list[float]] = {}
    for seed in seeds:
        for name, metric in metrics[seed].items():
            folder = out / f"{name}-seed{seed}"
            auc = _run(folder, metric, train, test, {**settings, "seed": seed}, {**data, "metric": metric.tolist()})
            aucs.setdefault(name, []).append(auc)
    result = {**settings, **data, "seeds": list(seeds), "auc": aucs, **_compare(aucs)}
    write_json(out / "result.json", result)
    _print(result)
    return result


def _metrics(folder: Path) -> dict[str, Tensor]:
    if not folder.exists():
        raise FileNotFoundError(f"there is no discovered symmetry in {folder}: run `liesym reproduce jets-metric`")
    found = DiscoveredSymmetry.load(folder).metric.J
    return {"discovered": found, "minkowski": minkowski(), "identity": euclidean_metric(4)}


def _run(
    folder: Path, metric: Tensor, train: Jets, test: Jets, settings: dict[str, Any], data: dict[str, Any]
) -> float:
    done = folder / "result.json"
    if done.exists():
        result: dict[str, Any] = json.loads(done.read_text())
        if all(result[key] == value for key, value in {**settings, **data}.items()):
            return float(result["auc"])
        raise ValueError(f"{done} is of a run with other settings: choose another `out` or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    _, curve = train_tagger(metric, train, test, folder=folder, **settings)
    write_json(done, {**settings, **data, "auc": curve.auc, "seconds": time.monotonic() - started})
    return curve.auc


def _compare(aucs: dict[str, list[float]]) -> dict[str, Any]:
    """Paired differences: mean, and standard error over the seeds."""
    comparison = {}
    for first, second in (("discovered", "minkowski"), ("discovered", "identity"), ("minkowski", "identity")):
        differences = [a - b for a, b in zip(aucs[first], aucs[second], strict=True)]
        error = stdev(differences) / len(differences) ** 0.5 if len(differences) > 1 else float("nan")
        comparison[f"{first}-{second}"] = {
            "mean": mean(differences),
            "mean_absolute": mean(abs(difference) for difference in differences),
            "standard_error": error,
        }
    return {"paired": comparison}


def _print(result: dict[str, Any]) -> None:
    print(f"\nAUC on {result['num_test']} test jets, {result['num_train']} training jets, seeds {result['seeds']}")
    for name, values in result["auc"].items():
        spread = stdev(values) if len(values) > 1 else float("nan")
        listed = ", ".join(f"{value:.5f}" for value in values)
        print(f"  J = {name:<11} {mean(values):.5f} ± {spread:.5f}   ({listed})")
    for name, row in result["paired"].items():
        print(
            f"  {name:<22} mean {row['mean']:+.5f}, mean |Δ| {row['mean_absolute']:.5f}, "
            f"standard error {row['standard_error']:.5f}"
        )
