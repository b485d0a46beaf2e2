"""NumPy files and HDF5 datasets as tables, a column for each array."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError
from pyg_liesym.datasets.io.hdf5 import check_chunks, check_filters, import_h5py, open_hdf5
from pyg_liesym.datasets.io.npy import NPY_START, ArrayRows, arrays_in, native

ARRAY = "array"
"""What the one array of an ``.npy`` file is called."""


class NumpyTable:
    """The arrays of an ``.npz``, or the one of an ``.npy`` file, called ``array``.

    Args:
        path: The file.

    Raises:
        ValueError: If the file is damaged.
    """

    nouns: ClassVar[tuple[str, str]] = ("array", "arrays")

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        with path.open("rb") as file:
            single = file.read(len(NPY_START)) == NPY_START
        self._rows = {ARRAY: ArrayRows(path)} if single else {name: ArrayRows(path, name) for name in arrays_in(path)}
        self.names = tuple(self._rows)
        self.shapes = {name: rows.shape for name, rows in self._rows.items()}
        self.num_rows = max((shape[0] for shape in self.shapes.values()), default=0)

    def check(self, names: Sequence[str]) -> None:
        """Refuse arrays of different lengths."""
        self.num_rows = _common_length(self.where, {name: self.shapes[name] for name in names})

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, Any]:
        """The rows ``start:stop`` of some arrays."""
        return {name: self._rows[name].read(start, stop) for name in names}


class Hdf5Table:
    """The datasets of an HDF5 file, in groups ``group/name``; fields of a compound type are ``name.field``.

    Args:
        path: The file.

    Raises:
        ValueError: If the file is damaged.
    """

    nouns: ClassVar[tuple[str, str]] = ("dataset", "datasets")

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        self._places: dict[str, tuple[str, str | None]] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}
        with open_hdf5(path) as file:
            file.visititems(self._note)
        self.names = tuple(self.shapes)
        self.num_rows = max((shape[0] for shape in self.shapes.values()), default=0)

    def check(self, names: Sequence[str]) -> None:
        """Refuse datasets that are not all there, cannot be unpacked, or have different lengths."""
        with open_hdf5(self.path) as file:
            for name in names:
                dataset, field = self._places[name]
                self._check_type(name, file[dataset].dtype if field is None else file[dataset].dtype[field])
            for name in dict.fromkeys(self._places[name][0] for name in names):
                check_filters(self.path, file[name])
                check_chunks(self.path, file[name])
        self.num_rows = _common_length(self.where, {name: self.shapes[name] for name in names})

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, Any]:
        """The rows ``start:stop`` of some datasets; those of lists of any length become awkward arrays."""
        found = {}
        with open_hdf5(self.path) as file:
            for name in names:
                dataset, field = self._places[name]
                rows = (file[dataset] if field is None else file[dataset].fields(field))[start:stop]
                found[name] = _lists(rows) if rows.dtype.kind == "O" else native(rows)
        return found

    def _check_type(self, name: str, dtype: np.dtype[Any]) -> None:
        """Of lists of any length there is one a row, with numbers."""
        inner = import_h5py().check_vlen_dtype(dtype)
        if dtype.kind == "O" and (inner is None or np.dtype(inner).kind not in "fiub" or len(self.shapes[name]) > 1):
            raise LayoutError(
                f"{self.where}: the dataset {name}: expected numbers, or one list of numbers a row, got "
                f"{list(self.shapes[name])} of {'objects' if inner is None else np.dtype(inner).name} of any length"
            )

    def _note(self, name: str, item: Any) -> None:
        if getattr(item, "shape", ()):
            fields = item.dtype.names
            for field in [None] if fields is None else fields:
                own = name if field is None else f"{name}.{field}"
                self._places[own], self.shapes[own] = (name, field), tuple(item.shape)


def _lists(rows: NDArray[Any]) -> Any:
    import awkward as ak

    flat = np.concatenate([np.zeros(0), *rows]) if len(rows) else np.zeros(0)
    return ak.unflatten(flat, np.fromiter(map(len, rows), np.int64, len(rows)))


def _common_length(where: str, shapes: Mapping[str, tuple[int, ...]]) -> int:
    lengths = {name: shape[0] for name, shape in shapes.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{where}: expected every array to have as many rows as there are jets, got {lengths}")
    return next(iter(lengths.values()), 0)
