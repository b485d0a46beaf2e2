"""Files that appear under their name only when they are whole."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_UNFINISHED = ".unfinished"


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a name beside ``path`` to write to; the file becomes ``path`` at the end and vanishes on an error.

    The contents reach the disk before the name changes, so that not even a power cut leaves half a file under
    ``path``. What was there before stays until then. Permissions are those of any new file, whatever the library that
    writes it would choose.

    Args:
        path: The file to write; its folder is made if needed.

    Yields:
        A path in the same folder, at which an empty file lies already. It ends with ``.unfinished``, so that no glob
        for the suffix of ``path`` finds it.

    Raises:
        OSError: If the disk is full or the folder cannot be written to.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     with whole_file(f"{folder}/new/notes.txt") as unfinished:
        ...         _ = unfinished.write_text("all of it")
        ...     (unfinished.exists(), Path(folder, "new/notes.txt").read_text())
        (False, 'all of it')
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Processes of several machines may have one number, and write the same file where one of them was given up.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        unfinished.touch(mode=0o666)  # less the umask
        mode = unfinished.stat().st_mode
        yield unfinished
        # Some libraries put a file of their own there.
        os.chmod(unfinished, mode)
        _to_disk(unfinished)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    with suppress(OSError):  # not every system opens folders
        _to_disk(path.parent)


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write bytes to a file that appears when it is whole; see :func:`whole_file`."""
    with whole_file(path) as unfinished:
        unfinished.write_bytes(content)


def sweep(folder: str | os.PathLike[str], names: Collection[str] | None = None) -> None:
    """Remove what processes that were killed while they wrote have left in a folder.

    Args:
        folder: The folder.
        names: The files that they wrote, none of which anybody writes now; all if not given.
    """
    for unfinished in Path(folder).glob(f".*{_UNFINISHED}"):
        name = unfinished.name[1:].removesuffix(_UNFINISHED).rpartition(".")[0]
        if names is None or name in names:
            unfinished.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
