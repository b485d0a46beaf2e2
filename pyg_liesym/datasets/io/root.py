"""Jets in ROOT and parquet files in the layout of JetClass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from pyg_liesym.datasets.io.files import PROPOSED, PathLike, find_files, some_of
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.jet_class_2 import JET_CLASS_2
from pyg_liesym.datasets.io.mapped_jets import MappedJets
from pyg_liesym.datasets.io.momenta import CARTESIAN
from pyg_liesym.datasets.io.parquet_table import PARQUET_START, ParquetTable
from pyg_liesym.datasets.io.root_table import RootTable
from pyg_liesym.datasets.io.root_writer import AXIS, P4, PLANE, TREE
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.tables import Table, lacking, plain

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


def jet_class_layout(schema: JetSchema, table: Table) -> tuple[JetSchema, tuple[str, ...]]:
    """What a schema without ``momentum`` means in the layout of JetClass, and the columns of (Δη, Δφ).

    Raises:
        ValueError: If the table lacks what is needed.
    """
    label: str | dict[str, str] = {name: f"label_{name}" for name in schema.classes}
    label = label if schema.jet_labels is None else "jet_label"
    flags = [] if not schema.labelled else [label] if isinstance(label, str) else list(label.values())
    needed = [*P4, *flags, *schema.particle, *([schema.weight] if schema.weight else [])]
    missing = [name for name in needed if name not in table.names]
    if missing:
        labels = [name for name in table.names if "label" in name]
        known = f"its labels are {some_of(labels)}: choose by `classes` or `jet_labels`" if labels else _UNLABELLED
        hint = f"; {known}" if "label" in missing[0] else ""
        raise ValueError(lacking(table, missing) + (hint or PROPOSED))
    axis = dict(zip(("pt", "eta", "phi", "E"), AXIS, strict=True)) if set(AXIS) <= set(table.names) else None
    momentum = dict(zip(CARTESIAN, P4, strict=True))
    plane = PLANE if set(PLANE) <= set(table.names) else ()
    return replace(schema, momentum=momentum, axis=axis, label=label if schema.labelled else None), plane


class _JetClass(MappedJets):
    """Jets of a table in the layout of JetClass."""

    def __init__(self, table: Table, schema: JetSchema) -> None:
        layout, plane = jet_class_layout(schema, table)
        super().__init__(table, layout, plane)
        self.schema = schema


class RootJets(_JetClass):
    """Jets of one ROOT file in the layout of JetClass, read in ranges.

    The branches are ``part_energy part_px part_py part_pz`` and the classes. Those are either one ``label_<class>`` per
    class, of which exactly one is 1, or the integer ``jet_label`` of JetClass-II with ``jet_labels``. Where
    ``part_deta part_dphi`` or ``jet_pt jet_eta jet_phi jet_energy`` are absent, they are computed from the
    four-momenta.

    Args:
        path: The file.
        schema: What to read.

    Raises:
        ValueError: As for :func:`read_jets`.
    """

    format: ClassVar[str] = "ROOT (JetClass)"

    def __init__(self, path: Path, schema: JetSchema) -> None:
        super().__init__(RootTable(path, schema.tree), schema)

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file that begins with the bytes ``start`` is ROOT."""
        return start.startswith(b"root")

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file but its weights."""
        table = RootTable(path, tree)
        return replace(find_jet_class(table), tree=table.tree)


class ParquetJets(_JetClass):
    """Jets of one parquet file whose columns are called like the branches of JetClass, read in ranges.

    Args:
        path: The file.
        schema: What to read.

    Raises:
        ImportError: If pyarrow is not installed.
        ValueError: As for :class:`RootJets`.
    """

    format: ClassVar[str] = "parquet (JetClass)"

    def __init__(self, path: Path, schema: JetSchema) -> None:
        super().__init__(ParquetTable(path), schema)

    @classmethod
    def recognises(cls, path: Path, start: bytes) -> bool:
        """Whether a file that begins with the bytes ``start`` is parquet."""
        return start.startswith(PARQUET_START)

    @classmethod
    def find_schema(cls, path: Path, tree: str | None) -> JetSchema:
        """All that can be read from a file but its weights."""
        return find_jet_class(ParquetTable(path))


def find_jet_class(table: Table) -> JetSchema:
    """All that can be read from a table in the layout of JetClass but its weights."""
    classes = tuple(name.removeprefix("label_") for name in table.names if name.startswith("label_"))
    of_parts = [name for name in table.names if name.startswith("part_") and name not in (*P4, *PLANE)]
    empty = table.read(of_parts, 0, 0) if of_parts else {}
    particle = tuple(name for name in of_parts if empty[name].ndim == 2)
    values = _values(table, "jet_label") if "jet_label" in table.names and not classes else []
    if not values:
        return JetSchema(classes or ("unknown",), particle=particle, labelled=bool(classes))
    known = _OF_JET_CLASS_2 in table.names and values[0] >= 0 and values[-1] < len(JET_CLASS_2)
    names = {value: JET_CLASS_2[value] if known else str(value) for value in values}
    return JetSchema(tuple(names.values()), names, particle=particle)


def _values(table: Table, name: str) -> list[int]:
    found: set[int] = set()
    for start in range(0, table.num_rows, _STEP):
        part = table.read([name], start, min(start + _STEP, table.num_rows))[name]
        found |= set(np.unique(plain(part, f"{table.where}: {name}")).tolist())
    return sorted(found)
