"""Where the constituents of jets lie in the rows of a table: row by row, list by list, or by index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.tables import in_words, plain, present

CONSTITUENT, LINK = "constituent", "link"
"""What a column of lists can have one number for: a constituent, or a link from a jet to one."""


@dataclass(frozen=True)
class Places:
    """The constituents of jets among the entries of lists.

    Args:
        counts: Constituents per jet, ``[J]``.
        sizes: Entries of the list of every row (or of every jet, where lists lie in lists), by :data:`CONSTITUENT` and
            :data:`LINK`.
        index: For every constituent its place among all entries; None where they are the entries in their order.
        names: A column with lists of these sizes, for messages.
        depth: How deep the lists lie.
    """

    counts: NDArray[np.int64]
    sizes: Mapping[str, NDArray[np.int64]]
    index: Mapping[str, NDArray[np.int64] | None]
    names: Mapping[str, str]
    depth: int = 2

    def take(self, array: Any, where: str, kind: str = CONSTITUENT) -> NDArray[Any]:
        """The numbers of the constituents, jet after jet, from a column.

        Raises:
            ValueError: If the lists of the column are not as deep or as long as they must be.
        """
        flat, sizes = entries(array, where, self.depth if kind == CONSTITUENT else 2)
        if not np.array_equal(sizes, self.sizes[kind]):
            beside, expected = self.names[kind].rpartition(" ")[2], self.sizes[kind]
            said = f"{len(sizes)} and {len(expected)} lists"
            if len(sizes) == len(expected):
                bad = int(np.flatnonzero(sizes != expected)[0])
                said = f"{sizes[bad]} and {expected[bad]} in list {bad} of {len(sizes)}"
            raise ValueError(f"{where} and {beside} have different numbers of entries: {said}")
        index = self.index[kind]
        return flat if index is None else flat[index]

    def keep(self, jets: NDArray[np.bool_]) -> Places:
        """The constituents of some of the jets alone."""
        rows = np.repeat(jets, self.counts)
        every = np.arange(len(rows))
        index = {kind: (every if own is None else own)[rows] for kind, own in self.index.items()}
        return Places(self.counts[jets], self.sizes, index, self.names, self.depth)


def plainly(counts: NDArray[np.int64], sizes: NDArray[np.int64], name: str, depth: int = 2) -> Places:
    """Places where the constituents of jets are the entries in their order."""
    return Places(counts, {CONSTITUENT: sizes}, {CONSTITUENT: None}, {CONSTITUENT: name}, depth)


def entries(array: Any, where: str, depth: int = 2) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The numbers of a column of lists one after the other, and how many are in each of the innermost lists.

    Raises:
        ValueError: If lists are not so deep, are missing, or have no real numbers.
    """
    import awkward as ak

    if array.ndim != depth:
        lists = "one list per jet" if depth == 2 else "lists of lists, one a jet of an event"
        raise ValueError(f"{where} must have {lists}, got {in_words(array)}")
    if isinstance(array, np.ndarray):
        return plain(array.reshape(-1), where), np.full(array.size // max(array.shape[-1], 1), array.shape[-1])
    for _ in range(depth - 2):
        array = ak.flatten(present(array, where))
    array = present(array, where)
    return plain(ak.flatten(array), where), ak.to_numpy(ak.num(array)).astype(np.int64)


def is_padded(array: Any) -> bool:
    """Whether every jet has a list of one fixed width in a column."""
    import awkward as ak

    if isinstance(array, np.ndarray):
        return True
    inner = ak.type(array).content
    return isinstance(inner.content if isinstance(inner, ak.types.OptionType) else inner, ak.types.RegularType)


def number_per_row(array: Any, where: str) -> NDArray[np.int64]:
    """Jets of every event, from a column with their number or with one number for each of them."""
    if array.ndim == 1:
        return numbers_of(plain(array, where), where)
    return entries(array, where)[1]


def whole_numbers(values: NDArray[Any], where: str) -> NDArray[np.int64]:
    """The values as integers.

    Raises:
        ValueError: If one is not whole, or too large for its digits to be.
    """
    if values.dtype.kind == "f":
        whole = np.abs(values) < 2.0**53
        whole[whole] = values[whole] % 1 == 0
        if not whole.all():
            raise ValueError(f"{where} must have whole numbers, got {values[~whole][0]}")
    return values.astype(np.int64)


def numbers_of(values: NDArray[Any], where: str) -> NDArray[np.int64]:
    """The values as numbers of something.

    Raises:
        ValueError: If one is not whole, or negative.
    """
    numbers = whole_numbers(values, where)
    if (numbers < 0).any():
        raise ValueError(f"{where} must have numbers from 0 on, got {numbers.min()}")
    return numbers


def by_row(array: Any, where: str) -> Places:
    """Places in a column with a list for every jet."""
    _, sizes = entries(array, where)
    return plainly(sizes, sizes, where)


def by_jet(array: Any, jets: NDArray[np.int64], where: str) -> Places:
    """Places in a column with a list of lists for every event, one a jet.

    Raises:
        ValueError: If there are not as many inner lists as jets.
    """
    import awkward as ak

    _, sizes = entries(array, where, 3)
    found = np.full(len(jets), array.shape[1]) if isinstance(array, np.ndarray) else ak.to_numpy(ak.num(array))
    check_same_jets(found, jets, where)
    return plainly(sizes, sizes, where, depth=3)


def by_count(array: Any, count: NDArray[np.int64], jets: NDArray[np.int64], where: str, first: int) -> Places:
    """Places in a column with a list for every event, the constituents of one jet after those of the other.

    Args:
        array: The column.
        count: Constituents of every jet.
        jets: Jets of every event.
        where: The column, for messages.
        first: Number of the first event.

    Raises:
        ValueError: If the counts of an event do not add up to its constituents.
    """
    _, sizes = entries(array, where)
    expected = np.bincount(np.repeat(np.arange(len(jets)), jets), count, len(jets)).astype(np.int64)
    bad = np.flatnonzero(expected != sizes)
    if len(bad):
        event = bad[0]
        raise ValueError(f"{where} has {sizes[event]} constituents in event {first + event}, but `count` says "
                         f"{expected[event]}")  # fmt: skip
    return plainly(count, sizes, where)


def check_same_jets(found: NDArray[np.int64], jets: NDArray[np.int64], where: str) -> None:
    """Refuse a column that has lists for other numbers of jets than events have."""
    bad = np.flatnonzero(found != jets)
    if len(bad):
        raise ValueError(f"{where} has lists for {found[bad[0]]} jets of an event that has {jets[bad[0]]}")
