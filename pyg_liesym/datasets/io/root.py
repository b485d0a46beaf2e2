"""Jets in ROOT files, in the layout of JetClass, through uproot and awkward."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from pyg_liesym.datasets.jet_arrays import JetArrays, concatenate_jets

PathLike: TypeAlias = str | os.PathLike[str]

TREE = "tree"
_P4 = ("part_energy", "part_px", "part_py", "part_pz")
_PLANE = ("part_deta", "part_dphi")
_AXIS = ("jet_pt", "jet_eta", "jet_phi", "jet_energy")


def write_jets(path: PathLike, jets: JetArrays, classes: Sequence[str], *, plane: bool = True) -> Path:
    """Writes jets as a ROOT tree with the branch names of JetClass.

    Branches: ``part_px part_py part_pz part_energy part_deta part_dphi`` (jagged float32, counted by ``npart``),
    ``jet_pt jet_eta jet_phi jet_energy`` (float32), ``jet_nparticles`` (int32) and one boolean ``label_<class>``
    for every class. The file appears under its name only when it is complete.

    Args:
        path: The file to write; its folder is made if needed.
        jets: The jets.
        classes: The name of every class index.
        plane: Write ``part_deta`` and ``part_dphi``; without them a file is a third smaller, and they are
            computed when it is read.

    Units:
        GeV and radians.

    Raises:
        ValueError: If a label has no class name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> jets = JetArrays(
        ...     p4=np.array([[5, 3, 0, 4], [2, 0, 2, 0]], np.float32), plane=np.zeros((2, 2), np.float32),
        ...     offsets=np.array([0, 1, 2]), axis=np.ones((2, 4), np.float32), label=np.array([0, 1]),
        ... )
        >>> with TemporaryDirectory() as folder:
        ...     file = write_jets(f"{folder}/two.root", jets, classes=("QCD", "Tbqq"))
        ...     read_jets(file, classes=("QCD", "Tbqq")).p4.tolist()
        [[5.0, 3.0, 0.0, 4.0], [2.0, 0.0, 2.0, 0.0]]
    """
    import awkward as ak
    import uproot

    if len(jets) and not 0 <= jets.label.min() <= jets.label.max() < len(classes):
        raise ValueError(f"labels must index {tuple(classes)}, got {sorted(set(jets.label.tolist()))}")
    columns = dict(zip(_P4, jets.p4.T, strict=True))
    if plane:
        columns |= dict(zip(_PLANE, jets.plane.T, strict=True))
    jagged = {name: ak.unflatten(np.ascontiguousarray(flat), jets.counts) for name, flat in columns.items()}
    branches: dict[str, Any] = {"part": ak.zip({name.removeprefix("part_"): part for name, part in jagged.items()})}
    branches |= dict(zip(_AXIS, jets.axis.T, strict=True))
    branches["jet_nparticles"] = jets.counts.astype(np.int32)
    branches |= {f"label_{name}": jets.label == index for index, name in enumerate(classes)}
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with uproot.recreate(unfinished, compression=uproot.LZMA(6)) as file:
        file.mktree(TREE, {name: _type_of(branch) for name, branch in branches.items()}).extend(branches)
    os.replace(unfinished, path)
    return path


def _type_of(branch: Any) -> Any:
    import awkward as ak

    return branch.dtype if isinstance(branch, np.ndarray) else ak.type(branch).content


def read_jets(
    files: PathLike | Sequence[PathLike],
    classes: Sequence[str],
    *,
    tree: str = TREE,
    jet_labels: Mapping[int, str] | None = None,
) -> JetArrays:
    """Reads jets from ROOT files in the layout of JetClass, all branches being checked.

    Needed branches: ``part_energy part_px part_py part_pz`` and the classes. Those are either one ``label_<class>``
    per class, of which exactly one is 1, or the integer ``jet_label`` of JetClass-II with ``jet_labels``. Where
    ``part_deta part_dphi`` or ``jet_pt jet_eta jet_phi jet_energy`` are absent, they are computed from the
    four-momenta. Constituents that are not sorted by falling pT are sorted. Space-like constituents, which rounding
    leaves in real files, are allowed.

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
    branches = ["jet_label"] if jet_labels is not None else [f"label_{name}" for name in classes]
    parts = []
    for file in find_files(files):
        where = f"{file}:{tree}"
        arrays = _read_arrays(file, tree, [*_P4, *branches], [*_PLANE, *_AXIS])
        columns = {name: _checked(array, where, name) for name, array in arrays.items()}
        label = _class_index(columns, where, classes, jet_labels)
        parts.append(_pack(columns, where, label))
    return concatenate_jets(parts)


def find_files(files: PathLike | Sequence[PathLike]) -> list[Path]:
    """Expands paths and globs to a list of files.

    Raises:
        FileNotFoundError: If a path does not exist or a glob finds nothing.
    """
    patterns = [files] if isinstance(files, str | os.PathLike) else list(files)
    found: list[Path] = []
    for pattern in (os.fspath(pattern) for pattern in patterns):
        matches = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
        if not matches:
            raise FileNotFoundError(f"no file matches {pattern!r} (looked from the folder {os.getcwd()})")
        found += map(Path, matches)
    if not found:
        raise FileNotFoundError("no files were given: pass a path, a glob or a list of them")
    return found


def _read_arrays(file: Path, tree: str, needed: Sequence[str], optional: Sequence[str]) -> dict[str, Any]:
    import uproot

    with _naming_damage(file), uproot.open(file) as content:
        keys = content.keys(cycle=False, filter_classname="TTree")
        source = content[tree] if tree in keys else None
        existing = list(source.keys()) if source is not None else []
        entries = source.num_entries if source is not None else 0
        wanted = [*needed, *(name for name in optional if name in existing)]
        complete = entries > 0 and set(needed) <= set(existing)
        arrays = source.arrays(wanted, library="ak") if source is not None and complete else None
    if source is None:
        raise ValueError(f"{file} has no tree {tree!r}; its trees are {keys}: pass tree=...")
    missing = [name for name in needed if name not in existing]
    if missing:
        labels = [name for name in existing if "label" in name]
        hint = f"; its labels are {labels}: pass classes=... or jet_labels=..." if "label" in missing[0] else ""
        raise ValueError(f"{file}:{tree} lacks the branches {missing}, it has {existing}{hint}")
    if arrays is None:
        raise ValueError(f"{file}:{tree} has no jets")
    return {name: arrays[name] for name in wanted}


@contextmanager
def _naming_damage(file: Path) -> Iterator[None]:
    # Damaged bytes surface in uproot as errors of many types (struct, lzma, key, index, assertion, …).
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"{file} is not a complete ROOT file; uproot says: {type(error).__name__}: {str(error).strip()[:300]}"
        ) from error


def _checked(array: Any, where: str, name: str) -> Any:
    """Refuses NaN and infinity, and branches with the wrong number of dimensions."""
    import awkward as ak

    jagged = name.startswith("part_")
    if array.ndim != 1 + jagged:
        expected = "one list per jet" if jagged else "one number per jet"
        raise ValueError(f"{where}: the branch {name} must have {expected}, got {array.type}")
    flat = ak.to_numpy(ak.flatten(array)) if jagged else ak.to_numpy(array)
    bad = np.flatnonzero(~np.isfinite(flat) | ((flat < 0) if name == "part_energy" else False))
    if len(bad):
        counts = ak.to_numpy(ak.num(array)) if jagged else np.ones(len(array), np.int64)
        jet = int(np.searchsorted(np.cumsum(counts), bad[0], side="right"))
        raise ValueError(f"{where}: the branch {name} has the value {flat[bad[0]]} in jet {jet}, {len(bad)} bad in all")
    return array


def _class_index(
    columns: dict[str, Any], where: str, classes: Sequence[str], jet_labels: Mapping[int, str] | None
) -> np.ndarray[Any, np.dtype[np.int64]]:
    import awkward as ak

    if jet_labels is None:
        onehot = np.stack([ak.to_numpy(columns[f"label_{name}"]) for name in classes], axis=-1).astype(np.float64)
        bad = np.flatnonzero((onehot.sum(-1) != 1) | ((onehot != 0) & (onehot != 1)).any(-1))
        if len(bad):
            values = dict(zip((f"label_{name}" for name in classes), onehot[bad[0]].tolist(), strict=True))
            raise ValueError(
                f"{where}: exactly one label must be 1 and the others 0, but jet {bad[0]} has {values} "
                f"({len(bad)} such jets): pass the names of all classes of the file as classes=..."
            )
        return np.asarray(onehot.argmax(-1), dtype=np.int64)
    values = ak.to_numpy(columns["jet_label"]).astype(np.int64)
    unknown = sorted(set(values.tolist()) - set(jet_labels))
    strangers = sorted(set(jet_labels.values()) - set(classes))
    if unknown or strangers:
        raise ValueError(
            f"{where}: jet_label has the values {unknown} that jet_labels does not name"
            if unknown
            else f"jet_labels names {strangers}, which are not among the classes {tuple(classes)}"
        )
    names = list(classes)
    table = {value: names.index(name) for value, name in jet_labels.items()}
    return np.array([table[value] for value in values.tolist()], dtype=np.int64)


def _pack(columns: dict[str, Any], where: str, label: np.ndarray[Any, np.dtype[np.int64]]) -> JetArrays:
    import awkward as ak

    counts = ak.to_numpy(ak.num(columns["part_px"])).astype(np.int64)
    for name in (name for name in columns if name.startswith("part_")):
        if (ak.to_numpy(ak.num(columns[name])) != counts).any():
            raise ValueError(f"{where}: the branches {name} and part_px have different numbers of constituents")
    offsets = np.concatenate([[0], np.cumsum(counts)])
    p4 = np.stack([ak.to_numpy(ak.flatten(columns[name])) for name in _P4], axis=-1).astype(np.float32)
    if all(name in columns for name in _AXIS):
        axis = np.stack([ak.to_numpy(columns[name]) for name in _AXIS], axis=-1).astype(np.float32)
    else:
        axis = _axis_of_sum(p4, offsets)
    if all(name in columns for name in _PLANE):
        plane = np.stack([ak.to_numpy(ak.flatten(columns[name])) for name in _PLANE], axis=-1).astype(np.float32)
    else:
        plane = _plane_around(p4, np.repeat(axis, counts, axis=0))
    jet = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-np.hypot(p4[:, 1], p4[:, 2]), jet))
    return JetArrays(p4[order], plane[order], offsets, axis, label)


def _axis_of_sum(p4: np.ndarray[Any, Any], offsets: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    total = np.zeros((len(offsets) - 1, 4))
    np.add.at(total, np.repeat(np.arange(len(total)), np.diff(offsets)), p4)
    energy, px, py, pz = total.T
    pt = np.hypot(px, py)
    return np.stack([pt, _pseudorapidity(pt, pz), np.arctan2(py, px), energy], axis=-1).astype(np.float32)


def _plane_around(p4: np.ndarray[Any, Any], axis: np.ndarray[Any, Any]) -> np.ndarray[Any, np.dtype[np.float32]]:
    _, px, py, pz = p4.T.astype(np.float64)
    side = np.where(axis[:, 1] < 0, -1.0, 1.0)
    deta = (_pseudorapidity(np.hypot(px, py), pz) - axis[:, 1]) * side
    dphi = (np.arctan2(py, px) - axis[:, 2] + np.pi) % (2 * np.pi) - np.pi
    return np.stack([deta, dphi], axis=-1).astype(np.float32)


def _pseudorapidity(pt: np.ndarray[Any, Any], pz: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # Finite for particles along the beam, where η itself is not.
    eta: np.ndarray[Any, Any] = np.arcsinh(pz / np.maximum(pt, 1e-30))
    return eta
