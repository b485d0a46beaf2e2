"""Rayleigh–Bénard convection, for forecasting."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_liesym.datasets.flows.flow_windows import FlowWindows, by_number, load_frames, share_of
from pyg_liesym.datasets.io.tensors import load_tensor
from pyg_liesym.datasets.simulation.convection import Convection
from pyg_liesym.datasets.simulation.convection_files import convection_file, recipe_name, write_convection

ConvectionSplit: TypeAlias = Literal["train", "val", "test"]

SIX_BOXES = Convection(seeds=tuple(range(6)))
WHOLE = "rbc_data.pt"
_PATCHES, _ROWS, _EVERY = 7, 64, 4


class RayleighBenard(FlowWindows):
    """Velocity fields of convection between a warm floor and a cold ceiling, in square patches.

    The simulated data of `EquNet <https://arxiv.org/abs/2002.03061>`_ (Wang, Walters, Yu, ICLR 2021), simulated when
    first used (:func:`~pyg_liesym.datasets.simulation.convection.simulate_convection`; with 32 rows in a minute of one
    core, with 64 in several), or read from the authors' file. Boxes seven times as wide as high are cut into seven
    squares each; the Rayleigh number, 10⁶, is what so few rows can carry (the authors simulated 256).

    The boxes, which begin from different disturbances, are split: the last 15 % are ``test``, those before ``val``, at
    least one each, the others ``train``. At 10⁶ a flow comes back to what it was, so that later frames of the same box
    would be no test. The authors' single box is split in time, 70, 15 and 15 %; no two splits share a frame, not even
    one that is given. (The authors' windows overlap, also between their splits.)

    Args:
        root: Folder of ``raw/`` and ``processed/``, for instance ``"datasets/rayleigh_benard"``.
        split: ``"train"``, ``"val"`` or ``"test"``.
        history: Frames that are given.
        horizon: Frames that follow, to be forecast.
        convection: The boxes that are simulated, with ``rows`` of a patch, ``aspect`` patches side by side, and a seed
            for each box.
        frames: Frames of each box.
        interval: Free-fall times between them.
        start: Free-fall times before the first.
        published: Read the authors' ``raw/rbc_data.pt`` ``[T, 2, 256, 1792]`` instead, of which every fourth row and
            column is taken as they do; or, if it is not there, tensors ``[T, 2, 64, 64]``, one ``.pt`` file a patch, in
            the order of the numbers in their names.
        rows_upwards: Whether y rises with the rows in these files, which are then turned over.
        transform: Called on every window when it is read.
        force_reload: Make the tensor again even if there is a cache.

    Shapes:
        An item is ``Data`` with ``x [1, history, 2, H, H]``, ``y [1, horizon, 2, H, H]``, components (u_x, u_y), row 0
        uppermost, the number of its patch, ``simulation``, box by box from left to right, and of the ``frame`` that
        ``y`` begins with. ``velocity`` ``[patches, T, 2, H, H]`` has all.

    Units:
        Lengths in heights of the box, time in free-fall times; the authors' files have units of their own.

    Raises:
        FileNotFoundError: If the authors' files are asked for and not there.
        ValueError: If an argument is wrong, a file does not have the layout, or no window fits.
    """

    def __init__(
        self,
        root: str,
        split: ConvectionSplit = "train",
        *,
        history: int = 10,
        horizon: int = 6,
        convection: Convection = SIX_BOXES,
        frames: int = 100,
        interval: float = 0.5,
        start: float = 10.0,
        published: bool = False,
        rows_upwards: bool = False,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split not in get_args(ConvectionSplit):
            raise ValueError(f"split must be one of {list(get_args(ConvectionSplit))}, got {split!r}")
        if rows_upwards and not published:
            raise ValueError("rows_upwards is about the authors' files: pass published=True")
        self.split, self.frames, self.interval, self.start = split, frames, interval, start
        self.published, self.rows_upwards = published, rows_upwards
        own_boxes = share_of(len(convection.seeds), 1, split, "boxes")
        if convection.aspect % 1:
            raise ValueError(f"expected boxes of a whole number of square patches, got the aspect {convection.aspect}")
        self.convection = convection
        super().__init__(root, history, horizon, transform=transform, force_reload=force_reload)
        if published:
            first, last = share_of(self.velocity.size(1), history + horizon, split, "frames")
            self.choose(range(len(self.velocity)), first + history, last - horizon + 1)
        else:
            first, last = own_boxes
            patches = len(self.velocity) // len(convection.seeds)
            self.choose(range(patches * first, patches * last), 0, frames)

    @property
    def raw_file_names(self) -> list[str]:
        """The simulated file, or the authors'."""
        if not self.published:
            return [str(convection_file(self._recipe))]
        if Path(self.raw_dir, WHOLE).exists():
            return [WHOLE]
        return sorted((path.name for path in Path(self.raw_dir).glob("*.pt")), key=by_number) or [WHOLE]

    @property
    def processed_file_names(self) -> list[str]:
        """The name holds everything that changes the content."""
        if not self.published:
            return [f"{self._recipe}.safetensors"]
        states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in map(Path, self.raw_paths)]
        key = hashlib.sha256(json.dumps([states, self.rows_upwards]).encode()).hexdigest()
        return [f"published-{key[:16]}.safetensors"]

    @property
    def _recipe(self) -> str:
        return recipe_name(self.convection, self.frames, self.interval, self.start)

    def download(self) -> None:
        """Simulate what is missing; the authors' files are not ours to give.

        Raises:
            FileNotFoundError: If the authors' files are not there.
        """
        if self.published:
            raise FileNotFoundError(
                f"there is no .pt file in {self.raw_dir}: get {WHOLE} by the link in "
                "https://github.com/Rose-STL-Lab/Equivariant-Net, or leave out published=True to simulate"
            )
        folder = Path(self.raw_dir, self._recipe)
        write_convection(folder, self.convection, self.frames, interval=self.interval, start=self.start)

    def process(self) -> None:
        """Cut the patches."""
        if not self.published:
            self.save(_patches(load_tensor(self.raw_paths[0], "velocity")))
            return
        least = self.history + self.horizon
        if Path(self.raw_paths[0]).name == WHOLE:
            shape = (2, _EVERY * _ROWS, _EVERY * _ROWS * _PATCHES)
            velocity = _patches(load_frames(self.raw_paths[0], shape, least, _EVERY)[None])
        else:
            flows = [load_frames(path, (2, _ROWS, _ROWS), least) for path in self.raw_paths]
            velocity = torch.stack([flow[: min(map(len, flows))] for flow in flows])
        self.save(velocity.flip(-2) if self.rows_upwards else velocity)


def _patches(flow: Tensor) -> Tensor:
    """``[S, T, 2, H, P H]`` to ``[P S, T, 2, H, H]``."""
    return torch.stack(flow.split(flow.size(-2), -1), 1).flatten(0, 1)
