"""Arrays in NumPy files, whole or in ranges of rows."""

from __future__ import annotations

import math
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, check_unpacked, naming_damage, some_of

NPY_START = b"\x93NUMPY"
"""The bytes that an ``.npy`` file begins with."""
_REAL = "fiub"


class ArrayRows:
    """An array of an ``.npy`` file, or one of those in an ``.npz``, read in ranges along its first axis.

    What its header says is compared with the size of the file before anything is read. An ``.npz`` may be one
    compressed stream: reading forwards is fast, going back starts over.

    Args:
        path: The file.
        name: The name of the array in an ``.npz``; None for an ``.npy`` file.

    Raises:
        ValueError: If the file is damaged.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.path, self._name = path, name
        self._where = f"{path}" if name is None else f"{path}: {name}"
        self._stream: IO[bytes] | None = None
        with naming_damage(path, self._kind), self._open() as stream:
            self.shape, fortran, self.dtype = _header(stream)
            self._order: Literal["C", "F"] = "F" if fortran and len(self.shape) > 1 else "C"
            self._start = stream.tell()
        if self.dtype.kind in _REAL:
            self._check_size(self._start + math.prod(self.shape) * self.dtype.itemsize)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_stream": None}

    def read(self, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """The rows ``start:stop``, as :func:`native` arrays.

        Raises:
            ValueError: If the file is damaged, the array has something else than real numbers, or a part is asked for
                of one that is stored column by column.
        """
        if self.dtype.kind not in _REAL:
            raise ValueError(f"{self._where}: expected real numbers, got {self.dtype}")
        stop = self.shape[0] if stop is None else stop
        if self._order == "F" and stop - start < self.shape[0]:
            raise ValueError(f"{self._where} is stored column by column: save numpy.ascontiguousarray of it")
        size = self.dtype.itemsize * math.prod(self.shape[1:])
        content = bytearray((stop - start) * size)
        with naming_damage(self.path, self._kind):
            stream = self._stream or self._open()
            self._stream = None
            try:
                stream.seek(self._start + start * size)
                if stream.readinto(content) != len(content):  # type: ignore[attr-defined]
                    raise EOFError("it ends too early")
                self._stream = stream if self._name is not None and stop < self.shape[0] else None
            finally:
                if self._stream is None:
                    stream.close()
        return native(np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:], order=self._order))

    @property
    def _kind(self) -> str:
        return "NumPy .npy" if self._name is None else "npz"

    def _open(self) -> IO[bytes]:
        if self._name is None:
            return self.path.open("rb")
        return zipfile.ZipFile(self.path).open(f"{self._name}.npy")

    def _check_size(self, expected: int) -> None:
        if self._name is None:
            found = self.path.stat().st_size
        else:
            with naming_damage(self.path, "npz"), zipfile.ZipFile(self.path) as archive:
                entry = archive.getinfo(f"{self._name}.npy")
            found = entry.file_size
            check_unpacked(self._where, entry.compress_size, found)
        if found != expected:
            raise LayoutError(
                f"{self._where} says that it has numbers {list(self.shape)} of {self.dtype}, {expected} bytes, but has "
                f"{found}: it is damaged"
            )


def arrays_in(path: Path) -> list[str]:
    """The names of the arrays in an ``.npz`` file.

    Raises:
        ValueError: If the file is damaged.
    """
    with naming_damage(path, "npz"), zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise LayoutError(f"{path} has the arrays {some_of(twice)} more than once")
    return names


def read_shards(files: Sequence[Path], rows: int | None = None) -> list[NDArray[Any]]:
    """Read arrays that are parts of one, a file after the other.

    Args:
        files: The ``.npy`` files.
        rows: Keep at most this many rows of all files together, at even distances; all if not given. Then no more is
            held than these rows and one file.

    Returns:
        The rows that are kept of every file.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: Naming the file, if it holds nothing, no finite real numbers, or others than the first one does.
    """
    sizes = num_rows(files)
    total = sum(sizes)
    kept = np.arange(total) if rows is None else even(total, rows)
    parts, start, kind = [], 0, ""
    for path, size in zip(files, sizes, strict=True):
        array = read_array(path)
        if size == 0:
            raise ValueError(f"{path} has no rows")
        own = f"[samples, {', '.join(map(str, array.shape[1:]))}]" if array.ndim > 1 else "[samples]"
        own += " of integers" if array.dtype.kind in "iub" else " of real numbers"
        kind = kind or own
        if own != kind:
            raise ValueError(f"{path}: expected {kind} as in {files[0]}, got {own}")
        parts.append(array[kept[(kept >= start) & (kept < start + size)] - start])
        start += size
    return parts


def num_rows(files: Sequence[Path]) -> list[int]:
    """The rows of every file, from its header; the errors are those of `read_array`."""
    return [_one_array(path).shape[0] for path in files]


def even(total: int, most: int) -> NDArray[np.int64]:
    """At most so many of some positions, at even distances, ascending.

    Example:
        >>> even(10, 4).tolist()
        [0, 3, 6, 9]
    """
    return np.linspace(0, total - 1, min(total, most)).astype(np.int64)


def read_array(path: str | Path, *, gaps: bool = False) -> NDArray[Any]:
    """Read one array of finite real numbers from a ``.npy`` file, without unpickling anything.

    Args:
        path: The file.
        gaps: Whether NaN may stand for what was not measured.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file, if it holds something else.
    """
    array = _one_array(Path(path)).read()
    if not (np.isfinite(array) | (gaps & np.isnan(array))).all():
        raise ValueError(f"{path}: {int((~np.isfinite(array)).sum())} of {array.size} entries are not finite")
    return array


def _one_array(path: Path) -> ArrayRows:
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    with path.open("rb") as file:
        start = file.read(len(NPY_START))
    if start.startswith(b"PK"):
        raise ValueError(
            f"{path} is an archive of arrays ({', '.join(arrays_in(path))}): save the one you mean, "
            f"numpy.save('x.npy', numpy.load('{path}')[name])"
        )
    if start != NPY_START:
        raise ValueError(
            f"{path} is not a NumPy .npy file; if it is a table of text, write "
            f"numpy.save('x.npy', numpy.loadtxt('{path}', delimiter=','))"
        )
    return ArrayRows(path)


def native(array: NDArray[Any]) -> NDArray[Any]:
    """The array in the byte order of this machine, and real numbers at most in double precision."""
    double = array.dtype.kind == "f" and array.dtype.itemsize > 8
    return array.astype(np.float64 if double else array.dtype.newbyteorder("="), copy=False)


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if not shape:
        raise ValueError("expected an array with rows, got a single number")
    return shape, bool(fortran), dtype
