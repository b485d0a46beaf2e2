"""A recorded flow out of a NumPy file or of NetCDF files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.datasets.io.current_files import Currents, Names, read_currents
from pyg_liesym.datasets.io.geographic_grid import Box
from pyg_liesym.datasets.io.npy import read_array


@dataclass(frozen=True)
class Recording:
    """Frames at equal times, and what the file tells of them.

    Attributes:
        velocity: Frames ``[T, 2, H, W]``, NaN where nothing is known.
        step: Seconds between frames; None for a NumPy file or a single frame.
        currents: Where and when they are; None for a NumPy file.
    """

    velocity: Tensor
    step: float | None = None
    currents: Currents | None = None


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
    if not flow.endswith((".nc", ".nc4", ".cdf")):
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
    return Recording(torch.from_numpy(currents.velocity), float(steps[0]) if len(steps) else None, currents)
