"""Simulated convection in a file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from pyg_liesym.datasets.simulation.convection import VERSION, Convection, simulate_convection
from pyg_liesym.datasets.simulation.recipe import check_recipe, is_whole
from pyg_liesym.writing import whole_file


def convection_file(folder: str | os.PathLike[str]) -> Path:
    """Name of the file that :func:`write_convection` makes."""
    return Path(folder) / "convection_00000.safetensors"


def recipe_name(convection: Convection, frames: int, interval: float, start: float) -> str:
    """A name for its folder, such as ``1e+06-64-300frames-1d0c2a7f``: the end stands for the physics."""
    physics = hashlib.sha256(repr((VERSION, convection, interval, start)).encode()).hexdigest()
    return f"{convection.rayleigh:.3g}-{convection.rows}-{frames}frames-{physics[:8]}"


def write_convection(
    folder: str | os.PathLike[str],
    convection: Convection,
    frames: int,
    *,
    interval: float = 0.5,
    start: float = 10.0,
    progress: bool = True,
) -> Path:
    """Simulate convection into the file ``convection_00000.safetensors`` of a folder, if it is not there already.

    It has ``velocity`` ``[S, T, 2, H, W]`` and ``temperature`` ``[S, T, 1, H, W]`` as
    :func:`~pyg_liesym.datasets.simulation.convection.simulate_convection` gives them.

    Args:
        folder: Where to write, with a ``recipe.json`` that says what the file is.
        convection: What is simulated.
        frames: Number of frames.
        interval: Time between them, in free-fall times.
        start: Time of the first.
        progress: Show a progress bar.

    Raises:
        ValueError: If an argument is wrong or the folder holds convection of another recipe.
    """
    path = convection_file(folder)
    settings = {**asdict(convection), "frames": frames, "interval": interval, "start": start}
    settings |= {"seeds": list(convection.seeds), "simulation_version": VERSION}
    check_recipe(Path(folder), settings, [path], "convection", before={})
    if not is_whole(path):
        result = simulate_convection(convection, frames, interval=interval, start=start, progress=progress)
        with whole_file(path) as temporary:
            save_file({name: np.ascontiguousarray(values) for name, values in result._asdict().items()}, temporary)
    return path
