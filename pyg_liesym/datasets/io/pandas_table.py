"""Tables that pandas wrote into HDF5 files, by the names of their columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, some_of
from pyg_liesym.datasets.io.hdf5 import check_chunks, check_filters, open_hdf5
from pyg_liesym.datasets.io.npy import native
from pyg_liesym.datasets.io.pickled_names import pickled_names


class PandasTable:
    """The table of an HDF5 file that pandas wrote.

    Columns are found by their names, which pandas stores as pickles: these are read as data and never unpickled.

    pandas writes columns of one type side by side as a block. With ``format="table"`` the dataset ``table`` has a
    field for each block and attributes ``…_kind`` with the names; with ``format="fixed"`` each block is a dataset of
    its own and so are its names.

    Args:
        path: The file.

    Raises:
        ValueError: If the file is damaged, or has no table or several.
    """

    nouns: ClassVar[tuple[str, str]] = ("column", "columns")

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        self._names: dict[str, list[str]] = {}
        with open_hdf5(path) as file:
            group, self._fixed = _pandas_group(file)
            self._group = group.name
            sizes = self._survey(group)
        if len(sizes) > 1:
            raise ValueError(f"{path}: its blocks have {sizes} rows")
        self.num_rows = sizes.pop() if sizes else 0
        self._place = {name: (block, i) for block, names in self._names.items() for i, name in enumerate(names)}
        self.names = tuple(self._place)

    def check(self, names: Sequence[str]) -> None:
        """All columns were looked at when the file was opened."""

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, NDArray[Any]]:
        """The rows ``start:stop`` of some columns."""
        with open_hdf5(self.path) as file:
            blocks = self._read_blocks(file[self._group], {self._place[name][0] for name in names}, start, stop)
        return {name: native(blocks[self._place[name][0]][:, self._place[name][1]]) for name in names}

    def _survey(self, group: Any) -> set[int]:
        """Find the names of the columns of every block; return the numbers of rows."""
        if self._fixed:
            for name in [name for name in group if name.startswith("block") and name.endswith("_items")]:
                items = group[name][()] if group[name].size and group[name].ndim == 1 else np.zeros(0, "S1")
                self._names[name.replace("_items", "_values")] = [item.decode() for item in items.tolist()]
            datasets = [group[name] for name in self._names]
        else:
            table = group["table"]
            datasets = [table]
            for field in table.dtype.names:
                if f"{field}_kind" in table.attrs and field != "index":
                    self._names[field] = self._names_of(bytes(table.attrs[f"{field}_kind"]), field)
        self._check_names(group)
        for dataset in datasets:
            check_filters(self.path, dataset)
            check_chunks(self.path, dataset)
        return {len(dataset) for dataset in datasets}

    def _check_names(self, group: Any) -> None:
        """Every block has as many columns as names, and no name is there twice."""
        for block, names in self._names.items():
            shape = group[block].shape[1:] if self._fixed else group["table"].dtype[block].shape
            width = math.prod(shape)
            if len(names) != width or len(shape) > 1:
                raise LayoutError(f"{self.path}: {block} has {width} columns but {len(names)} names: it is damaged")
        counts = Counter(name for names in self._names.values() for name in names)
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            raise LayoutError(f"{self.path} has the columns {some_of(twice)} more than once")

    def _names_of(self, content: bytes, field: str) -> list[str]:
        try:
            return pickled_names(content)
        except ValueError as error:
            raise LayoutError(f"{self.path}: cannot tell the columns of {field} apart: {error}") from error

    def _read_blocks(self, group: Any, needed: set[str], start: int, stop: int) -> dict[str, NDArray[Any]]:
        if self._fixed:
            return {name: group[name][start:stop] for name in needed}
        rows = group["table"].fields(sorted(needed))[start:stop]
        return {name: rows[name] if rows[name].ndim == 2 else rows[name][:, None] for name in needed}


def _pandas_group(file: Any) -> tuple[Any, bool]:
    """The table in a file that pandas wrote, and whether it is of format ``fixed``."""
    kinds = {name: bytes(file[name].attrs.get("pandas_type", b"")) for name in file}
    frames = [name for name, kind in kinds.items() if kind in (b"frame_table", b"frame")]
    if not frames:
        raise LayoutError(f"{file.filename} has no table of pandas, only {some_of(file)}")
    if "table" not in frames and len(frames) > 1:
        raise LayoutError(
            f"{file.filename} has the tables {frames[:12]}: keep one a file, or call the one to read 'table'"
        )
    name = "table" if "table" in frames else frames[0]
    return file[name], kinds[name] == b"frame"
