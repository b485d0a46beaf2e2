"""Jets read piece by piece; results on disk, whole or not at all, and never over what is read."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyg_liesym.writing import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor

    from pyg_liesym.datasets.io.jet_arrays import JetArrays
    from pyg_liesym.datasets.io.jet_file import JetFile
    from pyg_liesym.datasets.io.schema import JetSchema
    from pyg_liesym.datasets.jets.unit_check import UnitCheck


def write_json(path: Path, content: Any) -> None:
    """Write a result as JSON, numbers that are not finite as null; whole or not at all, and makes the folder."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(finite(content), indent=1) + "\n")


def finite(value: Any) -> Any:
    """The same with None for the numbers that JSON has no word for.

    Example:
        >>> finite({"auc": 0.9, "error": [float("nan"), 0.1]})
        {'auc': 0.9, 'error': [None, 0.1]}
    """
    if isinstance(value, Mapping):
        return {name: finite(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors as safetensors, whole or not at all; makes the folder."""
    from safetensors.torch import save_file

    with whole_file(path) as temporary:
        save_file({name: value.contiguous() for name, value in tensors.items()}, temporary)


def keep_apart(read: Iterable[Path], *written: Path) -> None:
    """Refuse to write over a file that is read.

    Raises:
        ValueError: Naming it.
    """
    targets = {path.resolve() for path in written}
    for path in read:
        if path.resolve() in targets:
            raise ValueError(
                f"{path} is among the files to read and would be written over: choose another name or folder"
            )


def write_text(path: Path, text: str) -> None:
    """Write text, under a temporary name until it is whole; makes the folder."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_figure(path: Path, figure: Figure) -> None:
    """Write a picture as PNG, under a temporary name until it is whole; makes the folder."""
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, bbox_inches="tight", format="png")


def schema_of(files: Sequence[Path], tree: str | None = None, schema: Path | None = None) -> JetSchema:
    """What to read from files: as a YAML file says, or all that they have in common.

    Args:
        files: The files.
        tree: Name of the tree in ROOT files, in place of that of the schema.
        schema: The YAML file.

    Raises:
        ValueError: Naming what is wrong with the schema, or with the files.
    """
    from dataclasses import replace

    from pyg_liesym.datasets.io.jet_files import find_common_schema
    from pyg_liesym.datasets.io.schema import JetSchema

    if schema is None:
        return find_common_schema(files, tree)
    read = JetSchema.load(schema)
    return read if tree is None else replace(read, tree=tree)


def warn(command: str, units: UnitCheck) -> None:
    """Say on standard error what is odd about the unit of jets, if anything is."""
    if warning := units.warning():
        sys.stderr.write(f"liesym {command}: {warning}\n")


def pieces(file: JetFile, chunk_size: int, title: str, progress: bool = True) -> Iterator[JetArrays]:
    """Read a file piece by piece, with a bar on a terminal."""
    from tqdm import tqdm

    if chunk_size < 1:
        raise ValueError(f"chunk_size must be at least 1, got {chunk_size}")
    disable = None if progress else True
    with tqdm(total=file.num_jets, desc=title, unit="jet", unit_scale=True, disable=disable) as bar:
        for start in range(0, file.num_jets, chunk_size):
            jets = file.read(start, min(start + chunk_size, file.num_jets))
            yield jets
            bar.update(len(jets))
