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


def read_recording(flow: str, names: Names | None = None, region: Box | None = None) -> Recording:
    """Read velocities from an ``.npy`` file ``[time, 2, H, W]``, or from NetCDF files, a path or a glob.

    Args:
        flow: The file.
        names: Names of the eastward and the northward velocity, where they are not known (NetCDF).
        region: South, north, west and east border in degrees (NetCDF).

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file, if it has something else, or its frames are not at equal times.
    """
    ending = Path(flow).suffix.lower()
    if ending == ".npz" or ending in MESHES:
        raise ValueError(f"{flow}: expected a lattice, in .npy or NetCDF; `liesym broken` takes points and meshes")
    if ending not in (".nc", ".nc4", ".cdf"):
        if names is not None or region is not None:
            raise ValueError(f"{flow}: names and a region are of NetCDF files; a NumPy file has neither")
        values = read_array(flow, gaps=True)
        if values.ndim != 4 or values.shape[1] != 2:
            raise ValueError(f"{flow}: expected velocities [time, 2, H, W], got {list(values.shape)}")
        return Recording(torch.as_tensor(values))
    currents = read_currents(flow, names=names, region=region)
    steps = np.diff(currents.time.astype("int64"))
    if len(steps) and not (steps == steps[0]).all():
        raise ValueError(f"{flow}: expected frames at equal times, got steps of {steps.min()} to {steps.max()} seconds")
    step = float(steps[0]) if len(steps) else None
    return Recording(torch.from_numpy(currents.velocity), step, currents, currents.spacing)


def read_anywhere(
    flow: str,
    names: Names | None,
    region: Box | None,
    *,
    field: str | None,
    spacing: float | None,
    step: float | None,
) -> Recording:
    """Read a flow on a lattice as :func:`read_recording` does, or at points and on meshes.

    Args:
        flow: The file, or a glob.
        names: As above.
        region: As above.
        field: Name of the velocities (meshes).
        spacing: Stands for what the file says; of points it is that of the lattice.
        step: Stands for what the file says.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: Naming the file, if it has something else, or an option is for others.
    """
    ending = Path(flow).suffix.lower()
    if field is not None and ending not in MESHES:
        raise ValueError(f"{flow}: the name of a field is of meshes, {', '.join(MESHES)}")
    if ending != ".npz" and ending not in MESHES:
        recording = read_recording(flow, names, region)
        given = recording.spacing if spacing is None else (spacing, spacing)
        return replace(recording, spacing=given, step=recording.step if step is None else step)
    if names is not None or region is not None:
        raise ValueError(f"{flow}: names and a region are of NetCDF files; points have neither")
    recording = _points(flow, field, spacing)
    step = recording.step if step is None else step
    # Units go together only if both are known.
    return replace(recording, spacing=None if step is None else recording.spacing, step=step)


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
