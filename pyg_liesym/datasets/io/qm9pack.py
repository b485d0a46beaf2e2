"""QM9 as the package ``qm9pack`` carries it: tables of molecules with lists in their cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, PathLike, in_package, naming_damage

ELEMENTS = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}
PARTS = ("qm9_part1.csv", "qm9_part2.csv", "qm9_part3.csv")
POLARISABILITIES = "qm9_polarizability.csv"
PROPERTIES = (
    "Dipole_debye", "Polarizability_bohr3", "HOMO_au", "LUMO_au", "HOMO_LUMO_gap_au", "R2_bohr2", "ZPVE_au",
    "InternalEnergy_0K_au", "InternalEnergy_298K_au", "Enthalphy_298K_au", "GibbsFreeEnergy_298K_au",
    "Heatcapacity_Cv_cal_mol_K",
)  # fmt: skip
"""Columns of the numbers of a molecule, in the order of PyG's QM9; its authors' spelling."""
ROTATIONAL = ("RotA_GHz", "RotB_GHz", "RotC_GHz")
_NAME, _COUNT, _LISTS = "XYZ_file", "N_atoms", ("Elements", "XYZ_Ang", "Mulliken_pop")
_TENSOR = ("A_xx", "A_xy", "A_xz", "A_xy", "A_yy", "A_yz", "A_xz", "A_yz", "A_zz")
_WITHOUT = str.maketrans("", "", "[]' ")


class Molecules(NamedTuple):
    """Molecules as flat arrays, atoms one molecule after another.

    Attributes:
        number: Number of each molecule in GDB-9, ``[S]``.
        counts: Atoms of each, ``[S]``.
        z: Atomic numbers, ``[N]``.
        pos: Positions in Å, ``[N, 3]``.
        charge: Mulliken charges in e, ``[N]``.
        properties: `PROPERTIES`, in the units of their names, ``[S, 12]``.
        rotational: Rotational constants in GHz, ``[S, 3]``.
        polarisability: Tensors in bohr³, in a frame of their own, ``[S, 3, 3]``.
    """

    number: NDArray[np.int64]
    counts: NDArray[np.int64]
    z: NDArray[np.int64]
    pos: NDArray[np.float64]
    charge: NDArray[np.float64]
    properties: NDArray[np.float64]
    rotational: NDArray[np.float64]
    polarisability: NDArray[np.float64]


def find_qm9pack() -> Path:
    """The folder of the tables in the installed package, which is not imported.

    Raises:
        ImportError: If it is not installed, saying how to install it.
    """
    return in_package("qm9pack", "qm9pack/data", "molecules")


def read_qm9(folder: PathLike) -> Molecules:
    """Read all molecules of a folder with the tables of ``qm9pack``, by their numbers.

    Args:
        folder: Has the three parts, or some of them, and the table of the polarisabilities.

    Raises:
        FileNotFoundError: If there is no part, or no table of the polarisabilities.
        ValueError: If a table is damaged or lacks a column, or a molecule is not whole; naming it.
    """
    folder = Path(folder)
    parts = [folder / name for name in PARTS if (folder / name).exists()]
    for path in (*(parts or [folder / PARTS[0]]), folder / POLARISABILITIES):
        if not path.exists():
            raise FileNotFoundError(f"there is no {path}: expected the tables of qm9pack in {folder}")
    tensors = {row[0]: _numbers(row[1:]) for row in _rows(folder / POLARISABILITIES, (_NAME, *_TENSOR))}
    columns = (_NAME, "Index", _COUNT, *_LISTS, *ROTATIONAL, *PROPERTIES)
    found = [_molecule(path, row, tensors) for path in parts for row in _rows(path, columns)]
    if not found:
        raise LayoutError(f"{folder} has no molecules")
    found.sort(key=lambda molecule: int(molecule.number))
    stacked = [np.stack([getattr(one, name) for one in found]) for name in ("number", "counts")]
    flat = [np.concatenate([getattr(one, name) for one in found]) for name in ("z", "pos", "charge")]
    rest = [np.stack([getattr(one, name) for one in found]) for name in Molecules._fields[5:]]
    return Molecules(*stacked, *flat, *rest)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[list[str]]:
    """Yields the cells of some columns, row by row."""
    with naming_damage(path, "CSV"), path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        missing = [name for name in columns if name not in header]
        if missing:
            raise LayoutError(f"{path} has no column {missing[0]}: expected a table of qm9pack")
        places = [header.index(name) for name in columns]
        for row in reader:
            if len(row) != len(header):
                raise LayoutError(f"{path}, line {reader.line_num}: expected {len(header)} cells, got {len(row)}")
            yield [row[place] for place in places]


def _molecule(path: Path, row: list[str], tensors: dict[str, NDArray[np.float64]]) -> Molecules:
    """A row as arrays of one molecule."""
    name, count = row[0], int(row[2])
    with naming_damage(f"{path}, {name}", "molecule"):
        elements = [ELEMENTS[symbol] for symbol in row[3].translate(_WITHOUT).split(",")]
        pos, charge = (_numbers(cell.translate(_WITHOUT).split(",")) for cell in row[4:6])
        numbers = _numbers(row[6:])
    if not len(elements) == len(pos) // 3 == len(charge) == count or len(pos) % 3:
        raise LayoutError(
            f"{path}, {name}: expected {count} atoms, got {len(elements)} elements, {len(pos)} coordinates and "
            f"{len(charge)} charges"
        )
    if name not in tensors:
        raise LayoutError(f"{path}, {name}: {POLARISABILITIES} has no such molecule")
    return Molecules(
        np.array(int(row[1])), np.array(count), np.array(elements), pos.reshape(-1, 3), charge,
        numbers[3:], numbers[:3], tensors[name].reshape(3, 3),
    )  # fmt: skip


def _numbers(cells: list[str]) -> NDArray[np.float64]:
    return np.array([float(cell) for cell in cells])
