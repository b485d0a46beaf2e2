"""Results as a folder: numbers in safetensors, everything else in JSON, nothing that could run."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from pyg_liesym.writing import write_whole


def write_folder(
    path: str | os.PathLike[str], name: str, version: int, tensors: dict[str, Tensor], description: dict[str, Any]
) -> Path:
    """Write ``NAME.safetensors`` and ``NAME.json``.

    Each file is replaced as a whole, and the JSON, which holds the checksum of the tensors, comes last: what is cut
    short leaves either the old result or a folder that `read_folder` refuses.

    Raises:
        ValueError: If the description holds NaN or anything but plain values.
    """
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    data = safetensors.torch.save({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()})
    head = {"format": version, "sha256": hashlib.sha256(data).hexdigest()}
    text = json.dumps({**head, **description}, indent=2, allow_nan=False)
    write_whole(folder / f"{name}.safetensors", data)
    write_whole(folder / f"{name}.json", text.encode())
    return folder


def read_folder(path: str | os.PathLike[str], name: str, version: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `write_folder` wrote.

    Raises:
        FileNotFoundError: If the folder or one of its files is missing.
        ValueError: If the files are damaged, of another version, or do not belong together.
    """
    folder = Path(path)
    text, numbers = folder / f"{name}.json", folder / f"{name}.safetensors"
    for file in (text, numbers):
        if not file.is_file():
            raise FileNotFoundError(f"{folder} holds no {file.name}: expected a folder written by save()")
    data = numbers.read_bytes()
    try:
        description = json.loads(text.read_text())
    except ValueError as error:  # not JSON, or not UTF-8
        raise ValueError(f"{text} is not valid JSON: {error}") from error
    if description.get("format") != version:
        raise ValueError(f"{folder} has format {description.get('format')!r}, this version reads {version}")
    if hashlib.sha256(data).hexdigest() != description["sha256"]:
        raise ValueError(f"{numbers} does not belong to its {text.name} (checksum): save it again")
    return safetensors.torch.load(data), description
