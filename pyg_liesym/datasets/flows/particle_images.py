"""Velocities measured in pairs of pictures of particles."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch_geometric.data import Data
from tqdm import tqdm

from pyg_liesym.datasets.flows.flow_windows import FlowWindows
from pyg_liesym.datasets.flows.velocimetry import measure_velocities
from pyg_liesym.datasets.io.files import PathLike, in_package
from pyg_liesym.datasets.io.pictures import read_picture

VERSION = 1  # of what is measured: raise it when the same pictures and settings give other velocities
_WAKE = [(f"2image_{pair}0.tif", f"2image_{pair}1.tif") for pair in range(6)]


class ParticleImages(FlowWindows):
    """A measured flow: particle image velocimetry, from pairs of pictures to velocities.

    Without ``pairs`` those of OpenPIV's wheel, a real flow: six pairs of 1012 × 1008 pixels, a stream to the left past
    a body at the right border, whose wake is slower. OpenPIV correlates the pictures in some ten seconds
    (:func:`~pyg_liesym.datasets.flows.velocimetry.measure_velocities`). All this needs the extra ``piv`` (OpenPIV has
    the licence GPL-3.0). Nothing is downloaded.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        pairs: The first and the second picture of each pair, in the order of time.
        history: Frames that are given; one pair makes one frame.
        horizon: Frames that follow.
        window: Rows and columns of a window in the first picture, in pixels.
        search: Rows and columns of the window in the second.
        step: Pixels from one window to the next.
        least_ratio: Least ratio of the two highest peaks of a window's correlation.
        fill: What stands in ``x`` and ``y`` where ``mask`` is False; NaN by default.
        transform: Called on every window when it is read.
        force_reload: Measure again even if there is a cache.

    Shapes:
        An item is ``Data`` with ``x [1, history, 2, H, W]``, ``y [1, horizon, 2, H, W]``, components to the right and
        upwards, row 0 uppermost; ``mask [1, history + horizon, 1, H, W]``, True where the velocity was measured;
        ``simulation`` (0) and the ``frame`` that ``y`` begins with. ``velocity`` is ``[1, T, 2, H, W]``, NaN where
        nothing was measured; of the default 60 rows and columns.

    Units:
        Pixels, for the time between the pictures of a pair; neighbouring places are ``step`` pixels apart.

    Raises:
        ImportError: If OpenPIV is not installed.
        FileNotFoundError: If there is no such picture.
        ValueError: If a picture is damaged, sizes do not fit, nothing is measured, or no window fits.
    """

    def __init__(
        self,
        root: str,
        pairs: Sequence[tuple[PathLike, PathLike]] | None = None,
        *,
        history: int = 1,
        horizon: int = 1,
        window: int = 32,
        search: int = 64,
        step: int = 16,
        least_ratio: float = 1.3,
        fill: float = math.nan,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if pairs is None:
            folder = in_package("openpiv", "openpiv/data/test2", "piv")
            pairs = [(folder / first, folder / second) for first, second in _WAKE]
        if not pairs:
            raise ValueError("expected pairs of pictures, got none")
        self.pairs = [(Path(first), Path(second)) for first, second in pairs]
        self.settings = {"window": window, "search": search, "step": step}
        self.least_ratio = least_ratio
        super().__init__(root, history, horizon, fill=fill, transform=transform, force_reload=force_reload)
        self.choose([0], 0, self.velocity.size(1))

    @property
    def raw_file_names(self) -> list[str]:
        """The pictures."""
        return [str(path.resolve()) for pair in self.pairs for path in pair]

    @property
    def processed_file_names(self) -> list[str]:
        """The name holds everything that changes the content."""
        states = [(name, Path(name).stat().st_size, Path(name).stat().st_mtime_ns) for name in self.raw_file_names]
        key = json.dumps([VERSION, states, self.settings, self.least_ratio])
        return [f"velocities-{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"]

    def download(self) -> None:
        """Say which pictures are missing.

        Raises:
            FileNotFoundError: Always.
        """
        missing = [name for name in self.raw_file_names if not Path(name).exists()]
        raise FileNotFoundError(f"there is no picture {missing[0]}")

    def process(self) -> None:
        """Measure all pairs."""
        frames = []
        for paths in tqdm(self.pairs, desc="velocimetry", unit="pair", disable=None):
            first, second = map(read_picture, paths)
            try:
                frames.append(measure_velocities(first, second, **self.settings, least_ratio=self.least_ratio))
            except ValueError as error:
                raise ValueError(f"{paths[0]} and {paths[1]}: {error}") from error
        if len({frame.shape for frame in frames}) > 1:
            raise ValueError(f"expected pictures of one size, got fields of {sorted({f.shape[1:] for f in frames})}")
        velocity = torch.from_numpy(np.stack(frames))[None]
        if velocity.isnan().all():
            raise ValueError(
                f"no velocity was measured in {self.pairs[0][0]} and what follows: larger windows hold more particles, "
                "a lower least_ratio accepts more"
            )
        self.save(velocity)
