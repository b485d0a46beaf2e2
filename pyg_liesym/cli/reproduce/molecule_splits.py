"""Molecules of QM9 in the units of EGNN's table, as they are and stretched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from pyg_liesym.datasets.molecules.qm9 import QM9, TARGETS, UNITS, QM9Split

NULL, STRETCHED = "median", ", stretched"
ORDER = ("alpha", "gap", "homo", "lumo", "mu", "Cv", "G", "H", "r2", "U", "U0", "zpve")
"""The targets as EGNN's table has them."""
SYMBOLS = {
    "alpha": "α", "gap": "Δε", "homo": "ε_HOMO", "lumo": "ε_LUMO", "mu": "μ", "r2": "⟨R²⟩", "zpve": "ZPVE", "U0": "U₀",
    "Cv": "C_v",
}  # fmt: skip


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

    num_train: int | None = 10_000
    num_val: int | None = 1000
    num_test: int | None = None
    epochs: int = 12
    batch_size: int = 32
    lr: float = 4e-3
    one_each: bool = False


def target_unit(name: str) -> str:
    """The unit of a target in EGNN's table."""
    unit = UNITS[TARGETS.index(name)]
    return "meV" if unit == "eV" else unit


def stretched_by(factor: float) -> Tensor:
    """The matrix that stretches the z-axis."""
    return torch.diag(torch.tensor([1.0, 1.0, factor]))


def part_of(dataset: QM9, count: int | None) -> QM9:
    """The first molecules, or all."""
    part: QM9 = dataset if count is None else dataset[:count]
    return part


@lru_cache(maxsize=2)
def molecule_splits(
    root: Path, training: MoleculeTraining, targets: tuple[str, ...], stretch: float
) -> dict[QM9Split, QM9]:
    """The molecules, stretched, with the targets in the units of EGNN's table."""
    counts: dict[QM9Split, int | None] = {
        "train": training.num_train,
        "val": training.num_val,
        "test": training.num_test,
    }
    columns = [TARGETS.index(name) for name in targets]
    units = torch.tensor([1000.0 if target_unit(name) == "meV" else 1.0 for name in targets])
    splits: dict[QM9Split, QM9] = {}
    for split, count in counts.items():
        dataset = part_of(QM9(str(root), split, from_atoms=True), count)
        data = dataset._data
        assert data is not None
        data.y = data.y[:, columns] * units
        data.pos = data.pos @ stretched_by(stretch)
        splits[split] = dataset
    return splits


def numbers_of(dataset: QM9) -> Tensor:
    """The targets of a split, ``[S, T]``."""
    numbers: Tensor = dataset._data.y[list(dataset.indices())]
    return numbers
