"""Trees of ROOT files as tables of branches, through uproot."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pyg_liesym.datasets.io.files import LayoutError, check_unpacked, naming_damage, some_of
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.tables import part_of_record

TREES = ("TTree", "ROOT::RNTuple")
"""Classes of what has branches; uproot writes the second since its version 5.7."""
_KEPT = 4
_OPEN: OrderedDict[tuple[Any, ...], tuple[Any, Any]] = OrderedDict()


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


def _opened(path: Path, tree: str) -> Any:
    """A tree, which stays open while it is among the last ones: a thousand branches take a second to open.

    It is opened anew when the file has changed, and in every process, so that none shares its place in the file.
    """
    import uproot

    state = path.stat()
    key = (os.getpid(), str(path.absolute()), tree, state.st_ino, state.st_size, state.st_mtime_ns)
    if key not in _OPEN:
        file = uproot.open(path)
        _OPEN[key] = (file, file[tree])
        while len(_OPEN) > _KEPT:
            _OPEN.popitem(last=False)[1][0].close()
    _OPEN.move_to_end(key)
    return _OPEN[key][1]


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
            source = _opened(path, tree)
            self.num_rows = int(source.num_entries)
            self.names = tuple(source.keys())

    def check(self, names: Sequence[str]) -> None:
        """A tree, each of its branches and the last basket of a branch say how many entries there are."""
        with naming_damage(self.path, "ROOT"):
            source = _opened(self.path, self.tree)
            for name in names if source.classname == TREES[0] else ():  # RNTuple has checksums of its own
                self._check_branch(source[name])

    def read(self, names: Sequence[str], start: int, stop: int) -> Mapping[str, Any]:
        """The entries ``start:stop`` of some branches, as awkward arrays."""
        with naming_damage(self.path, "ROOT"):
            source = _opened(self.path, self.tree)
            arrays = source.arrays(list(names), library="ak", entry_start=start, entry_stop=stop)
        return {name: part_of_record(arrays, name) for name in names}

    def _check_branch(self, branch: Any) -> None:
        check_unpacked(f"{self.where}: the branch {branch.name}", branch.compressed_bytes, branch.uncompressed_bytes)
        if len({self.num_rows, int(branch.num_entries), int(branch.entry_offsets[-1])}) > 1:
            raise LayoutError(
                f"{self.where} has {self.num_rows} entries, its branch {branch.name} {branch.num_entries} and their "
                f"baskets {branch.entry_offsets[-1]}: the file is damaged"
            )
