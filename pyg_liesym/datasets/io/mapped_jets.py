"""Jets of a table by the columns that a schema names, in any layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.assembly import check_range, check_read
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_rows import JetRows
from pyg_liesym.datasets.io.places import number_per_row
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.tables import Table, columns_of_schema

_STEP = 100_000


class MappedJets:
    """Jets of a table by the columns that a schema names, read in ranges.

    Constituents that are not sorted by falling pT are sorted. Space-like constituents, which rounding leaves in real
    files, are allowed; so are jets without constituents. What the schema does not name, the whole jets' momenta and
    (Δη, Δφ), is computed from the constituents.

    Args:
        table: The file.
        schema: What to read, with ``momentum``.
        plane: The columns of (Δη, Δφ), in a layout that has them.

    Raises:
        ValueError: If the table lacks a column or has no jets, if counts that it states twice differ, an index is out
            of range, or a value is not finite, an energy or pT negative, or a label not one of the classes. The message
            names the file, the column and the jet.
    """

    format: ClassVar[str] = "by a schema"

    def __init__(self, table: Table, schema: JetSchema, plane: Sequence[str] = ()) -> None:
        self.path, self.columns = table.path, table.names
        self.schema, self._layout, self._table, self._plane = schema, schema, table, tuple(plane)
        self._columns = columns_of_schema(self._references(), table)
        self._sources = list(dict.fromkeys(name for column in self._columns.values() for name in column.sources))
        table.check(self._sources)
        self.first_jet = None if schema.jets is None else self._count(schema.jets)
        self.num_jets = table.num_rows if self.first_jet is None else int(self.first_jet[-1])
        if self.num_jets == 0:
            raise ValueError(f"{table.where} has no jets")

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Read and check the jets ``start:stop`` without loading the rest."""
        start, stop = check_range(self._table.where, start, stop, self.num_jets)
        if self.first_jet is None:
            return self._jets(start, stop, start)
        row = int(np.searchsorted(self.first_jet, start, side="right")) - 1
        last = int(np.searchsorted(self.first_jet, stop, side="left"))
        first = int(self.first_jet[row])
        whole = self._jets(row, max(last, row), first)
        return whole if len(whole) == stop - start else whole.select(np.arange(start - first, stop - first))

    def _count(self, jets: str) -> NDArray[np.int64]:
        """The number of the first jet of every event, and of all jets."""
        column, rows = self._columns[jets], self._table.num_rows
        counts = [np.zeros(1, np.int64)]
        for start in range(0, rows, _STEP):
            arrays = self._table.read(column.sources, start, min(start + _STEP, rows))
            found = number_per_row(self._content(jets, arrays), self._called(jets))
            counts.append(found if self._layout.take is None else np.minimum(found, self._layout.take))
        return np.cumsum(np.concatenate(counts))

    def _references(self) -> list[str]:
        schema = self._layout
        momentum = [column for column in (schema.momentum or {}).values() if isinstance(column, str)]
        label = schema.label if schema.labelled else None
        labels = [] if label is None else [label] if isinstance(label, str) else list(label.values())
        particle = [(schema.columns or {}).get(name, name) for name in schema.particle]
        single = [schema.weight, schema.mask, schema.count, schema.jets]
        links = (schema.links or {}).values()
        named = [*momentum, *labels, *particle, *single, *(schema.axis or {}).values(), *links, *self._plane]
        return [name for name in named if name is not None]

    def _called(self, reference: str) -> str:
        return f"{self._table.where}: the {self._table.nouns[0]} {reference}"

    def _content(self, reference: str, arrays: Mapping[str, Any]) -> Any:
        try:
            return self._columns[reference].of(arrays)
        except ValueError as error:
            raise ValueError(f"{self._called(reference)}: {error}") from None

    def _jets(self, start: int, stop: int, first: int) -> JetArrays:
        """The jets of some rows, of which the first is number ``first`` of the file."""
        arrays = self._table.read(self._sources, start, stop)
        for array in arrays.values():
            check_read(self._table.where, len(array), start, stop)
        content = {name: self._content(name, arrays) for name in self._columns}
        noun, where = self._table.nouns[0], self._table.where
        return JetRows(content, self._layout, where, noun, row=start, first=first, plane=self._plane).jets()
