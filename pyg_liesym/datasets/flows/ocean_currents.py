"""Currents at the surface of the ocean, for forecasting."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Data

from pyg_liesym.datasets.flows.flow_windows import FlowWindows, share_of
from pyg_liesym.datasets.io.current_files import Names, read_currents
from pyg_liesym.datasets.io.files import PathLike, find_files
from pyg_liesym.datasets.io.geographic_grid import Box
from pyg_liesym.datasets.io.tensors import load_tensor

OceanSplit: TypeAlias = Literal["train", "val", "test", "all"]
OceanSplitting: TypeAlias = Literal["region", "time"]


class OceanCurrents(FlowWindows):
    r"""Patches of the ocean with their currents, land and gaps masked, from NetCDF files of Copernicus Marine.

    The real data of `EquNet <https://arxiv.org/abs/2002.03061>`_ (Wang, Walters, Yu, ICLR 2021), from whatever file one
    has: ``uo`` and ``vo`` of `Global Ocean Physics <https://doi.org/10.48670/moi-00016>`_, or any other eastward and
    northward velocities in m/s on a grid of latitudes and longitudes; names, packing and the order of rows are taken
    care of, a curvilinear grid is refused. Nothing is downloaded. Reading needs the extra ``ocean``.

    The grid is cut into square patches side by side, from its middle outwards; what is left over at the borders is
    dropped, and so are patches with too little water. With ``by="region"`` the patches are split: from west to east,
    the last 15 % of the columns of patches are ``test``, those before ``val``, at least one each, the others ``train``;
    no two splits share a place. With ``by="time"`` the frames are split: the last 15 % are ``test``, those before
    ``val``, at least one window each, the others ``train``; no two splits share a frame, not even one that is given, as
    long as they agree on ``least_frames``.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        split: ``"train"``, ``"val"``, ``"test"`` or ``"all"``.
        files: The files, a glob or a list in the order of time; by default those in ``raw/`` that end in ``.nc``.
        by: What the splits divide, ``"region"`` or ``"time"``.
        history: Frames that are given.
        horizon: Frames that follow, to be forecast.
        patch: Rows and columns of a patch; the paper has 64.
        region: South, north, west and east border in degrees, for instance ``(-50, 0, 160, 280)`` in the Pacific.
        names: Names of the two components, where they are not known.
        least_frames: Frames that each split has at least (``by="time"``), by default those of a window. Splits with
            windows of different lengths share no frame if all are told the longest.
        least_water: Least share of a patch's cells where the velocity is known in every frame.
        fill: What stands in ``x`` and ``y`` where ``mask`` is False. NaN by default, so that land cannot be mistaken
            for water at rest; a network needs a number, 0.0 for instance, and a loss that asks ``mask``.
        transform: Called on every window when it is read.
        force_reload: Read the files again even if there is a cache.

    Shapes:
        An item is ``Data`` with ``x [1, history, 2, P, P]``, ``y [1, horizon, 2, P, P]``, components eastward and
        northward, row 0 northernmost; ``mask [1, history + horizon, 1, P, P]``, True where the velocity is known; the
        number of its patch, ``simulation``, and of the ``frame`` that ``y`` begins with; ``latitude [1, P]`` and
        ``longitude [1, P]``. ``velocity`` ``[S, T, 2, P, P]`` has all, NaN where nothing is known.

    Units:
        m/s; latitudes and longitudes in degrees; ``time`` ``[T]`` in seconds since 1970. A step to the east is shorter
        than one to the north by the cosine of the latitude.

    Raises:
        ImportError: If xarray or h5netcdf is not installed.
        FileNotFoundError: If there is no file.
        ValueError: If an argument is wrong, a file does not fit, no patch has enough water, or no window fits.
    """

    def __init__(
        self,
        root: str,
        split: OceanSplit = "train",
        *,
        files: PathLike | Sequence[PathLike] | None = None,
        by: OceanSplitting = "region",
        history: int = 1,
        horizon: int = 1,
        patch: int = 64,
        region: Box | None = None,
        names: Names | None = None,
        least_frames: int | None = None,
        least_water: float = 0.5,
        fill: float = math.nan,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        for name, value, known in (("split", split, OceanSplit), ("by", by, OceanSplitting)):
            if value not in get_args(known):
                raise ValueError(f"{name} must be one of {list(get_args(known))}, got {value!r}")
        if least_frames is not None and least_frames < history + horizon:
            raise ValueError(f"least_frames must hold a window of {history} + {horizon} frames, got {least_frames}")
        if patch < 1 or not 0 < least_water <= 1:
            raise ValueError(f"expected a patch of at least 1 and 0 < least_water ≤ 1, got {patch} and {least_water}")
        self.split, self.by, self.patch, self.region, self.names = split, by, patch, region, names
        self.least_water, self.least_frames = least_water, least_frames or history + horizon
        self._files = None if files is None else find_files(files)
        super().__init__(root, history, horizon, fill=fill, transform=transform, force_reload=force_reload)
        self.latitude, self.longitude, self.time = (
            load_tensor(self.processed_paths[0], name) for name in ("latitude", "longitude", "time")
        )
        self.choose(*self._part())

    @property
    def raw_file_names(self) -> list[str]:
        """The files."""
        if self._files is not None:
            return [str(path.resolve()) for path in self._files]
        return sorted(path.name for path in Path(self.raw_dir).glob("*.nc")) or ["*.nc"]

    @property
    def processed_file_names(self) -> list[str]:
        """The name holds everything that changes the content."""
        states = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in map(Path, self.raw_paths)]
        key = json.dumps([states, self.patch, self.region, self.names, self.least_water])
        return [f"currents-{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"]

    def download(self) -> None:
        """Say where files come from, as none is downloaded.

        Raises:
            FileNotFoundError: Always.
        """
        raise FileNotFoundError(
            f"there is no .nc file in {self.raw_dir}: get one, for instance with `copernicusmarine subset` of "
            "cmems_mod_glo_phy-cur_anfc_0.083deg_P1D-m (free, after registration), or pass `files`"
        )

    def process(self) -> None:
        """Cut the patches."""
        currents = read_currents(self.raw_paths, names=self.names, region=self.region)
        height, width = currents.velocity.shape[-2:]
        tops, lefts = (_tiles(size, self.patch) for size in (height, width))
        corners = [(top, left) for top in tops for left in lefts if self._is_water(currents.velocity, top, left)]
        if not corners:
            raise ValueError(
                f"no patch of {self.patch} × {self.patch} in {height} × {width} cells has known velocities in a share "
                f"of {self.least_water:g}: ask for a smaller patch, another region or less water"
            )
        patches = [currents.velocity[:, :, y : y + self.patch, x : x + self.patch] for y, x in corners]
        self.save(
            torch.from_numpy(np.stack(patches)),
            latitude=torch.from_numpy(np.stack([currents.latitude[y : y + self.patch] for y, _ in corners])).float(),
            longitude=torch.from_numpy(np.stack([currents.longitude[x : x + self.patch] for _, x in corners])).float(),
            time=torch.from_numpy(currents.time.astype(np.int64)),
        )

    def _is_water(self, velocity: NDArray[np.float32], top: int, left: int) -> bool:
        own = velocity[:, 0, top : top + self.patch, left : left + self.patch]
        return bool(np.isfinite(own).all(0).mean() >= self.least_water)

    def _part(self) -> tuple[list[int], int, int]:
        """The patches of the split, and the frames that its forecasts may begin with."""
        frames, everywhere = self.velocity.size(1), list(range(len(self.velocity)))
        if self.split == "all":
            return everywhere, 0, frames
        if self.by == "time":
            first, last = share_of(frames, self.least_frames, self.split, "frames")
            return everywhere, first + self.history, last - self.horizon + 1
        west = self.longitude[:, 0]
        columns = west.unique()
        first, last = share_of(len(columns), 1, self.split, "columns of patches with enough water")
        chosen = torch.isin(west, columns[first:last])
        return chosen.nonzero().flatten().tolist(), 0, frames

    def get(self, idx: int) -> Data:
        """One window."""
        data = super().get(idx)
        data.latitude, data.longitude = self.latitude[None, data.simulation], self.longitude[None, data.simulation]
        return data


def _tiles(size: int, patch: int) -> range:
    """Where patches begin that lie side by side in the middle of an axis."""
    return range(size % patch // 2, size - patch + 1, patch)
