"""All taggers on one budget: the benchmark of top tagging."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import lightning as L
import torch
from safetensors.torch import load_file
from torch import Tensor

from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.cli.files import save_figure, write_json
from pyg_liesym.cli.reproduce.tagging_run import Budget, Splits, run_tagger
from pyg_liesym.cli.reproduce.tagging_sitting import SittingOver, duration
from pyg_liesym.cli.reproduce.tagging_table import compare, markdown, tabulate
from pyg_liesym.cli.tagging_report import SCORES, read_card, write_card
from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.jets import Jets
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.metrics.tagging import roc
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.schedules import Schedule
from pyg_liesym.systems.tagging import TrainingDiverged

REPEATED = ("liegnn@discovered", "liegnn", "liegnn-fast")
"""Models that run with every seed; the others with the first."""
NUM_CHANNELS, DISCOVERY_JETS = 7, 50_000


def reproduce_tagging(
    train: Sequence[str] = ("datasets/jets/raw/train/*.root",),
    test: Sequence[str] = ("datasets/jets/raw/test/*.root",),
    models: tuple[str, ...] = (*REPEATED, "lorentznet", "lorentznet-plain", "egnn", "particlenet"),
    out: Path = Path("runs/tagging"),
    seeds: tuple[int, ...] = (0, 1, 2),
    repeated: tuple[str, ...] = REPEATED,
    discovered: Path | None = None,
    sizes: dict[str, dict[str, Any]] | None = None,
    num_train: int | None = None,
    num_val: int = 10_000,
    num_test: int | None = None,
    max_constituents: int | None = None,
    epochs: int = 35,
    batch_size: int = 32,
    lr: float = 1e-3,
    schedule: Schedule = "lorentznet",
    precision: str = "32-true",
    accelerator: str = "auto",
    threads: int = 2,
    checkpoint_every: int = 200,
    robustness_jets: int = 500,
    hours: float | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Train and test taggers on the same jets with the same budget, and compare them.

    Every model and seed has a folder in ``out``. Results there are not repeated, and a run that was stopped goes on
    from its last checkpoint to what it would have been, so the benchmark can take several sittings:
    ``liesym reproduce tagging --num_train 100000 --hours 8``, again and again. It says how much of a run is left, and
    which runs. The tables so far are in ``table.md`` and ``result.json``, pictures beside them. Runs that diverge are
    named there and left out of the means.

    Args:
        train: Files of the training and validation jets.
        test: Files of the test jets; if they are those of the training, what is left of them.
        models: Names that `build_tagger` knows; with ``@discovered`` behind it, a model gets the J that LieGAN finds in
            the training jets instead of Minkowski's. ``+`` and a word of your own between the two names a variant that
            has ``sizes``: ``liegnn+narrow``.
        out: Folder of checkpoints and results.
        seeds: Seeds of weights, order and discovery.
        repeated: Models that run with every seed; the others run with the first.
        discovered: Folder with a discovered symmetry ``seed<s>`` for every seed; None to discover them here.
        sizes: Arguments of a network in place of its usual ones, by the model's name: ``{liegnn: {num_layers: 2}}``.
        num_train: Training jets (default: all that are not for validation).
        num_val: Validation jets, the last of the training files, by which the best weights are chosen; 0 for the last
            weights.
        num_test: Test jets (default: all).
        max_constituents: Hardest constituents of each jet that the networks see (default: all).
        epochs: Passes over the training jets.
        batch_size: Jets in a batch.
        lr: Peak learning rate.
        schedule: Schedule of the rate.
        precision: Of Lightning's trainer.
        accelerator: Of Lightning's trainer.
        threads: Threads of this process.
        checkpoint_every: Steps between checkpoints.
        robustness_jets: Test jets that are boosted and turned for the robustness card; 0 for no card.
        hours: Length of this sitting (default: until all is done); validation and test are not cut short.
        progress: Whether to show bars.
    """
    torch.set_num_threads(threads)
    until = float("inf") if hours is None else time.monotonic() + 3600 * hours
    splits = _splits(train, test, num_train, num_val, num_test, max_constituents)
    budget = Budget(epochs, batch_size, lr, schedule, precision, accelerator)
    data = {
        "train": list(train),
        "test": list(test),
        "num_train": len(splits.train),
        "num_val": len(splits.val),
        "num_test": len(splits.test),
        "max_constituents": max_constituents,
    }
    runs = [(name, seed) for seed in seeds for name in models if seed == seeds[0] or name in repeated]
    results: dict[str, list[dict[str, Any]]] = {}
    diverged: list[str] = []
    for number, (model, seed) in enumerate(runs, start=1):
        overrides = (sizes or {}).get(model, {})
        metric = _metric(model, seed, splits, discovered or out / "discovered", discovered is None, progress)
        L.seed_everything(seed, verbose=False)
        network: dict[str, Any] = {"name": _tagger(model, overrides), "metric": metric, **overrides}
        net = build_tagger(**network)
        settings: dict[str, Any] = {"model": model, **data, "sizes": overrides}
        if metric is not None:
            settings["metric"] = metric.tolist()
        try:
            result = run_tagger(
                out / f"{model}-seed{seed}", net, splits, budget, seed=seed, settings=settings, network=network,
                until=until, checkpoint_every=checkpoint_every, robustness_jets=robustness_jets, progress=progress,
            )  # fmt: skip
        except SittingOver:
            print(f"the sitting is over; the same command goes on with {model}, seed {seed}")
            break
        except TrainingDiverged as error:
            print(f"{model}, seed {seed}: {error}", flush=True)
            diverged.append(f"{model}, seed {seed}")
            continue
        results.setdefault(model, []).append(result)
        _report(out, results, diverged)
        print(_left(runs[number:], results), flush=True)
    return _report(out, results, diverged)


def _splits(
    train: Sequence[str], test: Sequence[str], num_train: int | None, num_val: int, num_test: int | None,
    max_constituents: int | None,
) -> Splits:  # fmt: skip
    learning = Jets(files=list(train), max_constituents=max_constituents)
    count = len(learning) - num_val if num_train is None else num_train
    if count < 1 or count + num_val > len(learning):
        raise ValueError(f"{list(train)} hold {len(learning)} jets, but {count} + {num_val} are asked for")
    size = len(learning)
    if list(test) == list(train):
        testing = learning[count : size - num_val]
    else:
        testing = Jets(files=list(test), max_constituents=max_constituents)
        shared = set(find_files(test)) & set(find_files(train))
        if shared:
            raise ValueError(f"{sorted(map(str, shared))} are among the files of the training and of the test")
    wanted = max(1, len(testing)) if num_test is None else num_test
    if wanted > len(testing):
        free = " that are not for the training" if list(test) == list(train) else ""
        raise ValueError(f"{list(test)} hold {len(testing)} jets{free}, but {wanted} are asked for")
    return Splits(learning[:count], learning[size - num_val : size], testing[:wanted])


def _tagger(model: str, overrides: Mapping[str, Any]) -> str:
    """The name that `build_tagger` knows a model by."""
    name, variant, _ = model.partition("@")[0].partition("+")
    if variant and not overrides:
        raise ValueError(f"the variant {model!r} has no `sizes` that set it apart from {name!r}")
    return name


def _metric(model: str, seed: int, splits: Splits, folder: Path, discover: bool, progress: bool) -> Tensor | None:
    """The J of a model: that of a seed's discovery, or None for its own."""
    _, at, kind = model.partition("@")
    if not at:
        return None
    if kind != "discovered":
        raise ValueError(f"expected a model like 'liegnn' or 'liegnn@discovered', got {model!r}")
    place = folder / f"seed{seed}"
    if not place.exists():
        if not discover:
            raise FileNotFoundError(
                f"there is no discovered symmetry in {place}: leave `discovered` out to make it here"
            )
        found = LieGAN(NUM_CHANNELS, progress=progress).fit(
            *leading_constituents(splits.train[:DISCOVERY_JETS]), seed=seed
        )
        found.save(place)
    return DiscoveredSymmetry.load(place).metric.J


def _left(runs: Sequence[tuple[str, int]], results: Mapping[str, Sequence[dict[str, Any]]]) -> str:
    """The runs to come, and how long their trainings took with other seeds."""
    took = {name: f" ({duration(own[0]['training_seconds'])})" for name, own in results.items()}
    words = [f"{model} seed {seed}{took.get(model, '')}" for model, seed in runs]
    return f"{len(runs)} runs left{': ' if runs else ''}{', '.join(words)}"


def _report(out: Path, results: Mapping[str, Sequence[dict[str, Any]]], diverged: Sequence[str]) -> dict[str, Any]:
    """Write the tables and pictures of what is done."""
    rows = tabulate(results)
    same_network = {name: own for name, own in results.items() if name in ("liegnn@discovered", "liegnn")}
    differences = [*compare(out, same_network, "liegnn"), *compare(out, results, "lorentznet")]
    result = {"table": rows, "differences": differences, "diverged": list(diverged)}
    write_json(out / "result.json", result)
    text = markdown(rows, differences, diverged)
    (out / "table.md").write_text(text, encoding="utf-8")
    _draw(out, results)
    print(f"\n{text}", flush=True)
    return result


def _draw(out: Path, results: Mapping[str, Sequence[dict[str, Any]]]) -> None:
    from pyg_liesym.plot.roc import plot_roc

    curves, cards = {}, {}
    for name, own in results.items():
        folder = out / f"{name}-seed{own[0]['seed']}"
        scores = load_file(folder / SCORES)
        if scores["label"].unique().numel() == 2:
            curves[name] = roc(versus(scores["logits"], 1, 0), scores["label"])
        if (folder / "robustness.json").exists():
            cards[name] = next(iter(read_card(folder / "robustness.json").values()))
    if curves:
        save_figure(out / "roc.png", plot_roc(curves))
    if cards:
        write_card(out, cards)
