"""Opening HDF5 files through h5py, with the compression filters that PyTables uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pyg_liesym.datasets.io.files import LayoutError, naming_damage


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
    """Opens an HDF5 file to read; whatever damage shows inside the ``with`` block names the file.

    Raises:
        ValueError: If the file is damaged or not HDF5.
    """
    h5py = import_h5py()
    with naming_damage(path, "HDF5"), h5py.File(path, "r", locking="best-effort") as file:
        yield file


def check_filters(path: Path, dataset: Any) -> None:
    """Refuses a dataset that was compressed by a filter that is not at hand.

    Raises:
        LayoutError: Naming the file and the filter.
    """
    h5py = import_h5py()
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(index) for index in range(properties.get_nfilters())]
    missing = [name.decode() or str(code) for code, _, _, name in filters if not h5py.h5z.filter_avail(code)]
    if missing:
        raise LayoutError(f"{path} is compressed by {missing}: run `pip install 'pyg-liesym[hdf5]'`")
