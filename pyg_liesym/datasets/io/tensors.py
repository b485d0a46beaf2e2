"""Tensors in safetensors files, whose damage names the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from safetensors import safe_open
from torch import Tensor

from pyg_liesym.datasets.io.files import PathLike, naming_damage


@contextmanager
def open_tensors(path: PathLike) -> Iterator[Any]:
    """Open a safetensors file to read; whatever damage shows inside the ``with`` block names the file.

    Raises:
        ValueError: If the file is damaged, or lacks a tensor that is asked for.
    """
    with naming_damage(path, "safetensors"), safe_open(path, framework="pt") as file:
        yield file


def load_tensor(path: PathLike, name: str) -> Tensor:
    """Read one tensor of a safetensors file.

    Raises:
        ValueError: If the file is damaged, or lacks the tensor.
    """
    with open_tensors(path) as file:
        tensor: Tensor = file.get_tensor(name)
    return tensor
