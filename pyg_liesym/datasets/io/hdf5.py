"""Opening HDF5 files through h5py, with the compression filters that PyTables uses."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pyg_liesym.datasets.io.files import LayoutError, PathLike, check_unpacked, naming_damage
from pyg_liesym.writing import whole_file

HDF5_START = b"\x89HDF\r\n\x1a\n"
"""The bytes that an HDF5 file begins with."""


def import_h5py() -> Any:
    """The module h5py, with the filters of hdf5plugin (blosc, zstd, …) where that is installed.

    Raises:
        ImportError: If h5py is not installed.
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "reading and writing HDF5 needs h5py, which is not installed: run `pip install 'pyg-liesym[hdf5]'`"
        ) from error
    with suppress(ImportError):  # only some files need it: check_filters
        import hdf5plugin  # noqa: F401
    return h5py


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """Open an HDF5 file to read; whatever damage shows inside the ``with`` block names the file.

    Raises:
        ValueError: If the file is damaged or not HDF5.
    """
    h5py = import_h5py()
    with naming_damage(path, "HDF5"), h5py.File(path, "r", locking="best-effort") as file:
        yield file


@contextmanager
def create_hdf5(path: PathLike) -> Iterator[Any]:
    """Open an HDF5 file to write; it appears under its name at the end of the ``with`` block.

    HDF5 does not tell of every write that failed, so h5py writes through a file of ours that does. Tables of contents
    carry checksums (``libver="v110"``), and :func:`open_hdf5` notices if they are damaged.

    Raises:
        OSError: If the disk is full; the file then does not appear.
    """
    h5py = import_h5py()
    with whole_file(path) as unfinished, _Remembering(unfinished, "w+") as target:
        with h5py.File(target, "w", libver=("v110", "v110")) as file:
            yield file
        if target.error is not None:
            raise target.error


class _Remembering(io.FileIO):
    """A file that remembers the first write that failed, and seems to go on, so that HDF5 can close in order."""

    error: OSError | None = None

    def write(self, content: Any) -> int:
        rest = memoryview(content).cast("B")
        size = len(rest)
        try:
            while self.error is None and len(rest):
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


def check_chunks(path: Path, dataset: Any) -> None:
    """Refuse a dataset that is not all there: HDF5 would silently fill what is missing with zeros.

    Raises:
        LayoutError: Naming the file, the dataset and what it should have; also if a few bytes would fill the memory.
    """
    if dataset.is_virtual:
        sources = dict.fromkeys(source.file_name for source in dataset.virtual_sources() if "%" not in source.file_name)
        missing = [name for name in sources if name != "." and not (path.parent / name).is_file()]
        if missing:
            raise LayoutError(f"{path}: the dataset {dataset.name} has its numbers in {missing[0]}, which is not there")
    if not dataset.size or dataset.is_virtual:
        return
    stored, unpacked = dataset.id.get_storage_size(), dataset.size * dataset.id.get_type().get_size()
    if not 0 < stored <= path.stat().st_size or (dataset.chunks is None and stored != unpacked):
        raise LayoutError(
            f"{path}: the dataset {dataset.name} should have {unpacked} bytes, but {stored} are stored: it is damaged"
        )
    check_unpacked(f"{path}: the dataset {dataset.name}", stored, unpacked)
    if dataset.chunks is None:
        return
    expected = math.prod(-(-length // chunk) for length, chunk in zip(dataset.shape, dataset.chunks, strict=True))
    found = dataset.id.get_num_chunks()
    if found != expected:
        raise LayoutError(f"{path}: the dataset {dataset.name} has {found} of its {expected} chunks: it is damaged")


def check_filters(path: Path, dataset: Any) -> None:
    """Refuse a dataset that was compressed by a filter that is not at hand.

    Raises:
        LayoutError: Naming the file and the filter.
    """
    h5py = import_h5py()
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(index) for index in range(properties.get_nfilters())]
    missing = [name.decode() or str(code) for code, _, _, name in filters if not h5py.h5z.filter_avail(code)]
    if missing:
        raise LayoutError(f"{path} is compressed by {missing}: run `pip install 'pyg-liesym[hdf5]'`")
