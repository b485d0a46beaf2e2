"""Files of checkpoints: read without running anything in them, and the newest one that is whole."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from pyg_liesym.datasets.io.files import PathLike

CLASSES = "classes"
"""Where the state of a data module of jets has the names of the classes."""


def local_path(path: PathLike) -> Path:
    """The path of a local file.

    Raises:
        ValueError: If it is an address of another machine or of a registry.
    """
    text = str(path)
    scheme, colon, _ = text.partition(":")
    if "://" in text or (colon and scheme in ("registry", "http", "https")):
        raise ValueError(f"a checkpoint is read from a local file, got the address {text}: download it and check it")
    return Path(path)


def read_checkpoint(path: PathLike, map_location: Any = "cpu") -> dict[str, Any]:
    """Read a checkpoint without running anything that it asks for.

    In torch before 2.10 a crafted file can corrupt memory all the same (CVE-2026-24747).

    Args:
        path: A local file.
        map_location: Where its tensors go.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the path is an address, or the file is damaged or holds more than tensors and plain values.
    """
    path = local_path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        content = torch.load(path, map_location=map_location, weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} holds more than tensors and plain values, and reading it could run code: it was not read"
        ) from error
    except Exception as error:  # of many types, from zip and torch
        says = str(error).splitlines()
        raise ValueError(
            f"{path} is not a complete checkpoint: {type(error).__name__}: {says[0][:200] if says else ''}"
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a checkpoint: expected a dictionary, it holds a {type(content).__name__}")
    return content


def newest_checkpoint(folder: PathLike, name: str) -> tuple[Path | None, list[Path]]:
    """The newest undamaged checkpoint of a name below a folder, and the damaged ones that are newer.

    Args:
        folder: Where to look, in all folders below it too.
        name: How its file name begins, as ``last``. If none of that name is whole, one of any other name will do.

    Raises:
        ValueError: If there are checkpoints of that name, but none of any name is whole.
    """
    damaged: list[Path] = []
    for path in _by_age(Path(folder), name):
        if _is_whole(path):
            return path, damaged
        damaged.append(path)
    if any(path.name.startswith(name) for path in damaged):
        names = ", ".join(map(str, damaged[:5]))
        raise ValueError(f"every checkpoint below {folder} is damaged: {names}; begin anew without `--ckpt_path`")
    return None, damaged


def _by_age(folder: Path, name: str) -> Iterator[Path]:
    of_name = list(folder.rglob(f"{name}*.ckpt"))
    others = [path for path in folder.rglob("*.ckpt") if path not in of_name and not path.name.startswith(".")]
    for paths in (of_name, others if of_name else []):
        yield from sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def _is_whole(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as parts:
            return parts.testzip() is None
    except (OSError, zipfile.BadZipFile, EOFError):
        return False
