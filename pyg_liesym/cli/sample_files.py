"""Samples in NumPy files: all of them, some of them, or added up where they do not fit into memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.crew.hiring import hire
from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.npy import even, num_rows, read_array, read_shards
from pyg_liesym.discovery.discovered_symmetry import Findings
from pyg_liesym.discovery.findings import find_symmetry
from pyg_liesym.discovery.shards import Shards
from pyg_liesym.typing import OptTensor

_PART = 100_000
"""Samples that are read together where files are small."""


def arrays(x: str, y: str | None, num_samples: int | None) -> tuple[Tensor, OptTensor, list[int]]:
    """Samples of one file or of several in their order, no more than are asked for, and how many every file has."""
    files = find_files(x)
    outputs = None
    inputs = torch.as_tensor(np.concatenate(read_shards(files, num_samples)))
    if y is not None:
        outputs = torch.as_tensor(np.concatenate(read_shards(_as_long(find_files(y), files), num_samples)))
    return inputs, outputs, num_rows(files)


def groups_of(groups: Path | Literal["files"] | None, sizes: list[int], num_samples: int | None) -> OptTensor:
    """The group of every sample that is used, of files of some sizes."""
    if groups is None:
        return None
    total = sum(sizes)
    own = np.repeat(np.arange(len(sizes)), sizes) if groups == "files" else read_array(groups)
    if len(own) != total:
        raise ValueError(f"{groups}: expected a group for each of {total} samples, got {len(own)}")
    return torch.as_tensor(own if num_samples is None else own[even(total, num_samples)])


def drawn(sizes: list[int], num_samples: int | None) -> str:
    """Which samples are used, if not all, and of how many files."""
    total, where = sum(sizes), f" in {len(sizes)} files" if len(sizes) > 1 else ""
    if num_samples is not None and num_samples < total:
        return f"{num_samples} of {total} samples{where} are used, taken at even distances.\n"
    return f"{total} samples{where}.\n" if where else ""


def _as_long(files: list[Path], others: list[Path]) -> list[Path]:
    """The files, if they have as many rows as the others, each as its own."""
    if len(files) != len(others):
        raise ValueError(f"expected as many files of y as of x, {len(others)}, got {len(files)}")
    for file, size, other, expected in zip(files, num_rows(files), others, num_rows(others), strict=True):
        if size != expected:
            raise ValueError(f"{file}: y must have one row per sample of x, {expected} as {other} has, got {size}")
    return files


def added_up(
    x: str,
    y: str | None,
    groups: Path | Literal["files"] | None,
    crew_at: tuple[str | None, int | None],
    **options: Any,
) -> Findings:
    """What the samples of many files say, added up."""
    files = [path.absolute() for path in find_files(x)]
    others = None if y is None else _as_long([path.absolute() for path in find_files(y)], files)
    sizes = num_rows(files)
    parts: list[tuple[list[Path], list[Path]]] = []
    filled = _PART
    for number, (file, size) in enumerate(zip(files, sizes, strict=True)):
        if filled + size > _PART:  # small files are read together
            parts.append(([], []))
            filled = 0
        parts[-1][0].append(file)
        parts[-1][1].extend([] if others is None else [others[number]])
        filled += size
    with hire(*crew_at) as crew:
        shards = Shards(read_part, parts, crew)
        findings = find_symmetry(shards, groups=groups_of(groups, sizes, None), **options)
    return replace(findings, reading=drawn(sizes, None) + findings.reading)


def read_part(files: list[Path], others: list[Path]) -> tuple[Any, Any]:
    """Samples of some files, and their outputs."""
    return np.concatenate(read_shards(files)), np.concatenate(read_shards(others)) if others else None
