"""A recorded flow out of a NumPy file, of NetCDF files, or of points and meshes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.datasets.io.current_files import Currents, Names, read_currents
from pyg_liesym.datasets.io.geographic_grid import Box
from pyg_liesym.datasets.io.npy import read_array
from pyg_liesym.datasets.io.point_flows import MESHES, read_point_flow
from pyg_liesym.field.scattered import lattice_of_points, lattice_values

_NETCDF = (".nc", ".nc4", ".cdf")


@dataclass(frozen=True)
class Recording:
    """Frames at equal times, and what the file tells of them.

    Attributes:
        velocity: Frames ``[T, 2, H, W]``, NaN where nothing is known.
        step: Time between frames, of NetCDF in seconds; None for a NumPy file or a single frame.
        currents: Where and when they are; None for a NumPy file.
        spacing: Distances of neighbours in x and in y; None for a NumPy file.
        points: How points were brought to this lattice, in a sentence; empty for a flow on a lattice.
    """

    velocity: Tensor
    step: float | None = None
    currents: Currents | None = None
    spacing: tuple[float, float] | None = None
    points: str = ""


def at_points(flow: str) -> bool:
    """Whether a file has a flow at points or on meshes, by its ending."""
    return Path(flow).suffix.lower() in (".npz", *MESHES)


def read_recording(
    flow: str,
    names: Names | None = None,
    region: Box | None = None,
    *,
    field: str | None = None,
    spacing: float | None = None,
    step: float | None = None,
) -> Recording:
    """Read a flow: NumPy ``[time, 2, H, W]``, NetCDF, points in ``.npz``, or meshes.

    Args:
        flow: The file, or a glob.
        names: Names of the eastward and the northward velocity, where they are not known (NetCDF).
        region: South, north, west and east border in degrees (NetCDF).
        field: Name of the velocities (meshes).
        spacing: Stands for what the file says; of points it is that of the lattice.
        step: Stands for what the file says.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file, if it has something else, its frames are not at equal times, or an option is for
            others.
    """
    ending = Path(flow).suffix.lower()
    if field is not None and ending not in MESHES:
        raise ValueError(f"{flow}: the name of a field is of meshes, {', '.join(MESHES)}")
    if ending not in _NETCDF and not (names is None and region is None):
        raise ValueError(f"{flow}: names and a region are of NetCDF files, {', '.join(_NETCDF)}")
    if at_points(flow):
        recording = _points(flow, field, spacing)
    else:
        recording = _currents(flow, names, region) if ending in _NETCDF else _array(flow)
        recording = recording if spacing is None else replace(recording, spacing=(spacing, spacing))
    step = recording.step if step is None else step
    # The spacing of points is known; units go together only if that of time is too.
    return replace(recording, spacing=None if at_points(flow) and step is None else recording.spacing, step=step)


def _array(flow: str) -> Recording:
    values = read_array(flow, gaps=True)
    if values.ndim != 4 or values.shape[1] != 2:
        raise ValueError(f"{flow}: expected velocities [time, 2, H, W], got {list(values.shape)}")
    return Recording(torch.as_tensor(values))


def _currents(flow: str, names: Names | None, region: Box | None) -> Recording:
    currents = read_currents(flow, names=names, region=region)
    steps = np.diff(currents.time.astype("int64"))
    if len(steps) and not (steps == steps[0]).all():
        raise ValueError(f"{flow}: expected frames at equal times, got steps of {steps.min()} to {steps.max()} seconds")
    step = float(steps[0]) if len(steps) else None
    return Recording(torch.from_numpy(currents.velocity), step, currents, currents.spacing)


def _points(flow: str, field: str | None, spacing: float | None) -> Recording:
    points = read_point_flow(flow, field=field)
    pos = torch.from_numpy(points.pos)
    try:
        lattice = lattice_of_points(pos, spacing)
    except ValueError as error:
        raise ValueError(f"{flow}: {error}") from error
    velocity = lattice_values(torch.from_numpy(points.velocity), pos, lattice)
    density = "as dense as they are" if spacing is None else "as asked for"
    said = (
        f"{len(pos)} points were brought to a lattice of {lattice.height} × {lattice.width} places, {density}, at a "
        f"spacing of {lattice.spacing[0]:.4g}; {100 * float(velocity.isfinite().double().mean()):.0f} % of its places "
        "have points near."
    )
    return Recording(velocity, points.step, None, lattice.spacing, said)
