"""Eastward and northward velocities into NetCDF files, as ``read_currents`` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.writing import write_whole

_STANDARD = ("eastward_sea_water_velocity", "northward_sea_water_velocity")
_FILL = np.float32(9.96921e36)  # NetCDF's own


def write_currents(
    path: PathLike,
    velocity: NDArray[np.float32],
    *,
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
    time: NDArray[np.datetime64],
    names: tuple[str, str] = ("uo", "vo"),
    attributes: Mapping[str, Any],
) -> None:
    """Write velocities by the CF conventions, NaN as ``_FillValue``; the file appears when it is whole.

    The format is NetCDF-3 (64-bit offsets), which needs no HDF5 and is read everywhere.

    Args:
        path: The file to write; its folder is made if needed.
        velocity: Eastward and northward in m/s, ``[T, 2, H, W]``, NaN where nothing is known.
        latitude: In degrees, ``[H]``.
        longitude: In degrees, ``[W]``.
        time: ``[T]``.
        names: Names of the two components; the standard names are written for ``uo`` and ``vo``.
        attributes: Of the whole file, such as ``title``.

    Raises:
        ImportError: If xarray is not installed.
        OSError: If the disk is full; the file then does not appear.
    """
    try:
        import xarray
    except ImportError as error:
        raise ImportError(f"writing NetCDF needs xarray: run `pip install 'pyg-liesym[ocean]'` ({error})") from error
    dims = ("time", "latitude", "longitude")
    seconds = time.astype("datetime64[s]").astype(np.int64).astype(np.float64)
    coordinates = {
        "time": (
            "time", seconds, {"standard_name": "time", "units": "seconds since 1970-01-01 00:00:00", "axis": "T",
            "calendar": "proleptic_gregorian"},
        ),
        "latitude": ("latitude", latitude, {"standard_name": "latitude", "units": "degrees_north", "axis": "Y"}),
        "longitude": ("longitude", longitude, {"standard_name": "longitude", "units": "degrees_east", "axis": "X"}),
    }  # fmt: skip
    parts = {}
    for k, name in enumerate(names):
        standard = {"standard_name": _STANDARD[k]} if names == ("uo", "vo") else {}
        parts[name] = (dims, velocity[:, k], {"units": "m s-1", **standard})
    file = xarray.Dataset(parts, coordinates, {"Conventions": "CF-1.8", **attributes})
    encoding = {name: {"_FillValue": _FILL, "dtype": "float32"} for name in names}
    encoding |= {name: {"_FillValue": None} for name in coordinates}
    write_whole(path, bytes(file.to_netcdf(engine="scipy", format="NETCDF3_64BIT", encoding=encoding)))
