"""Some rows of a table made into jets, by the columns that a schema names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.assembly import assemble, check_values
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.labels import class_indices, one_hot
from pyg_liesym.datasets.io.links import by_link, is_of_links
from pyg_liesym.datasets.io.momenta import CARTESIAN, axis_of, contradictions, four_momenta
from pyg_liesym.datasets.io.places import (
    CONSTITUENT,
    LINK,
    Places,
    by_count,
    by_jet,
    by_row,
    is_padded,
    number_per_row,
    numbers_of,
    plainly,
)
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.tables import in_words, plain


class JetRows:
    """Some rows of a table, to be made into jets.

    Args:
        content: The columns, by the names that the schema has for them.
        schema: What they mean.
        where: The file, for messages.
        noun: What a column is called there.
        row: Number of the first row.
        first: Number of the first jet.
        plane: The columns of (Δη, Δφ), if there are any.
    """

    def __init__(
        self,
        content: Mapping[str, Any],
        schema: JetSchema,
        where: str,
        noun: str,
        *,
        row: int,
        first: int,
        plane: Sequence[str] = (),
    ) -> None:
        self._content, self._schema, self._plane = content, schema, plane
        self._where, self._noun, self._row, self._first = where, noun, row, first
        self._strict = self._schema.strict
        self._per_row: NDArray[np.int64] | None = None
        if self._schema.jets is not None:
            self._per_row = number_per_row(content[self._schema.jets], self._called(self._schema.jets))
        self._places = self._find()

    def jets(self) -> JetArrays:
        """The jets.

        Raises:
            ValueError: As :class:`~pyg_liesym.datasets.io.mapped_jets.MappedJets`.
        """
        schema = self._schema
        p4, rows, counts = self._momenta()
        called = schema.columns or {}
        particle = {name: self._constituents(called.get(name, name))[rows] for name in schema.particle}
        plane = [self._constituents(name)[rows] for name in self._plane]
        for name, values in [*particle.items(), *zip(self._plane, plane, strict=True)]:
            self._check(self._of(name), values, counts)
        return assemble(
            p4,
            counts,
            self._label(len(counts)),
            axis=self._axis(),
            plane=np.stack(plane, axis=-1) if plane else None,
            particle=particle,
            weight=None if schema.weight is None else self._checked(schema.weight),
            scale=schema.scale,
        )

    def _of(self, name: str) -> str:
        return f"the {self._noun} {name}"

    def _called(self, name: str) -> str:
        return f"{self._where}: {self._of(name)}"

    def _find(self) -> Places:
        schema = self._schema
        name = next(column for column in (schema.momentum or {}).values() if isinstance(column, str))
        array, where, per_row = self._content[name], self._called(name), self._per_row
        if per_row is None:
            return by_row(array, where)
        if schema.links is not None:
            links = {key: self._content[column] for key, column in schema.links.items()}
            called = {key: self._called(column) for key, column in schema.links.items()}
            places = by_link(array, links, called, per_row, where, self._row)
        elif schema.count is not None and array.ndim == 2:
            places = by_count(array, self._count(), per_row, where, self._row)
        else:
            places = by_jet(array, per_row, where)
        return places if schema.take is None else places.keep(self._taken())

    def _taken(self) -> NDArray[np.bool_]:
        assert self._per_row is not None
        before = np.cumsum(self._per_row) - self._per_row
        rank = np.arange(int(self._per_row.sum())) - np.repeat(before, self._per_row)
        return np.asarray(rank < (self._schema.take or len(rank) + 1))

    def _momenta(self) -> tuple[NDArray[Any], NDArray[np.bool_], NDArray[np.int64]]:
        """Four-momenta, which of the entries they are, and how many there are in each jet."""
        schema, places = self._schema, self._places
        rows = self._rows()
        jet = np.repeat(np.arange(len(places.counts)), places.counts)[rows]
        counts = np.bincount(jet, minlength=len(places.counts)).astype(np.int64)
        named = {key: name for key, name in (schema.momentum or {}).items() if isinstance(name, str)}
        values = {key: self._constituents(name)[rows] for key, name in named.items()}
        fixed = {key: float(value) for key, value in (schema.momentum or {}).items() if not isinstance(value, str)}
        empty = np.all([value == 0 for value in values.values()], axis=0)  # padding has no mass either
        values |= {key: np.where(empty, 0, value) for key, value in fixed.items()}
        if "pt" in values:
            self._clear_padding(values, counts, named)
        for key, name in named.items():
            self._check(self._of(name), values[key], counts, positive=key in ("E", "pt"))
        bad = contradictions(values)
        if len(bad) and self._strict:
            at = {key: float(values[key][bad[0]]) for key in ("E", "m")}
            raise ValueError(
                f"{self._where}: E = {at['E']:.6g} contradicts the momentum and m = {at['m']:.6g} "
                f"in jet {self._first + jet[bad[0]]} ({len(bad)} such constituents)"
            )
        with np.errstate(all="ignore"):
            p4 = four_momenta(values)
            if set(values) != set(CARTESIAN) or schema.scale != 1:
                words = f"the four-momentum from {', '.join(values)}"
                self._check(words, (p4 * schema.scale).reshape(-1), counts * 4)
        return p4, rows, counts

    def _clear_padding(
        self, values: dict[str, NDArray[Any]], counts: NDArray[np.int64], named: Mapping[str, str]
    ) -> None:
        """Where pT is 0, angles mean nothing and the rest must be 0 as well."""
        empty = values["pt"] == 0
        for key in [key for key in values if key not in ("pt", "E") and (key != "m" or key not in named)]:
            values[key] = np.where(empty, 0, values[key])
        for key in [key for key in ("E", "m") if key in named]:
            lost = np.flatnonzero(empty & (values[key] != 0))
            if len(lost) and self._strict:
                jet = np.searchsorted(np.cumsum(counts), lost[0], side="right")
                raise ValueError(f"{self._called(named['pt'])} is 0 but {named[key]} is {values[key][lost[0]]:.6g}, in "
                                 f"jet {self._first + jet}: such a momentum has no direction")  # fmt: skip

    def _rows(self) -> NDArray[np.bool_]:
        """Which entries are constituents, by mask and count."""
        schema, counts = self._schema, self._places.counts
        rows = np.ones(int(counts.sum()), bool)
        if schema.mask is not None:
            mask = self._constituents(schema.mask)
            self._check(self._of(schema.mask), mask, counts)
            rows &= mask != 0
        if schema.count is None:
            return rows
        says = self._count() if self._per_row is None or schema.take is None else self._count()[self._taken()]
        rank = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        if self._per_row is None and self._is_padded():
            self._check_slots(says, rank)
            return np.asarray(rows & (rank < np.repeat(says, counts)))
        jet = np.repeat(np.arange(len(counts)), counts)
        found = np.bincount(jet[rows], minlength=len(counts))
        self._same_counts(found, says)
        return rows

    def _check_slots(self, says: NDArray[np.int64], rank: NDArray[np.int64]) -> None:
        """In arrays of a fixed width what is not padding, with an energy or a momentum, must be what is counted."""
        counts = self._places.counts
        names = [name for key, name in (self._schema.momentum or {}).items()
                 if isinstance(name, str) and key in ("E", "pt", "px", "py", "pz")]  # fmt: skip
        filled = np.zeros(len(rank), bool)
        for name in names:
            values = self._constituents(name)
            filled |= np.isfinite(values) & (values != 0)
        jet = np.repeat(np.arange(len(counts)), counts)[filled]
        last = np.zeros(len(counts), np.int64)
        np.maximum.at(last, jet, rank[filled] + 1)
        self._same_counts(last, says)

    def _same_counts(self, found: NDArray[Any], says: NDArray[np.int64]) -> None:
        bad = np.flatnonzero(found != says)
        if len(bad) and self._strict:
            raise ValueError(f"{self._called(str(self._schema.count))} says {says[bad[0]]} constituents, but there are "
                             f"{found[bad[0]]}, in jet {self._first + bad[0]} ({len(bad)} such jets)")  # fmt: skip

    def _is_padded(self) -> bool:
        return all(is_padded(self._content[name]) for name in (self._schema.momentum or {}).values()
                   if isinstance(name, str))  # fmt: skip

    def _count(self) -> NDArray[np.int64]:
        name = str(self._schema.count)
        return numbers_of(self._per_jet(name, every=True), self._called(name))

    def _constituents(self, name: str) -> NDArray[Any]:
        kind = LINK if is_of_links(name, self._schema) else CONSTITUENT
        return self._places.take(self._content[name], self._called(name), kind)

    def _per_jet(self, name: str, every: bool = False) -> NDArray[Any]:
        """One number for each jet, of the jet or of its event."""
        array, where = self._content[name], self._called(name)
        if self._per_row is None:
            if array.ndim != 1:
                raise ValueError(f"{where} must have one number per jet, got {in_words(array)}")
            return plain(array, where)
        if array.ndim == 1:
            values = np.repeat(plain(array, where), self._per_row)
        else:
            values = plainly(self._per_row, self._per_row, str(self._schema.jets)).take(array, where)
        return values if every or self._schema.take is None else values[self._taken()]

    def _check(self, name: str, values: NDArray[Any], counts: NDArray[np.int64] | None, positive: bool = False) -> None:
        check_values(values, counts, self._where, name, first=self._first, positive=positive, strict=self._strict)

    def _checked(self, name: str) -> NDArray[Any]:
        values = self._per_jet(name)
        self._check(self._of(name), values, None)
        return values

    def _axis(self) -> NDArray[Any] | None:
        schema = self._schema
        if schema.axis is None:
            return None
        values = {key: self._checked(name) for key, name in schema.axis.items()}
        with np.errstate(all="ignore"):
            axis = axis_of(values)
            self._check("the axis", (axis * schema.scale).reshape(-1), np.full(len(axis), 4))
        return axis

    def _label(self, num_jets: int) -> NDArray[np.int64]:
        schema = self._schema
        if not schema.labelled or schema.label is None:
            return np.full(num_jets, -1, dtype=np.int64)
        if isinstance(schema.label, str):
            own = self._checked(schema.label)
            return class_indices(own, self._where, schema.label, schema.classes, schema.jet_labels, strict=self._strict)
        flags = {schema.label[name]: self._checked(schema.label[name]) for name in schema.classes}
        return one_hot(flags, self._where, first=self._first, strict=self._strict)
