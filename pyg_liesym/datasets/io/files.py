"""Paths, globs, and damage that is named."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

PathLike: TypeAlias = str | os.PathLike[str]


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


class LayoutError(ValueError):
    """A file that is whole and readable but does not have what is needed."""


@contextmanager
def naming_damage(path: PathLike, kind: str) -> Iterator[None]:
    """Turns whatever a library raises on a damaged file into a ValueError that names the file.

    A :class:`LayoutError` passes: the file is fine, and the message its own.

    Damaged bytes surface as errors of many types: struct, lzma, zlib, key, index, assertion, …
    """
    try:
        yield
    except LayoutError:
        raise
    except Exception as error:
        says = str(error).strip().splitlines()
        raise ValueError(
            f"{path} is not a complete {kind} file: {type(error).__name__}: {says[0][:300] if says else ''}"
        ) from error
