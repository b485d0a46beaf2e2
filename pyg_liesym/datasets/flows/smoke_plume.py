"""Plumes of smoke whose symmetry is broken a little, for forecasting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch_geometric.data import Data

from pyg_liesym.datasets.flows.flow_windows import FlowWindows, load_frames
from pyg_liesym.datasets.io.tensors import load_tensor
from pyg_liesym.datasets.simulation.plume_files import plume_files, recipe_name, write_plumes
from pyg_liesym.datasets.simulation.plume_settings import FRAMES, LEVELS, PlumeSetting, plume_batches
from pyg_liesym.field.action import quarter_turn
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import vectors

PlumeSplit: TypeAlias = Literal["train", "val", "future", "domain"]

HELD_OUT = {
    "translation": (4, 6, 9, 10, 13, 14, 15, 18, 21, 23),
    "rotation": (4, 5, 9, 12, 13, 14, 17, 19, 20, 23),
    "scale": (5, 6, 16, 17, 21, 22, 23, 30, 32, 33),
    "wind": tuple(plume for plume in range(36) if plume // 4 not in (1, 4, 7)),
    "shear": (4, 6, 9, 10, 13, 14, 15, 18, 21, 23),
}
_UNUSED = {"rotation": (31,)}  # in no split of the authors
# Frames that the forecasts begin with, of 310, of 61, of 180, of 120.
_BEGINS = {"train": (12, 172), "val": (172, 212), "future": (212, 262), "domain": (12, 112)}
_BEGINS_GRADED = {"train": (13, 43), "val": (43, 53), "future": (53, 61)}
_BEGINS_WIND = {"train": (60, 120), "val": (120, 132), "future": (132, 156), "domain": (60, 120)}
_BEGINS_SHEAR = {"train": (5, 75), "val": (75, 85), "future": (85, 101), "domain": (5, 75)}
_BEGINS_OF = {"graded": _BEGINS_GRADED, "wind": _BEGINS_WIND, "shear": _BEGINS_SHEAR}


class SmokePlume(FlowWindows):
    """Windows of velocity fields of smoke plumes whose symmetry is broken a little.

    The data of `Approximately Equivariant Networks <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022,
    Section 5.1), simulated when first used (:func:`~pyg_liesym.datasets.simulation.plume.simulate_plumes`; at 32 × 32
    in ten seconds, ``scale`` in a minute), or read from the authors' files. The settings, and what breaks the symmetry
    in each, are those of :func:`~pyg_liesym.datasets.simulation.plume_settings.plume_batches`. Ten plumes are held out,
    those that the authors hold out:

    ========== ============== ==========================================
    split      plumes         frames that the forecasts begin with
    ========== ============== ==========================================
    ``train``  not held out   12 … 171
    ``val``    not held out   172 … 211
    ``future`` not held out   212 … 261
    ``domain`` held out       12 … 111
    ========== ============== ==========================================

    in proportion if ``frames`` is not 310. ``graded`` has the four plumes of one level, in ``train`` (13 … 42 of 61),
    ``val`` (43 … 52) and ``future`` (53 …). ``wind`` and ``shear`` are ours, not the paper's. In ``wind`` the flow has
    settled before: ``train`` and ``domain`` (60 … 119 of 180), ``val`` (120 … 131), ``future`` (132 … 155), six of nine
    strengths held out. In ``shear`` ``train`` and ``domain`` (5 … 74 of 120), ``val`` (75 … 84), ``future`` (85 … 100),
    ten places held out.

    Args:
        root: Folder of ``raw/`` and ``processed/``, for instance ``"datasets/smoke_plume"``.
        setting: ``"translation"``, ``"rotation"``, ``"scale"``, ``"graded"``, ``"wind"`` or ``"shear"``.
        split: ``"train"``, ``"val"``, ``"future"`` (the same plumes, later) or ``"domain"`` (other plumes).
        history: Frames that are given.
        horizon: Frames that follow, to be forecast; the paper trains on 6 and tests on 20.
        resolution: Rows and columns; the paper has 64.
        frames: Number of simulated frames (default: the paper's, 310; 61 for ``graded``, 180 for ``wind``,
            120 for ``shear``).
        level: Which level of ``graded``, 0 (symmetric) to 9.
        published: Read the authors' ``raw/Translation/raw_data_8_5.pt``, ``raw/Rotation/raw_data_1_0.pt``,
            ``raw/Scale/raw_data_0.pt``, … instead.
        transform: Called on every window when it is read.
        force_reload: Make the tensor again even if there is a cache.

    Shapes:
        An item is ``Data`` with ``x [1, history, 2, H, W]``, ``y [1, horizon, 2, H, W]``, components (u_x, u_y), rows
        downwards, the number of its ``simulation`` and the number of the ``frame`` that ``y`` begins with. ``velocity``
        ``[S, T, 2, H, W]`` has all frames of all plumes.

    Units:
        The box measures 64 × 64 at any resolution, time is in frames.

    Raises:
        ImportError: If PhiFlow is needed and not installed.
        FileNotFoundError: If the authors' files are asked for and not there.
        ValueError: If an argument is wrong, a file does not have the layout, or no window fits.
    """

    def __init__(
        self,
        root: str,
        setting: PlumeSetting = "rotation",
        split: PlumeSplit = "train",
        *,
        history: int = 10,
        horizon: int = 6,
        resolution: int = 64,
        frames: int | None = None,
        level: int = 0,
        published: bool = False,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        plumes = sum(map(len, plume_batches(setting, resolution)))
        graded = setting == "graded"
        begins = _BEGINS_OF.get(setting, _BEGINS)
        if split not in begins:
            raise ValueError(f"split of {setting!r} must be one of {list(begins)}, got {split!r}")
        if not 0 <= level < (LEVELS if graded else 1):
            raise ValueError(f"level must be 0 to {LEVELS - 1} of the setting 'graded' and 0 otherwise, got {level}")
        if published and (begins is not _BEGINS or resolution != 64 or frames is not None):
            raise ValueError("the authors' files are of translation, rotation and scale, at 64 × 64 and in full length")
        self.setting, self.split, self.resolution, self.level, self.published = (
            setting,
            split,
            resolution,
            level,
            published,
        )
        self.frames = FRAMES[setting] if frames is None else frames
        super().__init__(root, history, horizon, transform=transform, force_reload=force_reload)
        share = self.frames / FRAMES[setting]
        first, last = (round(share * frame) for frame in begins[split])
        held_out = HELD_OUT.get(setting, ())
        left_out = {*held_out, *_UNUSED.get(setting, ())}
        if graded:
            simulations = list(range(4 * level, 4 * level + 4))
        elif split == "domain":
            simulations = list(held_out)
        else:
            simulations = [plume for plume in range(plumes) if plume not in left_out]
        self.choose(simulations, first, last)

    @property
    def raw_file_names(self) -> list[str]:
        """The simulated files, or the authors'."""
        if self.published:
            return [f"{self.setting.title()}/raw_data_{name}.pt" for name in _published_names(self.setting)]
        return [str(path) for path in plume_files(self._recipe, self.setting)]

    @property
    def processed_file_names(self) -> list[str]:
        """The name holds everything that changes the content."""
        return [f"{self.setting}-published.safetensors" if self.published else f"{self._recipe}.safetensors"]

    @property
    def _recipe(self) -> str:
        return recipe_name(self.setting, self.resolution, self.frames)

    def download(self) -> None:
        """Simulate what is missing; the authors' files are not ours to give.

        Raises:
            FileNotFoundError: If the authors' files are not there.
        """
        if not self.published:
            write_plumes(Path(self.raw_dir, self._recipe), self.setting, resolution=self.resolution, frames=self.frames)
            return
        missing = [name for name in self.raw_file_names if not Path(self.raw_dir, name).exists()]
        raise FileNotFoundError(
            f"{self.raw_dir} lacks {', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}: get them by the link "
            "in https://github.com/Rose-STL-Lab/Approximately-Equivariant-Nets, or leave out published=True to simulate"
        )

    def process(self) -> None:
        """Put all plumes into one tensor."""
        if self.published:
            frames = [load_frames(path, (2, 64, 64), 282) for path in self.raw_paths]
            length = min(map(len, frames))
            self.save(torch.stack([_as_ours(flow[:length], self.setting) for flow in frames]))
        else:
            self.save(torch.cat([load_tensor(path, "velocity") for path in self.raw_paths]))

    def equivariance_error(self) -> float:
        r"""How far the plumes of a level of ``graded`` are from being turns of one another.

        The mean of \|turned back − first\| over the three others, components and cells, in frames 20 to 58 of 61, as
        the authors measure it.

        Raises:
            ValueError: If the setting is another.
        """
        if self.setting != "graded":
            raise ValueError(f"only the plumes of 'graded' are turns of one another, not those of {self.setting!r}")
        begin, end = (round(frame * self.frames / FRAMES["graded"]) for frame in (20, 59))
        first, *others = self.velocity[4 * self.level : 4 * self.level + 4, begin:end]
        vector = vectors(PointGroup.cyclic(4), 1)
        turned = [quarter_turn(flow, vector, -side) for side, flow in enumerate(others, start=1)]
        return float(torch.stack([(flow - first).abs().mean() for flow in turned]).mean())


def _published_names(setting: PlumeSetting) -> list[str]:
    if setting == "translation":
        return [f"{x}_{y}" for x in range(8, 64, 8) for y in range(5, 30, 5)]
    if setting == "rotation":
        return [f"{k}_{(k - 1) % 4}" for k in range(1, 37)]
    return [str(number) for number in range(38)]


def _as_ours(flow: Tensor, setting: PlumeSetting) -> Tensor:
    """Rows downwards and, where they are at the left and lower faces, velocities in the middles of the cells."""
    if setting != "scale":
        right, above = torch.nn.functional.pad(flow[:, 0], (0, 1)), torch.nn.functional.pad(flow[:, 1], (0, 0, 0, 1))
        flow = torch.stack([right[..., 1:] + right[..., :-1], above[:, 1:] + above[:, :-1]], dim=1) / 2
    return flow.flip(-2)
