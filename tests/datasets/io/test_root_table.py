"""Entries of a tree in small pieces: the same ones, and what is packed together is unpacked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from pyg_liesym.datasets.io import root_table
from pyg_liesym.datasets.io.root_table import RootTable

SIZES = (30, 50, 1, 19)
TOTAL = sum(SIZES)
NAMES = ["part_px", "mass"]


def content(start: int, stop: int) -> dict[str, Any]:
    counts = np.arange(start, stop) % 4
    momenta = ak.unflatten(np.arange(counts.sum(), dtype=np.float32) + start, counts)
    return {"part_px": momenta, "mass": np.arange(start, stop, dtype=np.float64)}


@pytest.fixture(params=["TTree", "RNTuple"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A tree whose branches are packed in pieces of `SIZES` entries."""
    file = tmp_path / "a.root"
    with uproot.recreate(file, compression=uproot.ZLIB(4)) as new:
        make = new.mktree if request.param == "TTree" else new.mkrntuple
        tree = make("tree", {"part_px": "var * float32", "mass": "float64"})
        for start, stop in zip(np.cumsum((0, *SIZES)), np.cumsum(SIZES), strict=False):
            tree.extend(content(int(start), int(stop)))
    return file


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often something was unpacked since it was asked last."""
    calls = []
    unpack = uproot.compression.decompress

    @wraps(unpack)  # uproot asks it for its hooks
    def counted(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return unpack(*args, **options)

    monkeypatch.setattr(uproot.compression, "decompress", counted)

    def since() -> int:
        number = len(calls)
        calls.clear()
        return number

    return since


def read(table: RootTable, start: int, stop: int) -> list[list[Any]]:
    arrays = table.read(NAMES, start, stop)
    return [ak.to_list(arrays[name]) for name in NAMES]


def test_pieces_are_parts_of_the_whole(path: Path) -> None:
    table = RootTable(path, None)
    whole = read(table, 0, TOTAL)
    assert whole[1] == list(range(TOTAL))
    rng = np.random.default_rng(0)
    for start, stop in [*rng.integers(0, TOTAL + 1, (60, 2)).tolist(), (0, 0), (29, 30), (30, 31), (80, 81)]:
        first, last = sorted((start, stop))
        assert read(table, first, last) == [values[first:last] for values in whole]


def test_other_branches_are_not_taken_for_those_kept(path: Path) -> None:
    table = RootTable(path, None)
    table.read(["mass"], 3, 5)
    assert ak.to_list(table.read(["part_px"], 3, 5)["part_px"]) == read(table, 3, 5)[0]


def test_what_is_packed_together_is_unpacked_once(
    path: Path, monkeypatch: pytest.MonkeyPatch, unpacked: Callable[[], int]
) -> None:
    read(RootTable(path, None), 30, 80)
    once = unpacked()
    assert once > 0
    table = RootTable(path, None)
    for start in range(32, 78, 2):
        read(table, start, start + 2)
    assert unpacked() <= once
    monkeypatch.setattr(root_table, "_PIECE", 0)  # baskets are too much to keep
    path.touch()
    table, pieces = RootTable(path, None), []
    for start in range(32, 78, 2):
        pieces += read(table, start, start + 2)[1]
    assert pieces == list(range(32, 78))
    assert (unpacked() > 10 * once) is (uproot.open(path)["tree"].classname == "TTree")


def test_a_file_written_anew_is_read_anew(path: Path) -> None:
    table = RootTable(path, None)
    read(table, 3, 5)
    with uproot.recreate(path) as new:
        new.mktree("tree", {"part_px": "var * float32", "mass": "float64"}).extend(content(1000, 1000 + TOTAL))
    assert read(table, 3, 5)[1] == [1003.0, 1004.0]


class Branch:
    """A branch whose baskets begin and end at some entries."""

    num_baskets, uncompressed_bytes = 2, 80

    def __init__(self, *edges: int) -> None:
        self.entry_offsets = edges

    def itervalues(self) -> Iterator[Branch]:
        return iter(())


class Tree(dict[str, Branch]):
    """Eight entries, and which of them were read."""

    classname, num_entries = "TTree", 8

    def __init__(self, **branches: Branch) -> None:
        super().__init__(branches)
        self.ranges: list[tuple[int, int]] = []

    def arrays(self, names: list[str], *, library: str, entry_start: int, entry_stop: int) -> np.ndarray:
        self.ranges.append((entry_start, entry_stop))
        return np.arange(entry_start, entry_stop)


def test_only_what_is_unpacked_anyway_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where baskets of two branches end at different entries no other basket is touched."""
    tree = Tree(a=Branch(0, 4, 8), b=Branch(0, 6, 8))
    monkeypatch.setattr(uproot, "open", lambda path: {"tree": tree})
    source = root_table._OpenTree(Path("a.root"), "tree")
    pieces = [(5, 6), (4, 5), (6, 7), (2, 3), (0, 4), (3, 5), (8, 8)]
    for start, stop in pieces:
        assert source.read(("a", "b"), start, stop).tolist() == list(range(start, stop))
    assert tree.ranges == [(4, 6), (4, 6), (6, 8), (0, 4), (0, 4), (0, 6), (8, 8)]
