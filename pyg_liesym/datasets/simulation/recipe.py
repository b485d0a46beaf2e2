"""The note beside simulated files that says what they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from pyg_liesym.datasets.io.files import read_json
from pyg_liesym.writing import whole_file

_log = logging.getLogger(__name__)


def check_recipe(
    folder: Path, settings: Mapping[str, Any], files: Collection[Path], what: str, *, before: Mapping[str, Any]
) -> None:
    """Refuse to mix what was simulated by different recipes in one folder, and note the recipe in a new one.

    Args:
        folder: Folder of the files, with their ``recipe.json``.
        settings: What their content depends on.
        files: The files that are asked for, all with one suffix.
        what: What they hold, and how their names begin.
        before: The values of settings that recipes lack if they were written before these existed.

    Raises:
        ValueError: If the folder has another recipe or more files, or its recipe is damaged.
    """
    note = folder / "recipe.json"
    try:
        found = {**before, **read_json(note)} if note.exists() else settings
    except (TypeError, ValueError) as error:
        raise ValueError(f"{note} is damaged ({error}): choose another folder, or delete it with its files") from error
    suffix = next(iter(files)).suffix
    surplus = set(folder.glob(f"{what}_*{suffix}")) - set(files)
    if found != settings or surplus:
        holds = f"made with {found}" if found != settings else f"{len(surplus)} files more than asked for"
        raise ValueError(
            f"{folder} holds {what} {holds}, but the call asks for {settings} and {len(files)} files: choose another "
            "folder, or delete the files to make them anew"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(note) as temporary:
        temporary.write_text(json.dumps(settings, indent=2) + "\n")


def is_whole(path: Path) -> bool:
    """Whether there is a safetensors file that can be read; a damaged one is named in the log."""
    if not path.exists():
        return False
    try:
        with safe_open(path, framework="np"):
            return True
    except SafetensorError as error:
        _log.warning("%s is made again: %s", path, error)
        return False
