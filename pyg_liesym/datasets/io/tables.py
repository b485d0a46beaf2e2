"""A file as a table of named columns, and which of them a schema means."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import some_of


class Table(Protocol):
    """A file as columns of equally many rows. Opening it reads none of them; it can be pickled."""

    nouns: ClassVar[tuple[str, str]]
    """What a column and columns are called in this format."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def where(self) -> str:
        """The file and what is read in it, for messages."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""

    @property
    def num_rows(self) -> int:
        """Rows of every column."""

    def check(self, names: Sequence[str]) -> None:
        """Refuse columns that are damaged, as far as can be told without reading them.

        Raises:
            ValueError: Naming the file and the column.
        """

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, Any]:
        """The rows ``start:stop`` of some columns, as arrays of NumPy or awkward.

        Raises:
            ValueError: If the file is damaged.
        """


class Column:
    """What a schema calls a column: a name, a part of what it has for every row, or numbered columns.

    Args:
        reference: ``part_px``, ``array[:, 0]`` or ``E_*``. A name that the table has is taken as it is.
        names: The columns of the table.

    Raises:
        KeyError: If the table has no such column.
        ValueError: If the part is none that arrays have, or a number is left out.

    Example:
        >>> Column("E_*", ("E_1", "E_0", "m")).sources
        ('E_0', 'E_1')
        >>> Column("array[:, 3]", ("array",)).sources
        ('array',)
    """

    def __init__(self, reference: str, names: Sequence[str]) -> None:
        self.sources: tuple[str, ...] = (reference,)
        self._part: tuple[Any, ...] = ()
        self.numbered = False
        if reference in names:
            return
        found = re.fullmatch(r"(.+?)\[([-\d:, ]+)\]", reference)
        if found is not None:
            self.sources, self._part = (found[1],), tuple(_index(word) for word in found[2].split(","))
        elif reference.count("*") == 1:
            self.sources, self.numbered = _numbered(reference, names), True
        if not self.sources or not set(self.sources) <= set(names):
            raise KeyError(reference)

    def of(self, arrays: Mapping[str, Any]) -> Any:
        """The column, of the arrays of its table."""
        if self.numbered:
            return np.stack([plain(arrays[name], name) for name in self.sources], axis=-1)
        array = arrays[self.sources[0]]
        if not self._part:
            return array
        try:
            return array[(slice(None), *self._part)]
        except (IndexError, ValueError) as error:
            raise ValueError(f"it has {in_words(array)} for every row, not the part that is named") from error


def columns_of_schema(references: Sequence[str], table: Table) -> dict[str, Column]:
    """What a schema names, found in a table.

    Raises:
        ValueError: Naming the columns that the table lacks, those that are spelled alike, and those that it has; or
            those that it has more than once.
    """
    found: dict[str, Column] = {}
    missing: list[str] = []
    for reference in dict.fromkeys(references):
        try:
            found[reference] = Column(reference, table.names)
        except KeyError:
            missing.append(reference)
        except ValueError as error:
            raise ValueError(f"{table.where}: {error}") from None
    if missing:
        raise ValueError(lacking(table, missing))
    counts = Counter(table.names)
    twice = dict.fromkeys(name for column in found.values() for name in column.sources if counts[name] > 1)
    if twice:
        raise ValueError(f"{table.where} has the {table.nouns[1]} {some_of(twice)} more than once")
    return found


def lacking(table: Table, missing: Sequence[str]) -> str:
    """That a table lacks columns, and what it has."""
    folded = {name.lower(): name for name in table.names}
    close = [difflib.get_close_matches(each.lower(), folded, n=1, cutoff=0.8) for each in missing[:3]]
    near = [folded[name] for names in close for name in names]
    hint = f"; did you mean {some_of(dict.fromkeys(near))}?" if near else ""
    return f"{table.where} lacks the {table.nouns[1]} {some_of(missing)}, it has {some_of(table.names)}{hint}"


def part_of_record(content: Any, name: str) -> Any:
    """A field of an awkward array, ``Jets/Jets.pt`` of a branch within another, or ``part.px``, a field of a field."""
    for own in (name, name.rpartition("/")[2]):
        if own in content.fields:
            return content[own]
    for word in name.split("."):
        content = content[word]
    return content


def in_words(array: Any) -> str:
    """What an array of NumPy or awkward has for every row, for messages."""
    import awkward as ak

    if isinstance(array, np.ndarray):
        return f"numbers {list(array.shape[1:])}" if array.ndim > 1 else f"one {array.dtype}"
    return str(ak.type(array).content)


def present(array: Any, where: str) -> Any:
    """An awkward array whose entries may be missing, as one whose entries are all there.

    Raises:
        ValueError: If one is missing.
    """
    import awkward as ak

    missing = int(ak.sum(ak.is_none(array)))
    if missing:
        raise ValueError(f"{where} has no value in {missing} of {len(array)} places")
    return ak.drop_none(array, axis=0)


def plain(array: Any, where: str) -> NDArray[Any]:
    """The real numbers of a flat array, of NumPy or awkward.

    Raises:
        ValueError: If it has something else, or numbers are missing.
    """
    import awkward as ak

    if not isinstance(array, np.ndarray):
        array = present(array, where)
        try:
            array = ak.to_numpy(array, allow_missing=False)
        except (ValueError, TypeError):
            raise ValueError(f"{where}: expected real numbers, got {ak.type(array)}") from None
    if array.ndim != 1 or array.dtype.kind not in "fiub":
        raise ValueError(f"{where}: expected real numbers, got {array.dtype} {list(array.shape)}")
    return np.asarray(array)


def _index(word: str) -> Any:
    ends = word.strip().split(":")
    try:
        numbers = [int(end) if end.strip() else None for end in ends]
    except ValueError:
        raise ValueError(f"expected numbers and colons in brackets, got {word!r}") from None
    return slice(*numbers) if len(numbers) > 1 else numbers[0]


def _numbered(reference: str, names: Sequence[str]) -> tuple[str, ...]:
    before, after = reference.split("*")
    pattern = re.compile(f"{re.escape(before)}(\\d+){re.escape(after)}")
    found = {int(match[1]): name for name in names if (match := pattern.fullmatch(name))}
    if not found:
        return ()
    gap = next((number for number in range(min(found), max(found)) if number not in found), None)
    if gap is not None or min(found) > 1:
        without = gap if gap is not None else 0
        raise ValueError(
            f"the columns {reference} have the numbers {min(found)} to {max(found)} without {without}: expected none "
            "to be left out"
        )
    return tuple(found[number] for number in sorted(found))
