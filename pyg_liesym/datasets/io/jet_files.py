"""Files of jets in the formats of the field, read in ranges and written piece by piece, one interface for all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.datasets.jet_arrays import JetArrays

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class JetSchema:
    """What to read from a file of jets, and under which names.

    Args:
        classes: Names of the classes; the label is the position in this list. Of files that have one label per
            class (JetClass), they are looked up by name; of those that have a number (``is_signal``), they are the
            meaning of 0, 1, …
        jet_labels: The class of every value of an integer label, where it is not the position in ``classes``. A ROOT
            file is then read by its branch ``jet_label``, as JetClass-II has it.
        tree: The name of the tree in ROOT files.
        particle: More numbers of every constituent, by their names in the file, such as ``part_charge``. They become
            float32.
        weight: The name of the event weights; None where every jet counts as one.
        labelled: Whether labels are read; if not, every label is -1.
        strict: Whether bad values are refused; if not, NaN, infinity and negative energies are given out, and -1 for a
            label without a class, to be counted.

    Raises:
        ValueError: If a class or a particle column is named twice, or no class.

    Example:
        >>> JetSchema(classes=("QCD", "Hbb"), particle=("part_charge",)).tree
        'tree'
    """

    classes: tuple[str, ...] = ("QCD", "Tbqq")
    jet_labels: Mapping[int, str] | None = None
    tree: str = "tree"
    particle: tuple[str, ...] = ()
    weight: str | None = None
    labelled: bool = True
    strict: bool = True

    def __post_init__(self) -> None:
        for name in ("classes", "particle"):
            values = tuple(getattr(self, name))
            object.__setattr__(self, name, values)
            if len(set(values)) < len(values):
                raise ValueError(f"{name} must have every name once, got {values}")
        if not self.classes:
            raise ValueError("classes must have at least one name, got none")


class JetFile(Protocol):
    """Jets in one file. Opening it reads no jets; it can be pickled, so that worker processes read on their own."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def num_jets(self) -> int:
        """Jets in the file."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all that the file has: branches, columns or datasets."""

    def read(self, start: int = 0, stop: int | None = None) -> JetArrays:
        """Reads and checks the jets ``start:stop`` without loading the rest.

        Raises:
            ValueError: If the range is not in the file, the file is damaged or a value is not as it must be. The
                message names the file, the column and the jet.
        """


class JetWriter(Protocol):
    """A file of jets that grows piece by piece."""

    @property
    def num_jets(self) -> int:
        """Jets written so far."""

    def extend(self, jets: JetArrays) -> None:
        """Appends jets; thousands at once are read back faster than a few."""


def open_jet_file(path: PathLike, schema: JetSchema | None = None) -> JetFile:
    """Opens a file of jets; what it is, is told from its content.

    - ROOT in the layout of JetClass and JetClass-II;
    - HDF5 as pandas writes it, in the layout of the Top Quark Tagging Reference Dataset;
    - HDF5 with ``Pmu``, ``Nobj`` and ``is_signal``, into which LorentzNet and its relatives convert that;
    - npz of EnergyFlow's quark and gluon jets, with ``X`` and ``y``.

    Args:
        path: The file.
        schema: What to read; None for QCD and top jets without more columns.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, none of these, has no jets, or lacks what the schema names.

    Example:
        >>> from importlib import resources
        >>> sample = resources.files("pyg_liesym.datasets") / "samples" / "jets.root"
        >>> file = open_jet_file(str(sample), JetSchema(classes=("QCD", "Tbqq")))
        >>> file.num_jets, file.read(10, 12).p4.shape[1]
        (4000, 4)
    """
    path = Path(path)
    schema = JetSchema() if schema is None else schema
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"root"):
        from pyg_liesym.datasets.io.root import RootJets

        return RootJets(path, schema)
    if start == _HDF5:
        from pyg_liesym.datasets.io.hdf5 import open_hdf5
        from pyg_liesym.datasets.io.lorentznet import PaddedJets
        from pyg_liesym.datasets.io.top_tagging import TopTaggingJets, is_pandas

        with open_hdf5(path) as content:
            pandas = is_pandas(content)
        return TopTaggingJets(path, schema) if pandas else PaddedJets(path, schema)
    if start.startswith(b"PK"):
        from pyg_liesym.datasets.io.energyflow import EnergyFlowJets

        return EnergyFlowJets(path, schema)
    raise ValueError(f"{path} is no file of jets: expected ROOT, HDF5 or npz, got a file that begins with {start!r}")


def jet_writer(path: PathLike, schema: JetSchema, *, plane: bool = True) -> AbstractContextManager[JetWriter]:
    """Writes jets piece by piece; :func:`open_jet_file` with the same schema reads them back.

    The suffix chooses the format: ``.root`` the layout of JetClass, ``.h5`` or ``.hdf5`` that of LorentzNet
    (``Pmu``, ``Nobj``, ``is_signal``) with more datasets for what it does not have. The file appears under its name at
    the end of the ``with`` block; after an error there is none.

    Args:
        path: The file to write; its folder is made if needed.
        schema: What to write: one label per class unless ``labelled`` is False, the columns of ``particle`` and the
            weights under the name ``weight``. ``jet_labels`` is not used.
        plane: Write (Δη, Δφ) too; without them a file is a third smaller, and they are computed when it is read.

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
        from pyg_liesym.datasets.io.root_writer import write_root

        return write_root(path, schema, plane=plane)
    if path.suffix in (".h5", ".hdf5"):
        from pyg_liesym.datasets.io.lorentznet import write_padded

        return write_padded(path, schema, plane=plane)
    raise ValueError(f"expected a file name that ends with .root, .h5 or .hdf5, got {path.name!r}")


def save_jets(path: PathLike, jets: JetArrays, schema: JetSchema, *, plane: bool = True) -> Path:
    """Writes jets to one file at once; see :func:`jet_writer`."""
    with jet_writer(path, schema, plane=plane) as writer:
        writer.extend(jets)
    return Path(path)
