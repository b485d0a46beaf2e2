"""Scores of jets into files that lie beside those of the jets, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, PathLike, naming_damage
from pyg_liesym.datasets.io.hdf5 import create_hdf5, open_hdf5
from pyg_liesym.datasets.io.notes import NOTE, note_of, note_text
from pyg_liesym.datasets.io.parquet_table import import_parquet
from pyg_liesym.writing import whole_file

SCORES = "scores"
PLACES = ("event", "jet")


class ScoreWriter(Protocol):
    """A file of scores that grows."""

    def extend(self, scores: NDArray[np.float32], places: NDArray[np.int64] | None = None) -> None:
        """Append the scores of some jets, ``[J, C]``, and where events are noted their places, ``[J, 2]``."""


def score_writer(
    path: PathLike, classes: Sequence[str], note: Mapping[str, Any] | None = None, *, events: bool = False
) -> AbstractContextManager[ScoreWriter]:
    """Write scores piece by piece, one float32 number ``score_<class>`` a jet and class.

    The suffix chooses the format: ``.root`` a tree ``scores``, to be a friend of the tree of the jets; ``.h5`` or
    ``.hdf5`` a dataset each; ``.parquet`` a column each. The file appears under its name at the end of the ``with``
    block; after an error there is none.

    Args:
        path: The file to write; its folder is made if needed.
        classes: Names of the classes. What is no letter, digit or underscore in them becomes an underscore.
        note: What they were made from, plain values: kept as JSON under the name ``made_from``, an object of a ROOT
            file, an attribute of an HDF5 file, metadata of the schema of a parquet file.
        events: Whether jets are several an event: integers ``event`` and ``jet`` then say of every row which event of
            the file and which jet of it that is, both from 0. Such a tree is no friend of that of the events.

    Raises:
        ImportError: If the format needs a package that is not installed.
        ValueError: If the suffix is another one, or two classes have one name.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import uproot
        >>> with TemporaryDirectory() as folder:
        ...     with score_writer(f"{folder}/scores.root", ("QCD", "Tbqq")) as writer:
        ...         writer.extend(np.array([[0.25, 0.75]], np.float32))
        ...     uproot.open(f"{folder}/scores.root:scores/score_Tbqq").array().tolist()
        [0.75]
    """
    path = Path(path)
    names = ["score_" + re.sub(r"\W", "_", name) for name in classes]
    if len(set(names)) < len(names):
        raise ValueError(f"expected every class to have a name of its own, got {tuple(classes)}")
    writers = {".root": _write_root, ".h5": _write_hdf5, ".hdf5": _write_hdf5, ".parquet": _write_parquet}
    if path.suffix not in writers:
        raise ValueError(f"expected a file name that ends with {', '.join(writers)}, got {path.name!r}")
    types = dict.fromkeys(PLACES if events else (), np.dtype(np.int64)) | dict.fromkeys(names, np.dtype(np.float32))
    return writers[path.suffix](path, types, note_text(note))


def read_scores(path: PathLike) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """All scores of a file of :func:`score_writer`, and the note in it.

    Raises:
        ValueError: If the file is damaged or none of these.
    """
    path = Path(path)
    readers = {".root": _read_root, ".h5": _read_hdf5, ".hdf5": _read_hdf5, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise ValueError(f"expected a file name that ends with {', '.join(readers)}, got {path.name!r}")
    with naming_damage(path, path.suffix):
        columns, text = readers[path.suffix](path)
        note = note_of(path, text)
        if len({len(column) for column in columns.values()}) != 1:
            raise LayoutError(f"{path} is no file of scores: expected columns of one length")
    return columns, note


class _Columns:
    """Appends columns with a function of the format."""

    def __init__(self, types: Mapping[str, np.dtype[Any]], append: Any) -> None:
        self._types, self._append = types, append

    def extend(self, scores: NDArray[np.float32], places: NDArray[np.int64] | None = None) -> None:
        rows = [*(() if places is None else places.T), *scores.T]
        if len(rows) != len(self._types):
            raise ValueError(f"expected the columns {list(self._types)}, got {len(rows)}")
        if scores.shape[0]:
            columns = zip(self._types.items(), rows, strict=True)
            self._append({name: np.ascontiguousarray(row, dtype) for (name, dtype), row in columns})


@contextmanager
def _write_root(path: Path, types: dict[str, np.dtype[Any]], note: str) -> Iterator[_Columns]:
    import uproot

    with whole_file(path) as temporary, uproot.recreate(temporary, compression=uproot.ZLIB(4)) as file:
        file[NOTE] = note
        yield _Columns(types, file.mktree(SCORES, types).extend)


@contextmanager
def _write_hdf5(path: Path, types: dict[str, np.dtype[Any]], note: str) -> Iterator[_Columns]:
    with create_hdf5(path) as file:
        file.attrs[NOTE] = note
        for name, dtype in types.items():
            file.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(16384,), compression="gzip")

        def append(columns: dict[str, NDArray[np.float32]]) -> None:
            for name, column in columns.items():
                file[name].resize(len(file[name]) + len(column), axis=0)
                file[name][-len(column) :] = column

        yield _Columns(types, append)


@contextmanager
def _write_parquet(path: Path, types: dict[str, np.dtype[Any]], note: str) -> Iterator[_Columns]:
    parquet = import_parquet()
    import pyarrow

    schema = pyarrow.schema(
        [(name, pyarrow.from_numpy_dtype(dtype)) for name, dtype in types.items()], metadata={NOTE: note}
    )
    with whole_file(path) as temporary, parquet.ParquetWriter(temporary, schema) as file:
        yield _Columns(types, lambda columns: file.write_table(pyarrow.table(columns, schema)))


def _read_root(path: Path) -> tuple[dict[str, Any], str]:
    import uproot

    with uproot.open(path) as file:
        if (size := path.stat().st_size) != file.file.fEND:
            raise LayoutError(f"{path} should have {file.file.fEND} bytes, but has {size}: it is damaged")
        columns = file[SCORES].arrays(library="np")
        return columns, str(file[NOTE]) if NOTE in file else ""


def _read_hdf5(path: Path) -> tuple[dict[str, Any], str]:
    with open_hdf5(path) as file:
        return {name: file[name][:] for name in file}, str(file.attrs.get(NOTE, ""))


def _read_parquet(path: Path) -> tuple[dict[str, Any], str]:
    table = import_parquet().read_table(path)
    noted = (table.schema.metadata or {}).get(NOTE.encode(), b"")
    columns = zip(table.column_names, table.columns, strict=True)
    return {name: column.to_numpy() for name, column in columns}, noted.decode()
