"""Properties of molecules: EGNN, LieGNN and vector channels, with J = I and with the J that the molecules show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import lightning as L
import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.discovered import keep, kept
from pyg_liesym.cli.reproduce.experiment import Bench, Experiment, Job
from pyg_liesym.cli.reproduce.molecule_networks import MoleculeWidths, molecule_network
from pyg_liesym.cli.reproduce.molecule_pictures import draw_molecules
from pyg_liesym.cli.reproduce.molecule_splits import (
    NULL,
    ORDER,
    STRETCHED,
    SYMBOLS,
    MoleculeTraining,
    molecule_splits,
    numbers_of,
    part_of,
    stretched_by,
    target_unit,
)  # fmt: skip
from pyg_liesym.cli.reproduce.table import Column, Run, paired
from pyg_liesym.cli.reproduce.training import fit_best
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.molecules.moments import vectors_of_moments
from pyg_liesym.datasets.molecules.qm9 import QM9, QM9Split
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.systems.graph_regression import GraphRegression

_PAIRS = (
    ("liegnn", "egnn"), ("vectors", "egnn"), ("vectors", "liegnn"), ("vectors, J found", "vectors"),
    ("liegnn, J found", "liegnn"), ("vectors" + STRETCHED, "vectors"),
    ("vectors, J found" + STRETCHED, "vectors, J found"),
    ("vectors" + STRETCHED, "vectors, J found" + STRETCHED),
)  # fmt: skip
"""Rows that are compared, each with what it is set against."""


@dataclass(frozen=True)
class MoleculeNetwork:
    """A network by a name of your own.

    Args:
        net: ``egnn``, ``liegnn`` or ``vectors``.
        found: Whether its J is the one that is found in the training molecules, in place of I.
    """

    net: str
    found: bool = False


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
        splits = molecule_splits(self.root, self.training, targets, stretch)
        train, test = numbers_of(splits["train"]), numbers_of(splits["test"])
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
            dataset = part_of(QM9(str(self.root), "train"), self.training.num_train)
            generator = torch.Generator().manual_seed(seed)
            chosen = torch.randperm(len(dataset), generator=generator)[: self.discovery_molecules]
            x = vectors_of_moments(dataset.second_moments("charge")[chosen], generator) @ stretched_by(stretch).double()
            asked = find_symmetry(x, dataset.target("r2")[chosen, None], output="scalar", seed=seed)
            if asked.symmetry is None:
                raise ValueError(f"nothing is certified in {len(x)} molecules: take more `discovery_molecules`")
            keep(asked.symmetry, place)
        symmetry = kept(place)
        metric = symmetry.metric.scaled()
        expected = stretched_by(1 / stretch).double().square()
        angle = symmetry.algebra.principal_angles(LieAlgebra.preserving(expected)).max().rad2deg()
        numbers = {"metric": metric.J.tolist(), "angle": float(angle), "dim": symmetry.algebra.dim}
        return metric.J.float(), numbers | {"says": str(symmetry)}

    def columns(self, table: str) -> Sequence[Column]:
        """The errors relative to the null on average, then each in the unit of EGNN's table."""
        targets = (table,) if table else ORDER
        units = {name: target_unit(name) for name in targets}
        each = [Column(name, SYMBOLS.get(name, name), 1 if unit == "meV" else 3, unit) for name, unit in units.items()]
        relative = Column("relative", "mean error over the median's")
        return (relative, *each, Column("training_seconds", "training", 0, "s"))

    def conclude(self, runs: Sequence[Run], out: Path) -> dict[str, Any]:
        """Ratios of errors, seed by seed, of networks that differ in one thing; pictures of errors and forms."""
        comparisons, by_target = [], []
        for table in dict.fromkeys(run["table"] for run in runs):
            own = [run for run in runs if run["table"] == table]
            targets = (table,) if table else ORDER
            for first, second in _PAIRS:
                overall = paired(own, "relative", first, second, ratio=True)
                each = [found for name in targets if (found := paired(own, name, first, second, ratio=True))]
                if overall is not None:
                    below = sum(found["mean"] < 1 for found in each)
                    comparisons.append(overall | {"below": below, "targets": len(targets)})
                    by_target += each
            if not table:
                draw_molecules(own, out)
        below = {f"below: {one['first']}, {one['second']}": {"value": one["below"], "digits": 0} for one in comparisons}
        return {"comparisons": comparisons, "by_target": by_target, "facts": below}


def _errors(targets: Sequence[str], errors: Tensor, null: Tensor) -> dict[str, Any]:
    """Mean absolute errors by name, and their mean over those of the null."""
    each = dict(zip(targets, errors.tolist(), strict=True))
    return each | {"relative": float((errors / null).mean())}


def _fit_and_test(
    system: GraphRegression, splits: dict[QM9Split, QM9], training: MoleculeTraining, seed: int, bench: Bench
) -> dict[str, Any]:
    """Train, validate after every epoch, and test at the best validation."""
    train = PackedLoader(splits["train"], training.batch_size, shuffle=True, drop_last=True, seed=seed)
    val, test = (PackedLoader(splits[split], 200) for split in ("val", "test"))
    lightning, numbers = fit_best(system, (train, val), bench, training.epochs, "val_mae", between="epochs")
    lightning.test(system, test, verbose=False)
    return numbers
