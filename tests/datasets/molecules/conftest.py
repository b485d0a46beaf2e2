"""A few molecules in the layout of qm9pack."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.datasets.io.qm9pack import ELEMENTS, PARTS, POLARISABILITIES, PROPERTIES, ROTATIONAL

HEADER = [
    "XYZ_file", "Index", "SMILES", "InChi", "N_atoms", "Stoichiometry", "Elements", "XYZ_Ang", "Mulliken_pop",
    "Harmonic_Freq_cmi", *ROTATIONAL, *PROPERTIES,
]  # fmt: skip
TENSOR = ["A_xx", "A_xy", "A_yy", "A_xz", "A_yz", "A_zz"]


def _listed(values: list[object]) -> str:
    return "[" + ",".join(map(str, values)) + "]"


def _row(number: int, rng: np.random.Generator) -> list[str]:
    count = int(rng.integers(3, 8))
    symbols = rng.choice(list(ELEMENTS), count)
    pos = rng.normal(size=(count, 3)).round(6)
    return [
        f"dsgdb9nsd_{number:06d}.xyz", str(number), "C", "InChI=1S", str(count), "[0,0,0,0,0]",
        _listed([f"'{symbol}'" for symbol in symbols]), _listed([_listed(list(row)) for row in pos]),
        _listed(list(rng.normal(size=count).round(6))), "[1.,2.5]",
        *(str(value) for value in rng.uniform(1, 9, 3).round(4)), *(str(v) for v in rng.uniform(1, 9, 12).round(4)),
    ]  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> Callable[..., Path]:
    """Writes so many molecules, in two of the three parts and not in order, and gives the folder."""

    def tables(count: int = 20, seed: int = 0) -> Path:
        rng = np.random.default_rng(seed)
        folder = tmp_path / "tables"
        folder.mkdir()
        rows = [_row(3 * number + 1, rng) for number in range(count)]
        for name, part in zip(PARTS, (rows[count // 2 :], rows[: count // 2]), strict=False):
            _write(folder / name, HEADER, part)
        tensors = [[row[0], *(str(value) for value in rng.uniform(1, 9, 6).round(3))] for row in reversed(rows)]
        _write(folder / POLARISABILITIES, ["XYZ_file", *TENSOR], tensors)
        return folder

    return tables


def _write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
