"""Velocities measured in multi-stream jets of air, for forecasting."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import torch
from torch_geometric.data import Data

from pyg_liesym.datasets.flows.flow_windows import FlowWindows, by_number, load_frames

JetFlowSplit: TypeAlias = Literal["train", "val", "test"]

SHAPE = (2, 62, 23)
_UNTIL = {"train": 0.7, "val": 0.85, "test": 1.0}


class JetFlow(FlowWindows):
    """Windows of velocity fields measured in multi-stream jets, in 62 × 23 sub-regions at 24 stations.

    The real data of `Approximately Equivariant Networks <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML
    2022, Section 5.2): time-resolved particle image velocimetry of NASA (Bridges and Wernet, AIAA 2017-4041). Nothing
    can be downloaded: put the authors' tensors, one ``.pt`` file a sub-region, into ``raw/``; they are taken in the
    order of the numbers in their names. The authors' code does not say how they split them. Here, of every sub-region,
    the forecasts of ``train`` begin in the first 70 % of the frames, those of ``val`` in the next 15 %, those of
    ``test`` in the last.

    Args:
        root: Folder of ``raw/`` and ``processed/``.
        split: ``"train"``, ``"val"`` or ``"test"``.
        history: Frames that are given.
        horizon: Frames that follow, to be forecast.
        rows_upwards: Whether y rises with the rows in the files, which are then turned over.
        transform: Called on every window when it is read.
        force_reload: Read the files again even if there is a cache (which a new or changed file also makes anew).

    Shapes:
        An item is ``Data`` with ``x [1, history, 2, 62, 23]``, ``y [1, horizon, 2, 62, 23]``, components (u_x, u_y),
        rows downwards, the number of its ``simulation`` (here: sub-region) and of the ``frame`` that ``y`` begins with.
        ``velocity`` ``[S, T, 2, 62, 23]`` has all frames, of as many as the shortest file has.

    Units:
        Those of the files.

    Raises:
        FileNotFoundError: If there is no file.
        ValueError: If an argument is wrong, a file is not a tensor ``[T, 2, 62, 23]``, or no window fits.
    """

    def __init__(
        self,
        root: str,
        split: JetFlowSplit = "train",
        *,
        history: int = 10,
        horizon: int = 6,
        rows_upwards: bool = False,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split not in get_args(JetFlowSplit):
            raise ValueError(f"split must be one of {list(get_args(JetFlowSplit))}, got {split!r}")
        self.split, self.rows_upwards = split, rows_upwards
        super().__init__(root, history, horizon, transform=transform, force_reload=force_reload)
        edges = [0, *(round(share * self.velocity.size(1)) for share in _UNTIL.values())]
        place = list(_UNTIL).index(split)
        self.choose(range(len(self.velocity)), edges[place], edges[place + 1])

    @property
    def raw_file_names(self) -> list[str]:
        """The files of ``raw/``, in the order of the numbers in their names."""
        found = sorted((path.name for path in Path(self.raw_dir).glob("*.pt")), key=by_number)
        return found or ["*.pt"]

    @property
    def processed_file_names(self) -> list[str]:
        """The name holds everything that changes the content."""
        states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in map(Path, self.raw_paths)]
        key = json.dumps([states, self.rows_upwards])
        return [f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.safetensors"]

    def download(self) -> None:
        """Say where the files come from, as none can be downloaded.

        Raises:
            FileNotFoundError: Always.
        """
        raise FileNotFoundError(
            f"there is no .pt file in {self.raw_dir}: ask the authors of https://arxiv.org/abs/2201.11969 for their "
            "tensors [T, 2, 62, 23] of multi-stream jets, one file a sub-region"
        )

    def process(self) -> None:
        """Put all sub-regions into one tensor."""
        flows = [load_frames(path, SHAPE, self.history + self.horizon) for path in self.raw_paths]
        velocity = torch.stack([flow[: min(map(len, flows))] for flow in flows])
        self.save(velocity.flip(-2) if self.rows_upwards else velocity)
