"""Properties of molecules: EGNN, LieGNN and vector channels, with J = I and with the J that the molecules show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.discovered import keep, kept
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.molecule_networks import MoleculeWidths, molecule_network
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.cli.reproduce.training import Clock, best_checkpoint, load_best, resume, trainer
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.molecules.moments import vectors_of_moments
from pyg_liesym.datasets.molecules.qm9 import QM9, TARGETS, UNITS, QM9Split
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.systems.checkpoint_io import read_checkpoint
from pyg_liesym.systems.graph_regression import GraphRegression
from pyg_liesym.systems.last_checkpoint import LastCheckpoint

NULL, STRETCHED = "median", ", stretched"
ORDER = ("alpha", "gap", "homo", "lumo", "mu", "Cv", "G", "H", "r2", "U", "U0", "zpve")
"""The targets as EGNN's table has them."""
SYMBOLS = {
    "alpha": "α", "gap": "Δε", "homo": "ε_HOMO", "lumo": "ε_LUMO", "mu": "μ", "r2": "⟨R²⟩", "zpve": "ZPVE", "U0": "U₀",
    "Cv": "C_v",
}  # fmt: skip


@dataclass(frozen=True)
class MoleculeNetwork:
    """A network by a name of your own.

    Args:
        net: ``egnn``, ``liegnn`` or ``vectors``.
        found: Whether its J is the one that is found in the training molecules, in place of I.
    """

    net: str
    found: bool = False


@dataclass(frozen=True)
class MoleculeTraining:
    """What every network gets alike.

    Args:
        num_train: Training molecules, the first of the split.
        num_val: Validation molecules.
        num_test: Test molecules; None for all.
        epochs: Passes over the training molecules, with a validation after each.
        batch_size: Molecules in a batch.
        lr: Peak rate of Adam: up in the first tenth, then down a cosine.
        one_each: Whether every target has a network of its own, as in the papers, and not one for all.
    """

    num_train: int | None = 6000
    num_val: int | None = 1000
    num_test: int | None = None
    epochs: int = 16
    batch_size: int = 32
    lr: float = 2e-3
    one_each: bool = False


def _networks() -> dict[str, MoleculeNetwork]:
    names = {name: MoleculeNetwork(name) for name in ("egnn", "liegnn", "vectors")}
    return names | {f"{name}, J found": MoleculeNetwork(name, True) for name in ("liegnn", "vectors")}


@dataclass(frozen=True)
class Molecules(Experiment):
    """Tell twelve properties of the molecules of QM9, with EGNN, LieGNN and vector channels in one training.

    EGNN's protocol, scaled down: targets, units and splits are those of Cormorant and EGNN, energies count from the
    free atoms, and the loss is the mean absolute error of numbers in units of their mean absolute deviation. One
    network tells all twelve; ``--config molecules-full`` is the protocol for a GPU, a network for each.

    J is found per seed in the training molecules, from the second moments of their nuclei and ⟨R²⟩, by
    ``find_symmetry``. In rows ``…, stretched`` all positions were stretched along one axis first.

    Args:
        models: Names of ``networks``, and ``median``, which says the median of the training molecules.
        stretched: Those that also have stretched molecules.
        seeds: Seeds of weights, order and discovery.
        networks: What the names stand for.
        training: What every network gets alike.
        widths: Sizes of the networks.
        stretch: Factor of the z-axis.
        discovery_molecules: Training molecules in which J is looked for.
        root: Folder of the data set's cache.
    """

    name: ClassVar[str] = "molecules"
    which: ClassVar[tuple[str, ...]] = ("seeds", "models", "stretched", "networks")
    models: tuple[str, ...] = (NULL, "egnn", "liegnn", "vectors", "vectors, J found")
    stretched: tuple[str, ...] = ("vectors", "vectors, J found")
    seeds: tuple[int, ...] = (1, 2, 3)
    networks: dict[str, MoleculeNetwork] = field(default_factory=_networks)
    training: MoleculeTraining = MoleculeTraining()
    widths: MoleculeWidths = MoleculeWidths()
    stretch: float = 1.5
    discovery_molecules: int = 3000
    root: Path = Path("datasets/qm9")

    def jobs(self) -> Iterator[Job]:
        """All networks with one seed after the other; the median has none."""
        unknown = {*self.models, *self.stretched} - {*self.networks, NULL}
        if unknown:
            raise ValueError(f"there is no model {', '.join(unknown)}; there are {', '.join((NULL, *self.networks))}")
        rows = [(name, 1.0) for name in self.models] + [(name, self.stretch) for name in self.stretched]
        tables = [(name,) for name in ORDER] if self.training.one_each else [ORDER]
        for seed, targets, (name, stretch) in product(self.seeds, tables, rows):
            own = {"targets": list(targets), "stretch": stretch}
            own |= {"network": asdict(self.networks[name])} if name != NULL else {}
            if name != NULL or seed == self.seeds[0]:
                row = name + (STRETCHED if stretch != 1 else "")
                yield Job(row, seed, self.settings() | own, targets[0] if self.training.one_each else "")

    def run(self, job: Job, bench: Bench) -> dict[str, Any]:
        """Train and test a network, or take the median."""
        targets, stretch = tuple(job.settings["targets"]), job.settings["stretch"]
        splits = _splits(self.root, self.training, targets, stretch)
        train, test = _numbers(splits["train"]), _numbers(splits["test"])
        null = (test - train.median(0).values).abs().mean(0)
        if job.row == NULL:
            return _errors(targets, null, null)
        network = MoleculeNetwork(**job.settings["network"])
        metric: Tensor | None = None
        found: dict[str, Any] = {}
        if network.found:
            place = bench.folder.parent / "discovered" / f"seed{job.seed}-stretch{stretch:g}"
            metric, found = self._found(job.seed, stretch, place)
        L.seed_everything(job.seed, verbose=False)
        net = molecule_network(network.net, self.widths, len(targets), metric)
        mean = train.mean(0)
        scale = (train - mean).abs().mean(0)
        system = GraphRegression(net, mean.tolist(), scale.tolist(), lr=self.training.lr)
        numbers = _fit_and_test(system, splits, self.training, job.seed, bench)
        scores = system.test_scores
        errors = (scores["prediction"] - scores["target"]).abs().mean(0)
        return _errors(targets, errors, null) | numbers | found

    def _found(self, seed: int, stretch: float, place: Path) -> tuple[Tensor, dict[str, Any]]:
        """J of the training molecules, and how far it is from what a physicist expects."""
        if not (place / "symmetry").exists():
            dataset = _part(QM9(str(self.root), "train"), self.training.num_train)
            generator = torch.Generator().manual_seed(seed)
            chosen = torch.randperm(len(dataset), generator=generator)[: self.discovery_molecules]
            x = vectors_of_moments(dataset.second_moments("charge")[chosen], generator) @ _stretch(stretch).double()
            asked = find_symmetry(x, dataset.target("r2")[chosen, None], output="scalar", seed=seed)
            if asked.symmetry is None:
                raise ValueError(f"nothing is certified in {len(x)} molecules: take more `discovery_molecules`")
            keep(asked.symmetry, place)
        symmetry = kept(place)
        metric = symmetry.metric.scaled()
        expected = _stretch(1 / stretch).double().square()
        angle = symmetry.algebra.principal_angles(LieAlgebra.preserving(expected)).max().rad2deg()
        numbers = {"metric": metric.J.tolist(), "angle": float(angle), "dim": symmetry.algebra.dim}
        return metric.J.float(), numbers | {"says": str(symmetry)}

    def columns(self, table: str) -> Sequence[Column]:
        """The errors relative to the null on average, then each in the unit of EGNN's table."""
        targets = (table,) if table else ORDER
        units = {name: _unit(name) for name in targets}
        each = [Column(name, SYMBOLS.get(name, name), 1 if unit == "meV" else 3, unit) for name, unit in units.items()]
        relative = Column("relative", "mean error over the median's")
        return (relative, *each, Column("training_seconds", "training", 0, "s"))

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Ratios of errors, seed by seed, of networks that differ in one thing."""
        pairs = [
            ("liegnn", "egnn"), ("vectors", "egnn"), ("vectors", "liegnn"), ("vectors, J found", "vectors"),
            ("liegnn, J found", "liegnn"), ("vectors" + STRETCHED, "vectors"),
            ("vectors, J found" + STRETCHED, "vectors, J found"),
        ]  # fmt: skip
        comparisons = []
        for table in dict.fromkeys(run["table"] for run in runs):
            own = [run for run in runs if run["table"] == table]
            for (first, second), name in product(pairs, ("relative", *((table,) if table else ORDER))):
                found = paired(own, name, first, second, ratio=True)
                comparisons += [] if found is None else [found]
        return {"comparisons": comparisons}


def _unit(name: str) -> str:
    unit = UNITS[TARGETS.index(name)]
    return "meV" if unit == "eV" else unit


def _stretch(factor: float) -> Tensor:
    """The matrix that stretches the z-axis."""
    return torch.diag(torch.tensor([1.0, 1.0, factor]))


def _part(dataset: QM9, count: int | None) -> QM9:
    part: QM9 = dataset if count is None else dataset[:count]
    return part


@lru_cache(maxsize=2)
def _splits(root: Path, training: MoleculeTraining, targets: tuple[str, ...], stretch: float) -> dict[QM9Split, QM9]:
    """The molecules, stretched, with the targets in the units of EGNN's table."""
    counts: dict[QM9Split, int | None] = {
        "train": training.num_train,
        "val": training.num_val,
        "test": training.num_test,
    }
    columns = [TARGETS.index(name) for name in targets]
    units = torch.tensor([1000.0 if _unit(name) == "meV" else 1.0 for name in targets])
    splits: dict[QM9Split, QM9] = {}
    for split, count in counts.items():
        dataset = _part(QM9(str(root), split, from_atoms=True), count)
        data = dataset._data
        assert data is not None
        data.y = data.y[:, columns] * units
        data.pos = data.pos @ _stretch(stretch)
        splits[split] = dataset
    return splits


def _numbers(dataset: QM9) -> Tensor:
    """The targets of a split, ``[S, T]``."""
    numbers: Tensor = dataset._data.y[list(dataset.indices())]
    return numbers


def _errors(targets: Sequence[str], errors: Tensor, null: Tensor) -> dict[str, Any]:
    """Mean absolute errors by name, and their mean over those of the null."""
    each = dict(zip(targets, errors.tolist(), strict=True))
    return each | {"relative": float((errors / null).mean())}


def _fit_and_test(
    system: GraphRegression, splits: dict[QM9Split, QM9], training: MoleculeTraining, seed: int, bench: Bench
) -> dict[str, Any]:
    """Train, validate after every epoch, and test at the best validation."""
    best, clock = best_checkpoint(bench, "val_mae"), Clock(bench, "epochs")
    lightning = trainer(bench, training.epochs, [clock, best, LastCheckpoint(folder=bench.folder)])
    train = PackedLoader(splits["train"], training.batch_size, shuffle=True, drop_last=True, seed=seed)
    resume(lightning, bench, system, train, PackedLoader(splits["val"], 200))
    load_best(system, bench)
    lightning.test(system, PackedLoader(splits["test"], 200), verbose=False)
    return {
        "best_val": float(best.best_model_score or float("nan")),
        "best_epoch": read_checkpoint(bench.folder / "best.ckpt")["epoch"],
        "parameters": sum(p.numel() for p in system.net.parameters()),
        **clock.numbers(),
    }
