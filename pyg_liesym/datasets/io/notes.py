"""What files were made from, as their writers note it in them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyg_liesym.datasets.io.files import LayoutError, naming_damage
from pyg_liesym.datasets.io.hdf5 import HDF5_START, open_hdf5

NOTE = "made_from"
"""The name of an object in a ROOT file, of an attribute in an HDF5 file, of metadata in a parquet file."""


def note_text(note: Mapping[str, Any] | None) -> str:
    """A note, plain values by their names, as it is written."""
    return json.dumps(dict(note or {}))


def note_of(path: Path, text: str) -> dict[str, Any]:
    """A note that was read; empty if there was none.

    Raises:
        LayoutError: If it is none, naming the file.
    """
    try:
        note = json.loads(text or "{}")
    except ValueError:
        note = None
    if not isinstance(note, dict):
        raise LayoutError(f"{path}: expected its note {NOTE!r} to be values by their names, got {text[:100]!r}")
    return note


def read_note(path: Path) -> dict[str, Any]:
    """What a ROOT or HDF5 file was made from; empty if nobody has noted that.

    Raises:
        ValueError: If the file is damaged.
    """
    import uproot

    with path.open("rb") as start:
        is_hdf5 = start.read(len(HDF5_START)) == HDF5_START
    if is_hdf5:
        with open_hdf5(path) as file:
            return note_of(path, str(file.attrs.get(NOTE, "")))
    with naming_damage(path, "ROOT"), uproot.open(path) as file:
        return note_of(path, str(file[NOTE]) if NOTE in file else "")
