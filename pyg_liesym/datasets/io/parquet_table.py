"""Parquet files as tables, row group after row group, through pyarrow and awkward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from pyg_liesym.datasets.io.files import check_unpacked, naming_damage
from pyg_liesym.datasets.io.tables import part_of_record

PARQUET_START = b"PAR1"
"""The bytes that a parquet file begins and ends with."""
_BATCH = 4096
_LONG = 10_000


def import_parquet() -> Any:
    """The module pyarrow.parquet.

    Raises:
        ImportError: If pyarrow is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise ImportError(
            "reading and writing parquet needs pyarrow, which is not installed: run `pip install 'pyg-liesym[parquet]'`"
        ) from error
    return pyarrow.parquet


class _Stream(NamedTuple):
    """Batches of some columns, of which the next one begins with a certain row."""

    columns: tuple[str, ...]
    row: int
    batches: Iterator[Any]


class ParquetTable:
    """The columns of a parquet file; fields of records are ``name.field``.

    Rows are decoded batch by batch, so that no row group need fit in memory: reading forwards is fast, going back
    starts over at a row group.

    Args:
        path: The file.

    Raises:
        ImportError: If pyarrow is not installed.
        ValueError: If the file is damaged.
    """

    nouns: ClassVar[tuple[str, str]] = ("column", "columns")

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, str(path)
        self._stream: _Stream | None = None
        parquet = import_parquet()
        with naming_damage(path, "parquet"), parquet.ParquetFile(path) as file:
            groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
            self._starts = np.cumsum([0, *(group.num_rows for group in groups)])
            if self._starts[-1] != file.metadata.num_rows:
                raise EOFError(f"it says that it has {file.metadata.num_rows} rows, its groups {self._starts[-1]}")
            leaves = [group.column(i) for group in groups for i in range(group.num_columns)]
            self._sizes = [(leaf.path_in_schema, leaf.num_values, leaf.total_compressed_size) for leaf in leaves]
            schema = file.schema_arrow
            self._leaves = tuple(dict.fromkeys(path for path, _, _ in self._sizes))
        self.num_rows, self._fields = int(self._starts[-1]), frozenset(schema.names)
        self.names = tuple(name for field in schema for name in _names(field.name, field.type))

    def check(self, names: Sequence[str]) -> None:
        """Refuse a few bytes that claim to be very long lists."""
        wanted = {self._leaf(name) for name in names}
        for leaf, values, stored in self._sizes:
            if (leaf in wanted or leaf.split(".")[0] in wanted) and values > _LONG * max(self.num_rows, 1):
                check_unpacked(f"{self.where}: the column {leaf}", stored, 8 * values)

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, Any]:
        """The rows ``start:stop`` of some columns, as awkward arrays."""
        import awkward as ak
        import pyarrow

        columns = tuple(sorted({self._leaf(name) for name in names}))
        with naming_damage(self.path, "parquet"):
            stream = self._stream
            if stream is None or stream.columns != columns or not self._is_ahead(stream.row, start):
                stream = self._open(columns, start)
            parts, row, self._stream = [], stream.row, None
            while row < stop:
                batch = next(stream.batches)
                if (after := row + len(batch)) > stop:
                    rest = batch.slice(stop - row)
                    stream = stream._replace(batches=_before(rest, stream.batches))
                    after = stop
                parts.append(batch.slice(max(start - row, 0), max(after - max(row, start), 0)))
                row = after
            self._stream = stream._replace(row=row) if row < self.num_rows else None
            content = pyarrow.Table.from_batches(parts) if parts else self._nothing(columns)
            arrays = ak.from_arrow(content)
        return {name: part_of_record(arrays, name) for name in names}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stream": None}

    def _is_ahead(self, row: int, start: int) -> bool:
        """Whether a stream at one row comes to another without a detour."""
        return row <= start and self._group(row) >= self._group(start) - 1

    def _group(self, row: int) -> int:
        return int(np.searchsorted(self._starts, row, side="right")) - 1

    def _open(self, columns: tuple[str, ...], start: int) -> _Stream:
        file = import_parquet().ParquetFile(self.path)
        group = min(self._group(start), len(self._starts) - 2)
        groups = list(range(max(group, 0), len(self._starts) - 1))
        batches = file.iter_batches(_BATCH, row_groups=groups, columns=list(columns), use_threads=False)
        return _Stream(columns, int(self._starts[max(group, 0)]), batches)

    def _nothing(self, columns: tuple[str, ...]) -> Any:
        with import_parquet().ParquetFile(self.path) as file:
            return file.read_row_groups([], columns=list(columns))

    def _leaf(self, name: str) -> str:
        """What a column is called below lists and records, for reading it alone."""
        first, _, rest = name.partition(".")
        if not rest or name in self._leaves or name in self._fields:
            return name
        found = [leaf for leaf in self._leaves if leaf.startswith(f"{first}.") and leaf.endswith(f".{rest}")]
        return found[0] if len(found) == 1 else first


def _before(first: Any, rest: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _names(name: str, kind: Any) -> list[str]:
    import pyarrow

    while pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind) or pyarrow.types.is_fixed_size_list(kind):
        kind = kind.value_type
    if not pyarrow.types.is_struct(kind):
        return [name]
    fields = [kind.field(i) for i in range(kind.num_fields)]
    return [own for field in fields for own in _names(f"{name}.{field.name}", field.type)]
