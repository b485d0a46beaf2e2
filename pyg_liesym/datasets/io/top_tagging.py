"""Jets in HDF5 files as pandas writes them, in the layout of the Top Quark Tagging Reference Dataset."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.assembly import assemble_padded, check_range, check_read, check_values
from pyg_liesym.datasets.io.files import PROPOSED, some_of
from pyg_liesym.datasets.io.hdf5 import HDF5_START, open_hdf5
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.labels import class_indices
from pyg_liesym.datasets.io.pandas_table import PandasTable
from pyg_liesym.datasets.io.schema import JetSchema

_LABEL, _SET = "is_signal_new", "ttv"
_P4 = ("E", "PX", "PY", "PZ")


class TopTaggingJets:
    """Jets of one HDF5 file in the layout of the Top Quark Tagging Reference Dataset, read in ranges.

    One row a jet, with the columns ``E_0, PX_0, PY_0, PZ_0, E_1, …`` and ``is_signal_new`` (0 or 1, see
    :class:`~pyg_liesym.datasets.io.schema.JetSchema`). Rows of constituents with ``E = 0`` are padding. A particle
    column ``name`` is looked for as ``name_0, name_1, …``.

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
    first_jet: ClassVar[None] = None

    def __init__(self, path: Path, schema: JetSchema, subset: int | None = None) -> None:
        self.path, self.schema, self._subset = path, schema, subset
        self._table = PandasTable(path)
        self.columns, self.num_jets = self._table.names, self._table.num_rows
        if self.num_jets == 0:
            raise ValueError(f"{path} has no jets")
        there = set(self.columns)
        self._slots = sum(f"E_{i}" in there for i in range(len(there)))
        self._check_columns(there)

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
        columns = self._table.read(self._needed(), start, stop)
        for values in columns.values():
            check_read(str(self.path), len(values), start, stop)
        names = (*_P4, *self.schema.particle)
        parts = [np.stack([columns[column] for column in self._numbered(name)], axis=-1) for name in names]
        label = self._labels(columns, stop - start, start)
        weight = None
        if self.schema.weight is not None:
            weight = columns[self.schema.weight]
            check_values(weight, None, str(self.path), self.schema.weight, first=start, strict=self.schema.strict)
        return assemble_padded(
            np.stack(parts[:4], axis=-1),
            label,
            str(self.path),
            _P4,
            first=start,
            particle=dict(zip(self.schema.particle, parts[4:], strict=True)),
            weight=weight,
            scale=self.schema.scale,
            strict=self.schema.strict,
        )

    def _numbered(self, name: str) -> list[str]:
        return [f"{name}_{i}" for i in range(self._slots)]

    def _needed(self) -> list[str]:
        schema = self.schema
        needed = [column for name in (*_P4, *schema.particle) for column in self._numbered(name)]
        needed += [_LABEL] * schema.labelled + [_SET] * (self._subset is not None)
        return needed + ([schema.weight] if schema.weight is not None else [])

    def _check_columns(self, there: set[str]) -> None:
        if self._slots == 0:
            raise ValueError(
                f"{self.path} has no columns E_0, PX_0, PY_0, PZ_0, …; its columns are {some_of(self.columns)}"
                f"{PROPOSED}"
            )
        missing = [name for name in self._needed() if name not in there]
        if missing:
            single = [name for name in self.columns if not name.rpartition("_")[2].isdigit()]
            raise ValueError(
                f"{self.path} lacks the columns {some_of(missing)} of {self._slots} constituents; it has "
                f"{some_of(single)} and columns with numbers"
            )
        counts = {part: sum(name.startswith(f"{part}_") and name[len(part) + 1 :].isdigit() for name in self.columns)
                  for part in _P4}  # fmt: skip
        if set(counts.values()) != {self._slots}:
            raise ValueError(
                f"{self.path}: expected as many columns E_0, E_1, … as PX_…, PY_… and PZ_…, without a gap, got {counts}"
            )

    def _labels(self, columns: Mapping[str, NDArray[Any]], num_jets: int, first: int) -> NDArray[np.int64]:
        if self._subset is not None:
            belongs = columns[_SET]
            strays = np.flatnonzero(belongs != self._subset)
            if len(strays):
                raise ValueError(
                    f"{self.path}: expected {_SET} = {self._subset} in all jets, but jet {first + strays[0]} has "
                    f"{belongs[strays[0]]} ({len(strays)} such jets): is it the file of another split?"
                )
        if not self.schema.labelled:
            return np.full(num_jets, -1, dtype=np.int64)
        values = columns[_LABEL]
        schema = self.schema
        return class_indices(values, str(self.path), _LABEL, schema.classes, schema.jet_labels, strict=schema.strict)
