"""Jets in ROOT files, in the layout of JetClass, through uproot and awkward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.assembly import assemble, check_range, check_read, check_values, class_indices
from pyg_liesym.datasets.io.files import LayoutError, PathLike, check_unpacked, find_files, naming_damage, some_of
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.jet_class_2 import JET_CLASS_2
from pyg_liesym.datasets.io.root_writer import AXIS, P4, PLANE, TREE
from pyg_liesym.datasets.io.schema import JetSchema

TREES = ("TTree", "ROOT::RNTuple")
"""Classes of what has branches; uproot writes the second since its version 5.7."""
_STEP = 100_000
_UNLABELLED = "it has no labels"
# A branch that JetClass-II has, and files of others with a `jet_label` hardly.
_OF_JET_CLASS_2 = "aux_genpart_isResX"


def read_jets(
    files: PathLike | Sequence[PathLike],
    classes: Sequence[str],
    *,
    tree: str = TREE,
    jet_labels: Mapping[int, str] | None = None,
) -> JetArrays:
    """Read jets from ROOT files in the layout of JetClass, all branches being checked.

    See :class:`RootJets` for the branches.

    Args:
        files: One or several paths or globs; those of one glob are read in alphabetical order.
        classes: Names of the classes; their order gives the labels.
        tree: The name of the tree.
        jet_labels: The class of every value of ``jet_label``; if given, that branch is read instead of the one-hot
            ones.

    Units:
        Whatever the file has; JetClass has GeV and radians.

    Raises:
        FileNotFoundError: If a path does not exist or a glob finds nothing.
        ValueError: If a file is damaged or is not ROOT, has no such tree, no jets or not the branches, or if a
            value is not finite, an energy negative, or a label not one of the classes. The message names the file,
            the tree, the branch and the jet.
    """
    schema = JetSchema(tuple(classes), jet_labels, tree)
    return concatenate_jets([RootJets(file, schema).read() for file in find_files(files)])


class RootJets:
    """Jets of one ROOT file in the layout of JetClass, read in ranges.

    Needed branches: ``part_energy part_px part_py part_pz`` and the classes. Those are either one ``label_<class>``
    per class, of which exactly one is 1, or the integer ``jet_label`` of JetClass-II with ``jet_labels``. Where
    ``part_deta part_dphi`` or ``jet_pt jet_eta jet_phi jet_energy`` are absent, they are computed from the
    four-momenta. Constituents that are not sorted by falling pT are sorted. Space-like constituents, which rounding
    leaves in real files, are allowed; so are jets without constituents.

    Args:
        path: The file.
        schema: What to read.

    Raises:
        ValueError: As for :func:`read_jets`.
    """

    format: ClassVar[str] = "ROOT (JetClass)"

    def __init__(self, path: Path, schema: JetSchema) -> None:
        self.path, self.schema = path, schema
        self._where = f"{path}:{schema.tree}"
        self._labels: list[str] = []
        if schema.labelled:
            by_class = [f"label_{name}" for name in schema.classes]
            self._labels = by_class if schema.jet_labels is None else ["jet_label"]
        self._needed = [*P4, *self._labels, *schema.particle, *([schema.weight] if schema.weight else [])]
        trees, existing, self.num_jets = self._survey()
        if schema.tree not in trees:
            raise ValueError(
                f"{path} has no tree {schema.tree!r}; its trees are {some_of(trees)}: choose one by `tree`"
            )
        missing = [name for name in self._needed if name not in existing]
        if missing:
            labels = [name for name in existing if "label" in name]
            known = f"its labels are {some_of(labels)}: choose by `classes` or `jet_labels`" if labels else _UNLABELLED
            hint = f"; {known}" if "label" in missing[0] else ""
            raise ValueError(f"{self._where} lacks the branches {some_of(missing)}, it has {some_of(existing)}{hint}")
        if self.num_jets == 0:
            raise ValueError(f"{self._where} has no jets")
        self.columns = tuple(existing)
        whole = [names for names in (PLANE, AXIS) if set(names) <= set(existing)]
        self._branches = list(dict.fromkeys([*self._needed, *(name for names in whole for name in names)]))

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Read and check the jets ``start:stop`` without loading the rest."""
        import uproot

        start, stop = check_range(self._where, start, stop, self.num_jets)
        with naming_damage(self.path, "ROOT"), uproot.open(self.path) as content:
            arrays = content[self.schema.tree].arrays(self._branches, library="ak", entry_start=start, entry_stop=stop)
        check_read(self._where, len(arrays), start, stop)
        counts = self._counts(arrays)
        flat = {name: self._checked(arrays[name], name, counts, start) for name in self._branches}
        return assemble(
            np.stack([flat[name] for name in P4], axis=-1),
            counts,
            self._class_index(flat, stop - start, start),
            axis=np.stack([flat[name] for name in AXIS], axis=-1) if AXIS[0] in self._branches else None,
            plane=np.stack([flat[name] for name in PLANE], axis=-1) if PLANE[0] in self._branches else None,
            particle={name: flat[name] for name in self.schema.particle},
            weight=flat[self.schema.weight] if self.schema.weight else None,
        )

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file that begins with the bytes ``start`` is ROOT."""
        return start.startswith(b"root")

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file but its weights."""
        import uproot

        with naming_damage(path, "ROOT"), uproot.open(path) as content:
            trees = content.keys(cycle=False, filter_classname=TREES)
            if tree is None and TREE not in trees and len(trees) == 1:
                tree = trees[0]
            tree = TREE if tree is None else tree
            source = content[tree] if tree in trees else None
            types = {} if source is None else {name: source[name].typename for name in source.keys()}  # noqa: SIM118
            values = _values(source, "jet_label") if "jet_label" in types else []
        classes = tuple(name.removeprefix("label_") for name in types if name.startswith("label_"))
        jagged = [
            name for name, kind in types.items() if name.startswith("part_") and ("vector" in kind or "[]" in kind)
        ]
        particle = tuple(name for name in jagged if name not in (*P4, *PLANE))
        if classes or not values:
            return JetSchema(classes or ("unknown",), tree=tree, particle=particle, labelled=bool(classes))
        known = _OF_JET_CLASS_2 in types and values[0] >= 0 and values[-1] < len(JET_CLASS_2)
        names = {value: JET_CLASS_2[value] if known else str(value) for value in values}
        return JetSchema(tuple(names.values()), names, tree, particle)

    def _survey(self) -> tuple[list[str], list[str], int]:
        import uproot

        with naming_damage(self.path, "ROOT"), uproot.open(self.path) as content:
            size, expected = self.path.stat().st_size, content.file.fEND
            if size < expected:
                raise EOFError(f"it has {size} bytes of {expected}")
            trees = content.keys(cycle=False, filter_classname=TREES)
            if self.schema.tree not in trees:
                return trees, [], 0
            source = content[self.schema.tree]
            self._check_entries(source)
            return trees, list(source.keys()), int(source.num_entries)

    def _check_entries(self, source: Any) -> None:
        """A tree, each of its branches and the last basket of a branch say how many entries there are."""
        for name in filter(set(source.keys()).__contains__, self._needed):
            if source.classname != TREES[0]:  # RNTuple has checksums of its own
                continue
            branch = source[name]
            where = f"{self._where}: the branch {name}"
            check_unpacked(where, branch.compressed_bytes, branch.uncompressed_bytes)
            says = {int(source.num_entries), int(branch.num_entries), int(branch.entry_offsets[-1])}
            if len(says) > 1:
                raise LayoutError(
                    f"{self._where} has {source.num_entries} entries, its branch {name} {branch.num_entries} and their "
                    f"baskets {branch.entry_offsets[-1]}: the file is damaged"
                )

    def _jagged(self, name: str) -> bool:
        return name in (*P4, *PLANE, *self.schema.particle)

    def _counts(self, arrays: Any) -> NDArray[np.int64]:
        import awkward as ak

        counts: NDArray[np.int64] | None = None
        for name in filter(self._jagged, self._branches):
            if arrays[name].ndim != 2:
                raise ValueError(
                    f"{self._where}: the branch {name} must have one list per jet, got {arrays[name].type}"
                )
            own = ak.to_numpy(ak.num(arrays[name])).astype(np.int64)
            if counts is not None and (own != counts).any():
                raise ValueError(
                    f"{self._where}: the branches {name} and {P4[0]} have different numbers of constituents"
                )
            counts = own
        assert counts is not None
        return counts

    def _checked(self, array: Any, name: str, counts: NDArray[np.int64], first: int) -> NDArray[Any]:
        import awkward as ak

        if self._jagged(name):
            array = ak.flatten(array)
        if array.ndim != 1:
            raise ValueError(f"{self._where}: the branch {name} must have one number per jet, got {array.type}")
        flat: NDArray[Any] = ak.to_numpy(array)
        own = counts if self._jagged(name) else None
        check_values(
            flat, own, self._where, f"the branch {name}", first=first, positive=name == P4[0], strict=self.schema.strict
        )
        return flat

    def _class_index(self, flat: Mapping[str, NDArray[Any]], num_jets: int, first: int) -> NDArray[np.int64]:
        schema = self.schema
        if not schema.labelled:
            return np.full(num_jets, -1, dtype=np.int64)
        if schema.jet_labels is not None:
            return class_indices(
                flat["jet_label"], self._where, "jet_label", schema.classes, schema.jet_labels, strict=schema.strict
            )
        onehot = np.stack([flat[name] for name in self._labels], axis=-1).astype(np.float64)
        bad = np.flatnonzero((onehot.sum(-1) != 1) | ((onehot != 0) & (onehot != 1)).any(-1))
        if len(bad) and schema.strict:
            row = sorted(zip(self._labels, onehot[bad[0]].tolist(), strict=True), key=lambda pair: pair[1] == 0)
            raise ValueError(
                f"{self._where}: exactly one label must be 1 and the others 0, but jet {first + bad[0]} has "
                f"{dict(row[:12])} ({len(bad)} such jets): give the names of all classes of the file as `classes`"
            )
        label = np.asarray(onehot.argmax(-1), dtype=np.int64)
        label[bad] = -1
        return label


def _values(source: Any, branch: str) -> list[int]:
    found: set[int] = set()
    for start in range(0, source.num_entries, _STEP):
        part = source[branch].array(library="np", entry_start=start, entry_stop=start + _STEP)
        found |= set(np.unique(part).tolist())
    return sorted(found)
