"""Which axes of a variable are latitude, longitude and time, and which part of them is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError

EARTH_RADIUS = 6371.0
"""In kilometres."""
Box: TypeAlias = tuple[float, float, float, float]
"""South, north, west and east border in degrees."""

_TIMES = ("time", "time_counter", "t", "valid_time")
_KINDS = {
    "latitude": (("latitude", "lat", "nav_lat"), ("degrees_north", "degree_north", "degrees_n", "degree_n")),
    "longitude": (("longitude", "lon", "nav_lon"), ("degrees_east", "degree_east", "degrees_e", "degree_e")),
}


@dataclass(frozen=True)
class Grid:
    """A regular part of a grid, north first.

    Args:
        time: Name of the axis of time, which need not exist.
        axes: Names of the axes of latitude and longitude.
        rows: Indices of the rows of the file, from north to south.
        columns: Indices of its columns, from west to east.
        latitude: Of the rows, in degrees.
        longitude: Of the columns, in degrees.
    """

    time: str
    axes: tuple[str, str]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]


def geographic_grid(file: Any, variable: Any, path: Path, region: Box | None) -> Grid:
    """Find the axes of a variable by the names and units of their coordinates, as the CF conventions have them.

    Args:
        file: A dataset of xarray.
        variable: One of its variables.
        path: Of the file, for messages.
        region: South, north, west and east border in degrees; all of the grid without.

    Raises:
        LayoutError: If the grid is curvilinear or uneven, an axis is missing, there are several depths, or the region
            is not covered.
    """
    axes = {kind: _axis(file, variable, kind, path) for kind in _KINDS}
    time = next((dim for dim in variable.dims if dim in _TIMES or _is_time(file, dim)), _TIMES[0])
    others = {dim: size for dim, size in variable.sizes.items() if dim not in (*axes.values(), time) and size != 1}
    if others:
        raise LayoutError(
            f"{path}: expected {variable.name} with axes of time, latitude and longitude, and a depth of length one "
            f"at most, got {others} besides: take one first, for instance with .isel in xarray"
        )
    latitude, longitude = (np.asarray(file[axis].values, dtype=np.float64) for axis in axes.values())
    rows, latitude = _rows(latitude, path, region)
    columns, longitude = _columns(longitude, path, region)
    return Grid(time, (axes["latitude"], axes["longitude"]), rows, columns, latitude, longitude)


def _is(variable: Any, kind: str) -> bool:
    names, units = _KINDS[kind]
    if variable.attrs.get("standard_name", kind) != kind:  # that of a rotated pole is grid_latitude
        return False
    return str(variable.name).lower() in names or str(variable.attrs.get("units", "")).lower() in units


def _is_time(file: Any, dim: str) -> bool:
    return dim in file.variables and " since " in str(file[dim].attrs.get("units", ""))


def _axis(file: Any, variable: Any, kind: str, path: Path) -> str:
    own = [str(dim) for dim in variable.dims if dim in file.variables and _is(file[dim], kind)]
    if len(own) == 1:
        return own[0]
    wide = [name for name in file.variables if file[name].ndim == 2 and _is(file[name], kind)]
    if wide:
        raise LayoutError(
            f"{path}: expected {kind} along one axis of {variable.name}, got a curvilinear grid, {wide[0]} "
            f"{list(file[wide[0]].shape)}: bring the velocities to a grid of latitudes and longitudes first"
        )
    raise LayoutError(
        f"{path}: expected {variable.name} with one axis of {kind} in {_KINDS[kind][1][0]}, got the axes "
        f"{list(variable.dims)}"
    )


def _rows(latitude: NDArray[np.float64], path: Path, region: Box | None) -> tuple[NDArray[np.int64], Any]:
    steps = np.diff(latitude)
    if (
        not np.isfinite(latitude).all()
        or np.abs(latitude).max() > 90.01
        or not ((steps > 0).all() or (steps < 0).all())
    ):
        raise LayoutError(f"{path}: expected latitudes in order within ±90, got {latitude[0]:g} to {latitude[-1]:g}")
    rows = np.argsort(-latitude)
    if region is not None:
        south, north = region[:2]
        if not south < north:
            raise LayoutError(f"expected a region (south, north, west, east) with south < north, got {region}")
        rows = rows[(latitude[rows] >= south) & (latitude[rows] <= north)]
    _check_some(rows, region, path, f"latitudes {latitude.min():g} to {latitude.max():g}")
    return rows, latitude[rows]


def _columns(longitude: NDArray[np.float64], path: Path, region: Box | None) -> tuple[NDArray[np.int64], Any]:
    longitude = np.unwrap(longitude, period=360.0)
    steps = np.diff(longitude)
    step = float(np.median(np.abs(steps))) if len(steps) else 1.0
    if not np.isfinite(longitude).all() or not np.allclose(np.abs(steps), step, rtol=0.02) or len(set(steps > 0)) > 1:
        raise LayoutError(f"{path}: expected longitudes at equal steps, got {longitude[0]:g} to {longitude[-1]:g}")
    columns = np.argsort(longitude)
    columns = columns[longitude[columns] < longitude.min() + 360 - step / 2]  # some globes repeat the first meridian
    if region is None:
        return columns, longitude[columns]
    west, east = region[2:]
    if not west < east <= west + 360:
        raise LayoutError(f"expected a region (south, north, west, east) with west < east ≤ west + 360, got {region}")
    slack = step / 100
    places = west + (longitude[columns] - west + slack) % 360 - slack
    order = np.argsort(places)
    order = order[places[order] <= min(east + slack, west + 360 - step / 2)]
    _check_some(order, region, path, f"longitudes {longitude.min():g} to {longitude.max():g}")
    if not np.allclose(np.diff(places[order]), step, rtol=0.02):
        raise LayoutError(f"{path} covers two separate parts of the region {region}: ask for one of them")
    turns = np.round((places - longitude[columns]) / 360)[order]
    return columns[order], longitude[columns[order]] + 360 * turns


def _check_some(chosen: NDArray[np.int64], region: Box | None, path: Path, covers: str) -> None:
    if not len(chosen):
        raise LayoutError(f"{path} has nothing in the region {region}: it covers {covers}")
