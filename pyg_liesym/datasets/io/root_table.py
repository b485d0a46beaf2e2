"""Trees of ROOT files as tables of branches, through uproot."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pyg_liesym.datasets.io.files import LayoutError, check_unpacked, naming_damage, some_of
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.tables import part_of_record

TREES = ("TTree", "ROOT::RNTuple")
"""Classes of what has branches; uproot writes the second since its version 5.7."""
_KEPT, _PIECE = 4, 1 << 26
"""Trees that stay open, and bytes that are unpacked at once for a few entries at most."""


class _OpenTree:
    """An open tree that is read basket by basket.

    Baskets are unpacked as a whole, thousands of entries, even where a few are asked for. uproot keeps what was read,
    100 MB in all, but only for those who ask for the same entries again.
    """

    def __init__(self, path: Path, tree: str) -> None:
        import uproot

        self.file = uproot.open(path)
        self.tree = self.file[tree]
        self._packing: dict[tuple[str, ...], tuple[set[tuple[int, ...]], float]] = {}

    def read(self, names: tuple[str, ...], start: int, stop: int) -> Any:
        """The entries ``start:stop`` of some branches, as an awkward array of records."""
        first, after = self._unpacked(names, start, stop)
        arrays = self.tree.arrays(list(names), library="ak", entry_start=first, entry_stop=after)
        return arrays[start - first : stop - first]

    def _unpacked(self, names: tuple[str, ...], start: int, stop: int) -> tuple[int, int]:
        """The entries that have to be unpacked in all of the branches for some of them, if they can be kept."""
        if self.tree.classname != TREES[0] or start == stop:  # of an RNTuple uproot keeps the clusters
            return start, stop
        if names not in self._packing:
            baskets = self._baskets(names)
            size = sum(each.uncompressed_bytes for each in baskets) / self.tree.num_entries
            self._packing[names] = {tuple(map(int, each.entry_offsets)) for each in baskets}, size
        packing, size = self._packing[names]
        first, after = 0, int(self.tree.num_entries)
        for edges in packing:
            if not edges[0] <= start < stop <= edges[-1]:
                return start, stop
            first, after = (
                max(first, edges[bisect_right(edges, start) - 1]),
                min(after, edges[bisect_left(edges, stop)]),
            )
        return (first, after) if size * (after - first) <= _PIECE else (start, stop)

    def _baskets(self, names: tuple[str, ...]) -> list[Any]:
        """The branches that have baskets among some branches and those that these are split into."""
        branches = (self.tree[name] for name in names)
        return [each for branch in branches for each in (branch, *branch.itervalues()) if each.num_baskets]


_OPEN: OrderedDict[tuple[Any, ...], _OpenTree] = OrderedDict()


def trees_in(path: Path) -> list[str]:
    """The names of the trees in a ROOT file.

    Raises:
        ValueError: If the file is damaged.
    """
    import uproot

    with naming_damage(path, "ROOT"), uproot.open(path) as content:
        size, expected = path.stat().st_size, content.file.fEND
        if size < expected:
            raise EOFError(f"it has {size} bytes of {expected}")
        names: list[str] = content.keys(cycle=False, filter_classname=TREES)
    return names


def _opened(path: Path, tree: str) -> _OpenTree:
    """A tree, which stays open while it is among the last ones: a thousand branches take a second to open.

    It is opened anew when the file has changed, and in every process, so that none shares its place in the file.
    """
    state = path.stat()
    key = (os.getpid(), str(path.absolute()), tree, state.st_ino, state.st_size, state.st_mtime_ns)
    if key not in _OPEN:
        _OPEN[key] = _OpenTree(path, tree)
        while len(_OPEN) > _KEPT:
            _OPEN.popitem(last=False)[1].file.close()
    _OPEN.move_to_end(key)
    return _OPEN[key]


class RootTable:
    """One tree of a ROOT file, TTree or RNTuple.

    Args:
        path: The file.
        tree: The name of the tree; None for ``tree``, or the only one there is.

    Raises:
        ValueError: If the file is damaged or has no such tree.
    """

    nouns: ClassVar[tuple[str, str]] = ("branch", "branches")

    def __init__(self, path: Path, tree: str | None) -> None:
        self.path = path
        trees = trees_in(path)
        if tree is None:
            tree = trees[0] if JetSchema.tree not in trees and len(trees) == 1 else JetSchema.tree
        self.tree, self.where = tree, f"{path}:{tree}"
        if tree not in trees:
            raise LayoutError(f"{path} has no tree {tree!r}; its trees are {some_of(trees)}: choose one by `tree`")
        with naming_damage(path, "ROOT"):
            source = _opened(path, tree).tree
            self.num_rows = int(source.num_entries)
            self.names = tuple(source.keys())

    def check(self, names: Sequence[str]) -> None:
        """A tree, each of its branches and the last basket of a branch say how many entries there are."""
        with naming_damage(self.path, "ROOT"):
            source = _opened(self.path, self.tree).tree
            for name in names if source.classname == TREES[0] else ():  # RNTuple has checksums of its own
                self._check_branch(source[name])

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, Any]:
        """The entries ``start:stop`` of some branches, as awkward arrays."""
        with naming_damage(self.path, "ROOT"):
            arrays = _opened(self.path, self.tree).read(tuple(names), start, stop)
        return {name: part_of_record(arrays, name) for name in names}

    def _check_branch(self, branch: Any) -> None:
        check_unpacked(f"{self.where}: the branch {branch.name}", branch.compressed_bytes, branch.uncompressed_bytes)
        if len({self.num_rows, int(branch.num_entries), int(branch.entry_offsets[-1])}) > 1:
            raise LayoutError(
                f"{self.where} has {self.num_rows} entries, its branch {branch.name} {branch.num_entries} and their "
                f"baskets {branch.entry_offsets[-1]}: the file is damaged"
            )
