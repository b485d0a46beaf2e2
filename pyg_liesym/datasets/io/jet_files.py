"""Files of jets in the formats of the field, read in ranges and written piece by piece, one interface for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyg_liesym.datasets.io.array_jets import ArrayJets
from pyg_liesym.datasets.io.array_table import Hdf5Table, NumpyTable
from pyg_liesym.datasets.io.energyflow import EnergyFlowJets
from pyg_liesym.datasets.io.files import PathLike, some_of
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_file import JetFile, JetReader, JetWriter
from pyg_liesym.datasets.io.lorentznet import PaddedJets, write_padded
from pyg_liesym.datasets.io.mapped_jets import MappedJets
from pyg_liesym.datasets.io.pandas_table import PandasTable
from pyg_liesym.datasets.io.parquet_table import ParquetTable
from pyg_liesym.datasets.io.root import ParquetJets, RootJets
from pyg_liesym.datasets.io.root_table import RootTable
from pyg_liesym.datasets.io.root_writer import write_root
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.tables import Table
from pyg_liesym.datasets.io.top_tagging import TopTaggingJets

READERS: tuple[type[JetReader], ...] = (RootJets, ParquetJets, TopTaggingJets, PaddedJets, ArrayJets, EnergyFlowJets)
"""The formats; a file is read by the first that recognises it."""


def open_jet_file(path: PathLike, schema: JetSchema | None = None) -> JetFile:
    """Open a file of jets; its content tells which format it has, the schema or the format where its numbers are.

    By a schema with ``momentum`` a file has any layout: ROOT (TTree or RNTuple), parquet, HDF5, npz or npy. Without:

    - ROOT and parquet in the layout of JetClass and JetClass-II;
    - HDF5 as pandas writes it, in the layout of the Top Quark Tagging Reference Dataset;
    - HDF5 with ``Pmu``, ``Nobj`` and ``is_signal``, into which LorentzNet and its relatives convert that;
    - npz of EnergyFlow's quark and gluon jets, with ``X`` and ``y``;
    - npy with four-momenta ``[J, N, 4]``, or npz with these as ``p4`` and with ``label``, ``counts``, … beside them.

    Args:
        path: The file.
        schema: What to read; None for QCD and top jets without more columns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, none of these, has no jets, or lacks what the schema names.
        ImportError: If the format needs a package that is not installed.

    Example:
        >>> from importlib import resources
        >>> sample = resources.files("pyg_liesym.datasets") / "samples" / "jets.root"
        >>> file = open_jet_file(str(sample), JetSchema(classes=("QCD", "Tbqq")))
        >>> file.num_jets, file.read(10, 12).p4.shape[1]
        (4000, 4)
    """
    path, schema = Path(path), JetSchema() if schema is None else schema
    if schema.momentum is not None:
        return MappedJets(table_of(path, schema.tree), schema)
    return _reader_of(path)(path, schema)


def find_schema(path: PathLike, tree: str | None = None) -> tuple[str, JetSchema]:
    """Tell the format of a file of jets and what can be read from it: classes, columns of constituents, weights.

    Classes are the branches ``label_…`` of a ROOT file, or the values of ``jet_label``, of JetClass-II by their names
    (:data:`~pyg_liesym.datasets.io.jet_class_2.JET_CLASS_2`); those that our writer has
    noted in an HDF5 file; QCD and Tbqq for other HDF5 files; gluon and quark for EnergyFlow's npz; the values of
    ``label`` of an npz with ``p4``. A file without labels has a schema with ``labelled=False``. Weights are those of
    the name ``weight``.

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
    reader = _reader_of(path)
    schema = reader.find_schema(path, tree)
    weighted = "weight" in reader(path, schema).columns
    return reader.format, replace(schema, weight="weight" if weighted else None)


def named_classes(path: PathLike, tree: str | None = None) -> tuple[str, ...]:
    """The classes that a file names: by branches ``label_…``, by notes of our writer, or by its format (EnergyFlow).

    Those of :class:`~pyg_liesym.datasets.io.schema.JetSchema`, QCD and Tbqq, where labels are numbers, as JetClass-II's
    are, or not there, and where the names are no others, in any order.

    Example:
        >>> from importlib import resources
        >>> named_classes(str(resources.files("pyg_liesym.datasets") / "samples" / "jets.root"))
        ('QCD', 'Tbqq')
    """
    schema, usual = find_schema(path, tree)[1], JetSchema().classes
    named = schema.labelled and schema.jet_labels is None and not all(name.isdecimal() for name in schema.classes)
    return schema.classes if named and not set(schema.classes) <= set(usual) else usual


def find_common_schema(files: Sequence[PathLike], tree: str | None = None) -> JetSchema:
    """The schema of several files that belong together: all classes, and the columns that each of them has.

    Raises:
        ValueError: If some have labels and some have none, or labels of another kind.
    """
    schemas = [find_schema(file, tree)[1] for file in files]
    kinds = {(schema.labelled, schema.jet_labels is None, schema.tree) for schema in schemas}
    names = {pair for schema in schemas for pair in (schema.jet_labels or {}).items()}
    if len(kinds) > 1 or len({value for value, _ in names}) < len(names):
        found = {_labels_in_words(schema): str(file) for file, schema in zip(files, schemas, strict=True)}
        some = "; ".join(f"{file}: {labels}" for labels, file in list(found.items())[:4])
        raise ValueError(f"files with different labels cannot be read together: {some}")
    first = schemas[0]
    labels = {value: name for schema in schemas for value, name in (schema.jet_labels or {}).items()}
    classes = tuple(dict.fromkeys(name for schema in schemas for name in schema.classes))
    particle = tuple(name for name in first.particle if all(name in schema.particle for schema in schemas))
    weight = first.weight if all(schema.weight is not None for schema in schemas) else None
    return replace(first, classes=classes, particle=particle, jet_labels=labels or None, weight=weight)


def _labels_in_words(schema: JetSchema) -> str:
    return f"{some_of(schema.classes)} in {schema.tree!r}" if schema.labelled else "no labels"


def _reader_of(path: Path) -> type[JetReader]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        start = file.read(8)
    for reader in READERS:
        if reader.recognises(path, start):
            return reader
    raise ValueError(
        f"{path} is no file of jets: expected ROOT, parquet, HDF5, npz or npy, got one that begins with {start!r}"
    )


def table_of(path: PathLike, tree: str | None = None) -> Table:
    """Open a file as a table of columns, whatever they mean.

    Args:
        path: The file: ROOT, parquet, HDF5, npz or npy.
        tree: The name of the tree in ROOT files; None for ``tree``, or the only one there is.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, none of these, or has several trees.
    """
    path = Path(path)
    reader = _reader_of(path)
    if reader is RootJets:
        return RootTable(path, tree)
    tables: dict[Any, Callable[[Path], Table]]
    tables = {ParquetJets: ParquetTable, TopTaggingJets: PandasTable, PaddedJets: Hdf5Table}
    return tables.get(reader, NumpyTable)(path)


def jet_writer(
    path: PathLike, schema: JetSchema, *, plane: bool = True, note: Mapping[str, Any] | None = None
) -> AbstractContextManager[JetWriter]:
    """Write jets piece by piece; :func:`open_jet_file` with the same schema reads them back.

    The suffix chooses the format: ``.root`` the layout of JetClass, ``.h5`` or ``.hdf5`` that of LorentzNet
    (``Pmu``, ``Nobj``, ``is_signal``) with more datasets for what it does not have. The file appears under its name at
    the end of the ``with`` block; after an error there is none.

    Args:
        path: The file to write; its folder is made if needed.
        schema: What to write: one label per class unless ``labelled`` is False, the columns of ``particle`` and the
            weights under the name ``weight``. ``jet_labels`` is not used.
        plane: Write (Δη, Δφ) too; without them a file is a third smaller, and they are computed when it is read.
        note: What they were made from, plain values, kept in the file.

    Raises:
        ValueError: If the suffix is another one, or jets lack a column or have a label without a class.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from importlib import resources
        >>> sample = open_jet_file(str(resources.files("pyg_liesym.datasets") / "samples" / "jets.root"))
        >>> with TemporaryDirectory() as folder:
        ...     with jet_writer(f"{folder}/copy.root", JetSchema()) as writer:
        ...         writer.extend(sample.read(0, 60))
        ...         writer.extend(sample.read(60, 100))
        ...     open_jet_file(f"{folder}/copy.root").num_jets
        100
    """
    path = Path(path)
    if path.suffix == ".root":
        return write_root(path, schema, plane=plane, note=note)
    if path.suffix in (".h5", ".hdf5"):
        return write_padded(path, schema, plane=plane, note=note)
    raise ValueError(f"expected a file name that ends with .root, .h5 or .hdf5, got {path.name!r}")


def save_jets(path: PathLike, jets: JetArrays, schema: JetSchema, *, plane: bool = True) -> Path:
    """Write jets to one file at once; see :func:`jet_writer`."""
    with jet_writer(path, schema, plane=plane) as writer:
        writer.extend(jets)
    return Path(path)
