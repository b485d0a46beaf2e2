"""What a file of jets has, where nobody says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pyg_liesym.datasets.io.files import PathLike, naming_damage
from pyg_liesym.datasets.io.jet_class_2 import JET_CLASS_2
from pyg_liesym.datasets.io.jet_files import JetSchema, open_jet_file
from pyg_liesym.datasets.io.root import TREES
from pyg_liesym.datasets.io.root_writer import P4, PLANE

_STEP = 100_000
# A branch that JetClass-II has, and files of others with a `jet_label` hardly.
_OF_JET_CLASS_2 = "aux_genpart_isResX"


def find_schema(path: PathLike, tree: str | None = None) -> tuple[str, JetSchema]:
    """Tells the format of a file of jets and what can be read from it: classes, columns of constituents, weights.

    Classes are the branches ``label_…`` of a ROOT file, or the values of ``jet_label``, of JetClass-II by their names
    (:data:`~pyg_liesym.datasets.io.jet_class_2.JET_CLASS_2`); those that our writer has
    noted in an HDF5 file; QCD and Tbqq for other HDF5 files; gluon and quark for EnergyFlow's npz. A file without
    labels has a schema with ``labelled=False``. Weights are those of the name ``weight``.

    Args:
        path: The file.
        tree: The name of the tree in ROOT files; None for ``tree``, or the only one there is.

    Returns:
        The format in words and the schema.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, no file of jets, or has several trees.

    Example:
        >>> from importlib import resources
        >>> find_schema(str(resources.files("pyg_liesym.datasets") / "samples" / "jets.root"))[1].classes
        ('QCD', 'Tbqq')
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        start = file.read(4)
    if start == b"root":
        kind, schema = "ROOT (JetClass)", _of_root(path, tree)
    elif start == b"\x89HDF":
        kind, schema = _of_hdf5(path)
    else:
        kind, schema = "npz (EnergyFlow)", JetSchema(("gluon", "quark"), particle=("part_pid", "part_charge"))
    weighted = "weight" in open_jet_file(path, schema).columns
    return kind, replace(schema, weight="weight" if weighted else None)


def find_common_schema(files: Sequence[PathLike], tree: str | None = None) -> JetSchema:
    """The schema of several files that belong together: all classes, and the columns that each of them has.

    Raises:
        ValueError: If some have labels and some have none, or labels of another kind.
    """
    schemas = [find_schema(file, tree)[1] for file in files]
    kinds = {(schema.labelled, schema.jet_labels is None, schema.tree) for schema in schemas}
    names = {pair for schema in schemas for pair in (schema.jet_labels or {}).items()}
    if len(kinds) > 1 or len({value for value, _ in names}) < len(names):
        found = [f"{file}: {_labels_in_words(schema)}" for file, schema in zip(files, schemas, strict=True)]
        raise ValueError("files with different labels cannot be read together: " + "; ".join(found))
    first = schemas[0]
    labels = {value: name for schema in schemas for value, name in (schema.jet_labels or {}).items()}
    classes = tuple(dict.fromkeys(name for schema in schemas for name in schema.classes))
    particle = tuple(name for name in first.particle if all(name in schema.particle for schema in schemas))
    weight = first.weight if all(schema.weight is not None for schema in schemas) else None
    return replace(first, classes=classes, particle=particle, jet_labels=labels or None, weight=weight)


def _labels_in_words(schema: JetSchema) -> str:
    return f"{', '.join(schema.classes[:12])} in {schema.tree!r}" if schema.labelled else "no labels"


def _of_root(path: Path, tree: str | None) -> JetSchema:
    import uproot

    with naming_damage(path, "ROOT"), uproot.open(path) as content:
        trees = content.keys(cycle=False, filter_classname=TREES)
        if tree is None and "tree" not in trees and len(trees) == 1:
            tree = trees[0]
        tree = "tree" if tree is None else tree
        source = content[tree] if tree in trees else None
        types = {} if source is None else {name: source[name].typename for name in source.keys()}  # noqa: SIM118
        values = _values(source, "jet_label") if "jet_label" in types else []
    classes = tuple(name.removeprefix("label_") for name in types if name.startswith("label_"))
    jagged = [name for name, kind in types.items() if name.startswith("part_") and ("vector" in kind or "[]" in kind)]
    particle = tuple(name for name in jagged if name not in (*P4, *PLANE))
    if classes or not values:
        return JetSchema(classes or ("unknown",), tree=tree, particle=particle, labelled=bool(classes))
    known = _OF_JET_CLASS_2 in types and values[0] >= 0 and values[-1] < len(JET_CLASS_2)
    names = {value: JET_CLASS_2[value] if known else str(value) for value in values}
    return JetSchema(tuple(names.values()), names, tree, particle)


def _values(source: Any, branch: str) -> list[int]:
    found: set[int] = set()
    for start in range(0, source.num_entries, _STEP):
        part = source[branch].array(library="np", entry_start=start, entry_stop=start + _STEP)
        found |= set(np.unique(part).tolist())
    return sorted(found)


def _of_hdf5(path: Path) -> tuple[str, JetSchema]:
    from pyg_liesym.datasets.io.hdf5 import open_hdf5
    from pyg_liesym.datasets.io.top_tagging import is_pandas

    with open_hdf5(path) as file:
        pandas = is_pandas(file)
        if not pandas:
            return "HDF5 (Pmu, LorentzNet)", _of_padded(file)
    columns = dict.fromkeys(open_jet_file(path, JetSchema(labelled=False)).columns)
    slots = sum(f"E_{i}" in columns for i in range(len(columns)))
    numbered = [name.removesuffix("_0") for name in columns if name.endswith("_0")]
    particle = tuple(  # of every constituent: a jet may have numbered columns of its own
        name
        for name in numbered
        if name not in ("E", "PX", "PY", "PZ") and all(f"{name}_{i}" in columns for i in range(slots))
    )
    return "HDF5 (pandas, Top Quark Tagging)", JetSchema(particle=particle, labelled="is_signal_new" in columns)


def _of_padded(file: Any) -> JetSchema:
    names = file.attrs.get("classes")
    label = next((name for name in ("is_signal", "jet_label") if name in file), None)
    shape = file["Pmu"].shape[:2] if "Pmu" in file else None
    particle = tuple(name for name in file if name != "label" and getattr(file[name], "shape", None) == shape)
    if names is None and label == "jet_label":
        values = {value: str(value) for value in np.unique(file[label][:]).tolist()}
        return JetSchema(tuple(values.values()), values, particle=particle)
    schema = JetSchema() if names is None else JetSchema(tuple(json.loads(names)))
    return replace(schema, particle=particle, labelled=label is not None)
