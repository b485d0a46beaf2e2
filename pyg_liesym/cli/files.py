"""Jets read piece by piece; results on disk, whole or not at all."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyg_liesym.writing import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from pyg_liesym.datasets.io.jet_arrays import JetArrays
    from pyg_liesym.datasets.io.jet_files import JetFile


def write_json(path: Path, content: Any) -> None:
    """Write a result as JSON, under a temporary name until it is whole; makes the folder."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write text, under a temporary name until it is whole; makes the folder."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_figure(path: Path, figure: Figure) -> None:
    """Write a picture as PNG, under a temporary name until it is whole; makes the folder."""
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, bbox_inches="tight", format="png")


def pieces(file: JetFile, chunk_size: int, title: str) -> Iterator[JetArrays]:
    """Read a file piece by piece, with a bar."""
    from tqdm import tqdm

    if chunk_size < 1:
        raise ValueError(f"chunk_size must be at least 1, got {chunk_size}")
    with tqdm(total=file.num_jets, desc=title, unit="jet", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
        for start in range(0, file.num_jets, chunk_size):
            jets = file.read(start, min(start + chunk_size, file.num_jets))
            yield jets
            bar.update(len(jets))
