"""Jets in HDF5 files as pandas writes them, in the layout of the Top Quark Tagging Reference Dataset."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.assembly import assemble_padded, check_range, check_read, check_values, class_indices
from pyg_liesym.datasets.io.files import LayoutError, some_of
from pyg_liesym.datasets.io.hdf5 import HDF5_START, check_chunks, check_filters, open_hdf5
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.pickled_names import pickled_names
from pyg_liesym.datasets.io.schema import JetSchema

_LABEL, _SET = "is_signal_new", "ttv"
_P4 = ("E", "PX", "PY", "PZ")


class TopTaggingJets:
    """Jets of one HDF5 file in the layout of the Top Quark Tagging Reference Dataset, read in ranges.

    One row a jet, with the columns ``E_0, PX_0, PY_0, PZ_0, E_1, …`` and ``is_signal_new`` (0 or 1, see
    :class:`~pyg_liesym.datasets.io.schema.JetSchema`). Rows of constituents with ``E = 0`` are padding. A particle
    column ``name`` is looked for as ``name_0, name_1, …``. Columns are found by their names, which pandas stores as
    pickles: these are read as data and never unpickled.

    pandas writes columns of one type side by side as a block. With ``format="table"`` the dataset ``table`` has a
    field for each block and attributes ``…_kind`` with the names; with ``format="fixed"`` each block is a dataset of
    its own and so are its names.

    Args:
        path: The file.
        schema: What to read.
        subset: What the column ``ttv`` must be in all jets that are read: 0 training, 1 validation, 2 test; None for
            anything.

    Raises:
        ValueError: If the file is damaged, has no jets or not the columns, or if a value is not finite, an energy
            negative, or a label not one of the classes. The message names the file, the column and the jet.
    """

    format: ClassVar[str] = "HDF5 (pandas, Top Quark Tagging)"

    def __init__(self, path: Path, schema: JetSchema, subset: int | None = None) -> None:
        self.path, self.schema, self._subset = path, schema, subset
        self._names: dict[str, list[str]] = {}
        with open_hdf5(path) as file:
            group, self._fixed = _pandas_group(file)
            self._group = group.name
            sizes = self._survey(group)
        self.num_jets = sizes.pop() if len(sizes) == 1 else 0
        if self.num_jets == 0:
            raise ValueError(f"{path} has no jets" if sizes <= {0} else f"{path}: its blocks have {sizes} rows")
        self._place = {name: (block, i) for block, names in self._names.items() for i, name in enumerate(names)}
        self._slots = sum(f"E_{i}" in self._place for i in range(len(self._place)))
        self._check_columns()
        self.columns = tuple(self._place)

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file that begins with the bytes ``start`` is HDF5 that pandas wrote."""
        if start != HDF5_START:
            return False
        with open_hdf5(path) as file:
            return any(file[name].attrs.get("pandas_type") is not None for name in file)

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file but its weights."""
        columns = dict.fromkeys(cls(path, JetSchema(labelled=False)).columns)
        slots = sum(f"E_{i}" in columns for i in range(len(columns)))
        numbered = [name.removesuffix("_0") for name in columns if name.endswith("_0")]
        particle = tuple(  # of every constituent: a jet may have numbered columns of its own
            name for name in numbered if name not in _P4 and all(f"{name}_{i}" in columns for i in range(slots))
        )
        return JetSchema(particle=particle, labelled=_LABEL in columns)

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Read and check the jets ``start:stop`` without loading the rest."""
        start, stop = check_range(str(self.path), start, stop, self.num_jets)
        with open_hdf5(self.path) as file:
            blocks = self._read_blocks(file[self._group], start, stop)
        for block in blocks.values():
            check_read(str(self.path), len(block), start, stop)
        parts = [self._columns(blocks, self._numbered(name)) for name in (*_P4, *self.schema.particle)]
        label = self._labels(blocks, stop - start, start)
        weight = None
        if self.schema.weight is not None:
            weight = self._columns(blocks, [self.schema.weight])[:, 0]
            check_values(weight, None, str(self.path), self.schema.weight, first=start, strict=self.schema.strict)
        return assemble_padded(
            np.stack(parts[:4], axis=-1),
            label,
            str(self.path),
            _P4,
            first=start,
            particle=dict(zip(self.schema.particle, parts[4:], strict=True)),
            weight=weight,
            strict=self.schema.strict,
        )

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

    def _read_blocks(self, group: Any, start: int, stop: int) -> dict[str, NDArray[Any]]:
        needed = {self._place[name][0] for name in self._needed()}
        if self._fixed:
            return {name: group[name][start:stop] for name in needed}
        rows = group["table"].fields(sorted(needed))[start:stop]
        return {name: rows[name] if rows[name].ndim == 2 else rows[name][:, None] for name in needed}

    def _columns(self, blocks: dict[str, NDArray[Any]], names: Sequence[str]) -> NDArray[Any]:
        """The columns of the given names side by side, ``[J, len(names)]``."""
        places = [self._place[name] for name in names]
        used = sorted({block for block, _ in places})
        if len(used) == 1:
            return blocks[used[0]][:, [i for _, i in places]]
        return np.stack([blocks[block][:, i] for block, i in places], axis=-1)

    def _numbered(self, name: str) -> list[str]:
        return [f"{name}_{i}" for i in range(self._slots)]

    def _needed(self) -> list[str]:
        schema = self.schema
        needed = [column for name in (*_P4, *schema.particle) for column in self._numbered(name)]
        needed += [_LABEL] * schema.labelled + [_SET] * (self._subset is not None)
        return needed + ([schema.weight] if schema.weight is not None else [])

    def _check_columns(self) -> None:
        if self._slots == 0:
            raise ValueError(
                f"{self.path} has no columns E_0, PX_0, PY_0, PZ_0, …; its columns are {some_of(self._place)}"
            )
        missing = [name for name in self._needed() if name not in self._place]
        if missing:
            single = [name for name in self._place if not name.rpartition("_")[2].isdigit()]
            raise ValueError(
                f"{self.path} lacks the columns {some_of(missing)} of {self._slots} constituents; it has "
                f"{some_of(single)} and columns with numbers"
            )
        counts = {part: sum(name.startswith(f"{part}_") and name[len(part) + 1 :].isdigit() for name in self._place)
                  for part in _P4}  # fmt: skip
        if set(counts.values()) != {self._slots}:
            raise ValueError(
                f"{self.path}: expected as many columns E_0, E_1, … as PX_…, PY_… and PZ_…, without a gap, got {counts}"
            )

    def _labels(self, blocks: dict[str, NDArray[Any]], num_jets: int, first: int) -> NDArray[np.int64]:
        if self._subset is not None:
            belongs = self._columns(blocks, [_SET])[:, 0]
            strays = np.flatnonzero(belongs != self._subset)
            if len(strays):
                raise ValueError(
                    f"{self.path}: expected {_SET} = {self._subset} in all jets, but jet {first + strays[0]} has "
                    f"{belongs[strays[0]]} ({len(strays)} such jets): is it the file of another split?"
                )
        if not self.schema.labelled:
            return np.full(num_jets, -1, dtype=np.int64)
        values = self._columns(blocks, [_LABEL])[:, 0]
        schema = self.schema
        return class_indices(values, str(self.path), _LABEL, schema.classes, schema.jet_labels, strict=schema.strict)


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
