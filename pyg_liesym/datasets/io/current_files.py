"""Eastward and northward velocities on a grid of latitudes and longitudes, from NetCDF files."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, PathLike, find_files, naming_damage, some_of
from pyg_liesym.datasets.io.geographic_grid import EARTH_RADIUS, Box, Grid, geographic_grid
from pyg_liesym.datasets.io.hdf5 import HDF5_START

Names: TypeAlias = tuple[str, str]

_NAMES: tuple[Names, ...] = (("uo", "vo"), ("u", "v"), ("ugos", "vgos"), ("water_u", "water_v"))
_UNITS = {"m s-1", "m/s", "m s^-1", "m s**-1", "m.s-1", "m*s-1", "m/sec", "meter/second", "metre/second"}
_UNITS |= {f"{metre} {rest}" for metre in ("meter", "metre", "meters", "metres") for rest in ("second-1", "per second")}
_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")
_FASTEST = 200.0  # m/s, above any current or wind: what is faster is a marker of gaps that the file does not name
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Currents:
    """Velocities on a grid of latitudes and longitudes, north first.

    Args:
        velocity: Eastward and northward in m/s, float32 ``[T, 2, H, W]``; both are NaN where either is not known.
        latitude: In degrees, descending, ``[H]``.
        longitude: In degrees, ascending eastwards, ``[W]``; beyond 180 or 360 where the grid crosses that meridian.
        time: Ascending, ``datetime64[s]``, ``[T]``; not-a-time for a single frame without one.
        names: What the components are called in the first file.
    """

    velocity: NDArray[np.float32]
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    time: NDArray[np.datetime64]
    names: Names = _NAMES[0]

    @property
    def spacing(self) -> tuple[float, float]:
        """Distances of neighbours to the east, in the mean over the rows, and to the north, in metres."""
        east, north = (np.deg2rad(np.abs(np.diff(axis)).mean()) for axis in (self.longitude, self.latitude))
        narrowing = np.cos(np.deg2rad(self.latitude)).mean()
        return float(1000 * EARTH_RADIUS * narrowing * east), float(1000 * EARTH_RADIUS * north)


def read_currents(
    files: PathLike | Sequence[PathLike], *, names: Names | None = None, region: Box | None = None
) -> Currents:
    """Read the eastward and the northward velocity of NetCDF files that follow each other in time.

    A cell counts as known where both components are finite. A cell where both are exactly zero in every frame counts as
    land, because some files fill land so; a message of the logger says how many there are. Packed values
    (``scale_factor``, ``add_offset``, ``_FillValue``) are unpacked, an axis of one depth is dropped, rows are brought
    from north to south.

    Args:
        files: A file, a glob or a list of them, NetCDF-4 or NetCDF-3, ordered by time.
        names: Names of the eastward and the northward component; by default those of Copernicus (``uo``, ``vo``),
            ``u`` and ``v``, those of altimetry (``ugos``, ``vgos``) or of HYCOM (``water_u``, ``water_v``).
        region: South, north, west and east border in degrees, east of west; longitudes count modulo 360.

    Raises:
        ImportError: If xarray or h5netcdf is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: If a file is damaged; its components are missing, ambiguous, not in m/s or on different grids; the
            grid is curvilinear, uneven or has several depths; frames are missing or out of order; nothing is known.
    """
    paths = find_files(files)
    parts = [_read(path, names, region) for path in paths]
    first = parts[0]
    for path, part in zip(paths, parts, strict=True):
        if not (np.array_equal(part.latitude, first.latitude) and np.array_equal(part.longitude, first.longitude)):
            raise LayoutError(f"{path} has another grid than {paths[0]}: expected the same latitudes and longitudes")
    velocity, time = np.concatenate([p.velocity for p in parts]), np.concatenate([p.time for p in parts])
    where = str(paths[0]) if len(paths) == 1 else f"{paths[0]} to {paths[-1]}"
    _check_times(time, where)
    known = np.isfinite(velocity).all(1)
    rest = known.all(0) & (velocity == 0).all((0, 1))
    if rest.any():
        _log.warning("%s: %d cells are exactly zero in every frame and count as land", where, rest.sum())
    known &= ~rest
    if not known.any():
        raise LayoutError(f"{where}: expected some velocities, got only land and gaps")
    velocity = np.where(known[:, None], velocity, np.float32(np.nan))
    return Currents(velocity, first.latitude, first.longitude, time, first.names)


@contextmanager
def _open(path: Path) -> Iterator[Any]:
    """The file as a dataset of xarray; whatever damage shows inside the ``with`` block names the file."""
    try:
        import h5netcdf  # noqa: F401
        import xarray
    except ImportError as error:
        raise ImportError(
            f"reading NetCDF needs xarray and h5netcdf: run `pip install 'pyg-liesym[ocean]'` ({error})"
        ) from error
    with path.open("rb") as file:
        start = file.read(8)
    if start != HDF5_START and start[:4] not in (b"CDF\x01", b"CDF\x02"):
        raise LayoutError(f"{path} is not NetCDF: expected NetCDF-4 or NetCDF-3, got a file that begins with {start!r}")
    engine = "h5netcdf" if start == HDF5_START else "scipy"
    with (
        naming_damage(path, "NetCDF"),
        xarray.open_dataset(path, engine=engine, decode_times=False, cache=False) as file,
    ):
        yield file


def _read(path: Path, names: Names | None, region: Box | None) -> Currents:
    with _open(path) as file:
        names = _pick(file, names, path)
        parts = [file[name] for name in names]
        for part in parts:
            _check_units(part, path)
        if parts[0].sizes != parts[1].sizes:
            raise LayoutError(
                f"{path}: {parts[0].name} is {dict(parts[0].sizes)} and {parts[1].name} {dict(parts[1].sizes)}: "
                "expected both on one grid, not staggered"
            )
        grid = geographic_grid(file, parts[0], path, region)
        velocity = np.stack([_values(part, grid) for part in parts], 1)
        time = _times(file, grid.time, path) if grid.time in file.variables else _untimed(len(velocity))
    speed = np.abs(velocity[np.isfinite(velocity)]).max(initial=0.0)
    if speed > _FASTEST:
        raise LayoutError(
            f"{path}: expected velocities below {_FASTEST:g} m/s, got {speed:g}: the marker of gaps should be in the "
            f"attribute _FillValue of {parts[0].name} and {parts[1].name}"
        )
    return Currents(velocity, grid.latitude, grid.longitude, time, names)


def _pick(file: Any, names: Names | None, path: Path) -> Names:
    """The names of both components."""
    present = [pair for pair in (_NAMES if names is None else (names,)) if any(name in file for name in pair)]
    if len(present) > 1:
        raise LayoutError(f"{path} has {present}: pass one of these pairs as `names`")
    if not present:
        raise LayoutError(
            f"{path}: expected eastward and northward velocities named {names or ' or '.join(map(str, _NAMES))}, got "
            f"{some_of(file.data_vars)}: pass their names as `names`"
        )
    for name in present[0]:
        if name not in file:
            raise LayoutError(f"{path} lacks {name}: expected {present[0]} in one file, got {some_of(file.data_vars)}")
    return present[0]


def _check_units(part: Any, path: Path) -> None:
    units = part.attrs.get("units")
    if str(units).strip() not in _UNITS:
        raise LayoutError(f"{path}: expected {part.name} in units 'm s-1', got {units!r}: convert it first")


def _values(part: Any, grid: Grid) -> NDArray[np.float32]:
    """A component as ``[T, H, W]``."""
    others = [dim for dim in part.dims if dim not in (grid.time, *grid.axes)]
    part = part.isel({dim: 0 for dim in others}).isel(dict(zip(grid.axes, (grid.rows, grid.columns), strict=True)))
    if grid.time not in part.dims:
        part = part.expand_dims(grid.time)
    return np.asarray(part.transpose(grid.time, *grid.axes).values, dtype=np.float32)


def _times(file: Any, axis: str, path: Path) -> NDArray[np.datetime64]:
    import xarray

    units, calendar = (file[axis].attrs.get(name) for name in ("units", "calendar"))
    if " since " not in str(units) or str(calendar or "standard").lower() not in _CALENDARS:
        raise LayoutError(
            f"{path}: expected {axis} in units such as 'days since 2024-01-01' of the common calendar, got {units!r} "
            f"and calendar {calendar!r}"
        )
    decoded = xarray.decode_cf(file[[axis]], decode_timedelta=False)
    return np.atleast_1d(decoded[axis].values).astype("datetime64[s]")


def _untimed(frames: int) -> NDArray[np.datetime64]:
    return np.full(frames, np.datetime64("NaT"), dtype="datetime64[s]")


def _check_times(time: NDArray[np.datetime64], where: str) -> None:
    """Refuse frames out of order or without a time, and a gap; months may differ in length."""
    if len(time) < 2:
        return
    steps = np.diff(time).astype(np.int64)
    if np.isnat(time).any() or (steps <= 0).any():
        raise LayoutError(f"{where}: expected frames in the order of their times, got {some_of(map(str, time), 6)}")
    if steps.max() > 1.5 * steps.min():
        late = int(steps.argmax())
        raise LayoutError(
            f"{where}: expected frames at equal steps, got none between {time[late]} and {time[late + 1]}: "
            "read the parts before and after it as data sets of their own"
        )
