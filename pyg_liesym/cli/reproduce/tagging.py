"""All taggers on one budget: the benchmark of top tagging."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any, ClassVar

import lightning as L
from safetensors.torch import load_file
from torch import Tensor

from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.cli.files import save_figure
from pyg_liesym.cli.reproduce.discovered import keep, kept
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.table import Column, Run, comparison
from pyg_liesym.cli.reproduce.tagging_jets import TaggingJets, jet_splits
from pyg_liesym.cli.reproduce.tagging_run import TaggerTraining, train_and_test
from pyg_liesym.cli.tagging_report import SCORES, read_card, write_card
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.metrics.areas import auc_difference
from pyg_liesym.metrics.multiclass import versus
from pyg_liesym.metrics.tagging import roc
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.checkpoint import find_tagger, start_from

NUM_CHANNELS, DISCOVERY_JETS = 7, 50_000


@dataclass(frozen=True)
class TaggerNetwork:
    """A network by a name of your own.

    Args:
        tagger: A name that ``build_tagger`` knows.
        discovered: Whether its J is the one that LieGAN finds in the training jets, in place of Minkowski's.
        sizes: Arguments in place of the usual ones, ``{num_layers: 2}``.
        start: A tagger of the same network, or a smaller one, whose weights it begins with, as in ``liesym fit``; None
            for random ones.
    """

    tagger: str
    discovered: bool = False
    sizes: dict[str, Any] = field(default_factory=dict)
    start: str | None = None


def _networks() -> dict[str, TaggerNetwork]:
    return {"liegnn-discovered": TaggerNetwork("liegnn", discovered=True)}


@dataclass(frozen=True)
class Tagging(Experiment):
    """Train and test taggers on the same jets with the same budget, and compare them.

    It can take several sittings: ``liesym reproduce tagging --data.num-train 100000 --hours 8``, again and again. Runs
    that diverge are named and left out of the means.

    Args:
        models: Names of ``networks``, or names that ``build_tagger`` knows.
        seeds: Seeds of weights, order and discovery.
        repeated: Models that run with every seed; the others run with the first.
        networks: Networks that differ from those of ``build_tagger``, by names of your own.
        data: The jets.
        training: What every model gets alike.
        discovered: Folder with a discovered symmetry ``seed<s>`` for every seed; None to discover them here.
        robustness_jets: Test jets that are boosted and turned for the robustness card; 0 for no card.
    """

    name: ClassVar[str] = "tagging"
    which: ClassVar[tuple[str, ...]] = ("seeds", "models", "repeated", "networks", "robustness_jets")
    models: tuple[str, ...] = (
        "liegnn-discovered", "liegnn", "liegnn-fast", "lorentznet", "lorentznet-plain", "egnn", "particlenet",
    )  # fmt: skip
    seeds: tuple[int, ...] = (0, 1, 2)
    repeated: tuple[str, ...] = ("liegnn-discovered", "liegnn", "liegnn-fast")
    networks: dict[str, TaggerNetwork] = field(default_factory=_networks)
    data: TaggingJets = TaggingJets()
    training: TaggerTraining = TaggerTraining()
    discovered: Path | None = None
    robustness_jets: int = 500

    def jobs(self) -> Iterator[Job]:
        """Every model with the first seed, then those that are repeated with the others."""
        splits = jet_splits(self.data)
        numbers = {"num_train": len(splits.train), "num_val": len(splits.val), "num_test": len(splits.test)}
        settings = self.settings()
        settings["data"] |= numbers
        for seed in self.seeds:
            for model in self.models:
                if seed == self.seeds[0] or model in self.repeated:
                    yield Job(model, seed, {**settings, **self._identity(model, seed)})

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a tagger."""
        own, metric = self._network(job.row), None
        if own.discovered:
            folder = self.discovered or bench.folder.parent / "discovered"
            metric = self._metric(folder / f"seed{job.seed}", job.seed, bench.sitting.progress)
        L.seed_everything(job.seed, verbose=False)
        network = {"name": own.tagger, "metric": metric, **own.sizes}
        net = build_tagger(**network)
        if own.start is not None:
            start_from(net, own.start)
        splits = jet_splits(self.data)
        numbers = train_and_test(net, network, splits, self.training, self.robustness_jets, job, bench)
        return numbers | ({} if metric is None else {"metric": metric.tolist()})

    def columns(self, table: str) -> Sequence[Column]:
        """Accuracy, area and rejections."""
        return (
            Column("accuracy", "accuracy"),
            Column("auc", "AUC", 5),
            Column("rejection_30", "1/ε_B (ε_S = 0.3)", 0),
            Column("rejection_50", "1/ε_B (ε_S = 0.5)", 0),
            Column("jets_per_second", "training jets/s", 0),
        )

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Differences of areas from LieGNN's and LorentzNet's; curves and robustness of the first seeds."""
        _draw(out, runs)
        same_network = [run for run in runs if run["row"] in ("liegnn-discovered", "liegnn")]
        return {
            "comparisons": [*area_differences(out, same_network, "liegnn"), *area_differences(out, runs, "lorentznet")]
        }

    def _network(self, model: str) -> TaggerNetwork:
        return self.networks.get(model, TaggerNetwork(model))

    def _identity(self, model: str, seed: int) -> dict[str, Any]:
        """What is a model's own among the settings of its runs: also a given metric, and weights to begin with."""
        own = self._network(model)
        identity: dict[str, Any] = {"tagger": own.tagger, "discovered": own.discovered, "sizes": own.sizes}
        if own.discovered and self.discovered is not None:
            identity["metric"] = _kept_metric(self.discovered / f"seed{seed}").tolist()
        if own.start is not None:
            identity["start"] = find_tagger(own.start).fingerprint()
        return identity

    def _metric(self, place: Path, seed: int, progress: bool) -> Tensor:
        """The J of a seed's discovery, made here if there is none."""
        if self.discovered is None and not (place / "symmetry").exists():
            jets = leading_constituents(jet_splits(self.data).train[:DISCOVERY_JETS])
            keep(LieGAN(NUM_CHANNELS, progress=progress).fit(*jets, seed=seed), place)
        return _kept_metric(place)


def _kept_metric(place: Path) -> Tensor:
    return kept(place, "leave `discovered` out to make it here").metric.J


def area_differences(out: Path, runs: Sequence[Run], reference: str) -> list[dict[str, Any]]:
    """The differences of areas from a reference model, on the same test jets.

    A run is paired with the reference's of the same seed; every run with the reference's only one, if there is no more.
    The error is the standard error over several pairs, of one pair that of its test jets (DeLong), which is
    ``error_of_jets`` beside it; how an only reference would scatter over its seeds is in neither.
    """
    theirs = [run["seed"] for run in runs if run["row"] == reference]
    rows = []
    for name in dict.fromkeys(run["row"] for run in runs if run["row"] != reference):
        own = {run["seed"]: theirs[0] if len(theirs) == 1 else run["seed"] for run in runs if run["row"] == name}
        seeds = [seed for seed, other in own.items() if other in theirs]
        if not seeds:
            continue
        pairs = [_difference(out / f"{name}-seed{s}", out / f"{reference}-seed{own[s]}") for s in seeds]
        of_jets = mean(error for _, error in pairs)
        row = comparison("auc", name, reference, seeds, [value for value, _ in pairs], of_jets)
        rows.append(row | {"error_of_jets": of_jets})
    return rows


def _difference(first: Path, second: Path) -> tuple[float, float]:
    ours, theirs = load_file(first / SCORES), load_file(second / SCORES)
    return auc_difference(versus(ours["logits"], 1, 0), versus(theirs["logits"], 1, 0), ours["label"])


def _draw(out: Path, runs: Sequence[Run]) -> None:
    from pyg_liesym.plot.roc import plot_roc

    curves, cards = {}, {}
    first: Mapping[str, Run] = {run["row"]: run for run in reversed(runs)}
    for name, run in first.items():
        scores = load_file(out / run["folder"] / SCORES)
        if scores["label"].unique().numel() == 2:
            curves[name] = roc(versus(scores["logits"], 1, 0), scores["label"])
        card = out / run["folder"] / "robustness.json"
        if card.exists():
            cards[name] = next(iter(read_card(card).values()))
    if curves:
        save_figure(out / "roc.png", plot_roc(curves))
    if cards:
        write_card(out, cards)
