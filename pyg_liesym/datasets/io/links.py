"""The constituents of jets that point to them by index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.places import CONSTITUENT, LINK, Places, by_jet, check_same_jets, entries, whole_numbers
from pyg_liesym.datasets.io.schema import JetSchema


def is_of_links(name: str, schema: JetSchema) -> bool:
    """Whether a column has a number for every link, not for every constituent.

    It has if it begins as the column ``jet`` of a table of links does, up to the last underscore; but names tell
    nothing where all momenta begin so, and they are those of the constituents.

    Example:
        >>> links = {"jet": "JetPF_jetIdx", "constituent": "JetPF_idx"}
        >>> schema = JetSchema(momentum={"pt": "PF_pt", "eta": "PF_eta", "phi": "PF_phi"}, jets="nJet", links=links)
        >>> is_of_links("JetPF_weight", schema), is_of_links("PF_charge", schema)
        (True, False)
    """
    links = schema.links or {}
    stem, underscore, _ = links.get("jet", "").rpartition("_") if "constituent" in links else ("", "", "")
    momenta = [column for column in (schema.momentum or {}).values() if isinstance(column, str)]
    return (
        bool(stem)
        and name.startswith(stem + underscore)
        and not all(column.startswith(stem + underscore) for column in momenta)
    )


def by_link(
    array: Any, links: Mapping[str, Any], names: Mapping[str, str], jets: NDArray[np.int64], where: str, first: int
) -> Places:
    """Places in a column with a list for every event, to which its jets point by index.

    Args:
        array: The column.
        links: The columns of ``links`` of a :class:`~pyg_liesym.datasets.io.schema.JetSchema`.
        names: What they are called, for messages.
        jets: Jets of every event.
        where: The column, for messages.
        first: Number of the first event.

    Raises:
        ValueError: If an index is out of range, or a constituent is one of two jets, or twice of one.
    """
    _, sizes = entries(array, where)
    jet, event, lengths = _linked_jets(links, names, jets, sizes, first)
    name = next(iter(names.values()))
    if "constituent" in links:
        there, own = entries(links["constituent"], names["constituent"], 3 if len(links) == 1 else 2)
        if len(there) != len(jet) or not np.array_equal(own, lengths):
            raise ValueError(f"{names['constituent']} has {own.sum()} entries, {name} has {lengths.sum()}")
        there = _in_range(there, event, sizes, names["constituent"], "constituents", first)
        place = (np.cumsum(sizes) - sizes)[event] + there
    elif np.array_equal(lengths, sizes):
        place = np.arange(len(jet))
    else:
        raise ValueError(f"{name} has {lengths.sum()} entries for {sizes.sum()} constituents of {where}")
    linked = np.flatnonzero(jet >= 0)
    _, starts, times = np.unique(place[linked], return_index=True, return_counts=True)
    if (times > 1).any():
        twice = linked[starts[times > 1][0]]
        number = place[twice] - (np.cumsum(sizes) - sizes)[event[twice]]
        same = jet[linked[place[linked] == place[twice]]].tolist()
        raise ValueError(
            f"{names.get('constituent', where)}: constituent {number} of event {first + event[twice]} belongs to the "
            f"jets {same}: expected every constituent once, in one jet"
        )
    whole = (np.cumsum(jets) - jets)[event] + jet
    order = linked[np.argsort(whole[linked], kind="stable")]
    counts = np.bincount(whole[linked], minlength=int(jets.sum())).astype(np.int64)
    called = {CONSTITUENT: where, LINK: name}
    return Places(counts, {CONSTITUENT: sizes, LINK: lengths}, {CONSTITUENT: place[order], LINK: order}, called)


def _linked_jets(
    links: Mapping[str, Any],
    names: Mapping[str, str],
    jets: NDArray[np.int64],
    sizes: NDArray[np.int64],
    first: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The jet in its event (-1 for none) and the event of every link, and the lengths of the lists of links."""
    number = np.arange(len(jets))
    if "jet" in links:
        jet, lengths = entries(links["jet"], names["jet"])
        event = np.repeat(number, lengths)
        return _in_range(jet, event, jets, names["jet"], "jets", first, lowest=-1), event, lengths
    if "begin" in links:
        lengths = entries(links["constituent"], names["constituent"])[1] if "constituent" in links else sizes
        return _jets_of_ranges(links, names, jets, lengths, first), np.repeat(number, lengths), lengths
    lengths = by_jet(links["constituent"], jets, names["constituent"]).counts
    event = np.repeat(np.repeat(number, jets), lengths)
    return np.repeat(np.arange(len(lengths)), lengths) - (np.cumsum(jets) - jets)[event], event, lengths


def _jets_of_ranges(
    links: Mapping[str, Any],
    names: Mapping[str, str],
    jets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    first: int,
) -> NDArray[np.int64]:
    """The jet in its event of every link, where jets have ranges of them; -1 for those in no range."""
    event = np.repeat(np.arange(len(jets)), jets)
    begin, end = (_per_jet(links[key], jets, names[key]) for key in ("begin", "end"))
    counts = end - begin
    bad = np.flatnonzero((begin < 0) | (counts < 0) | (end > lengths[event]))
    called = f"{names['begin']} and {names['end'].rpartition(' ')[2]}"
    if len(bad):
        where, at = event[bad[0]], bad[0]
        raise ValueError(
            f"{called} have the range {begin[at]} to {end[at]} in event {first + where}, which has {lengths[where]} "
            f"entries ({len(bad)} such ranges)"
        )
    start = (np.cumsum(lengths) - lengths)[event] + begin
    rows = np.repeat(start - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
    jet = np.full(int(lengths.sum()), -1)
    if len(np.unique(rows)) < len(rows):
        raise ValueError(f"{called} have ranges that overlap: expected every entry in one jet")
    jet[rows] = np.repeat(np.arange(len(counts)) - (np.cumsum(jets) - jets)[event], counts)
    return jet


def _per_jet(array: Any, jets: NDArray[np.int64], where: str) -> NDArray[np.int64]:
    values, found = entries(array, where)
    check_same_jets(found, jets, where)
    return whole_numbers(values, where)


def _in_range(
    values: NDArray[Any], event: NDArray[np.int64], sizes: NDArray[np.int64], where: str, of: str, first: int,
    lowest: int = 0,
) -> NDArray[np.int64]:  # fmt: skip
    index = whole_numbers(values, where)
    bad = np.flatnonzero((index < lowest) | (index >= sizes[event]))
    if len(bad):
        place = event[bad[0]]
        raise ValueError(
            f"{where} has the index {index[bad[0]]} in event {first + place}, which has {sizes[place]} {of} "
            f"({len(bad)} such indices)"
        )
    return index
