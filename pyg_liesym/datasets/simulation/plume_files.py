"""The plumes of a setting into files; an interrupted run goes on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from tqdm import tqdm

from pyg_liesym.datasets.simulation.plume import VERSION, import_phiflow, simulate_plumes
from pyg_liesym.datasets.simulation.plume_settings import FRAMES, Plumes, PlumeSetting, plume_batches
from pyg_liesym.datasets.simulation.recipe import check_recipe, is_whole
from pyg_liesym.writing import whole_file

_CHUNK = 12


def plume_files(folder: str | os.PathLike[str], setting: PlumeSetting) -> list[Path]:
    """Names of the files that :func:`write_plumes` makes."""
    return [Path(folder) / f"plumes_{index:05d}.safetensors" for index, _ in enumerate(_chunks(setting, 4))]


def recipe_name(setting: PlumeSetting, resolution: int, frames: int | None = None) -> str:
    """A name for a folder of them, such as ``rotation-64-310frames-1d0c2a7f``: the end stands for the physics."""
    physics = hashlib.sha256(str(VERSION).encode())
    for batch in plume_batches(setting, 4):
        for value in vars(batch).values():
            physics.update(np.asarray(value, dtype=np.float64).tobytes())
    length = FRAMES[setting] if frames is None else frames
    return f"{setting}-{resolution}-{length}frames-{physics.hexdigest()[:8]}"


def write_plumes(
    folder: str | os.PathLike[str],
    setting: PlumeSetting,
    *,
    resolution: int = 64,
    frames: int | None = None,
    progress: bool = True,
) -> list[Path]:
    """Simulate all plumes of a setting into the files ``plumes_00000.safetensors``, … of a folder.

    Every file has some plumes: ``velocity`` ``[S, T, 2, H, W]`` and ``smoke`` ``[S, T, 1, H, W]`` as
    :func:`~pyg_liesym.datasets.simulation.plume.simulate_plumes` gives them. Files that are there already and whole
    are kept, so that an interrupted run goes on where it stopped; damaged ones are made again.

    Args:
        folder: Where to write, with a ``recipe.json`` that says what the files are.
        setting: See :func:`~pyg_liesym.datasets.simulation.plume_settings.plume_batches`.
        resolution: Rows and columns.
        frames: Number of frames (default: the paper's, 310, or 61 for ``graded``).
        progress: Show a progress bar.

    Returns:
        The files, in the order of the plumes.

    Raises:
        ImportError: If PhiFlow is not installed.
        ValueError: If an argument is wrong or the folder holds plumes of another recipe.
    """
    chunks = list(_chunks(setting, resolution))
    frames = FRAMES[setting] if frames is None else frames
    if frames < 1:
        raise ValueError(f"frames must be at least 1, got {frames}")
    import_phiflow()
    folder, files = Path(folder), plume_files(folder, setting)
    settings = {"setting": setting, "resolution": resolution, "frames": frames, "simulation_version": VERSION}
    check_recipe(folder, settings, files, "plumes", before={})
    todo = {path: chunk for path, chunk in zip(files, chunks, strict=True) if not is_whole(path)}
    total, left = frames * len(chunks), frames * len(todo)
    with tqdm(total=total, initial=total - left, unit="frame", desc=setting, disable=None if progress else True) as bar:
        for path, chunk in todo.items():
            result = simulate_plumes(chunk, frames, progress=False, report=bar.update)
            with whole_file(path) as temporary:
                save_file({name: np.ascontiguousarray(values) for name, values in result._asdict().items()}, temporary)
    return files


def _chunks(setting: PlumeSetting, resolution: int) -> Iterator[Plumes]:
    for batch in plume_batches(setting, resolution):
        for first in range(0, len(batch), _CHUNK):
            part = slice(first, first + _CHUNK)
            yield replace(batch, inflow=batch.inflow[part], buoyancy=batch.buoyancy[part])
