"""Windows of flows, in batches."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, cast

import lightning as L
from torch.utils.data import DataLoader, Dataset
from torch_geometric.data import Batch, Data

from pyg_liesym.datasets.flows.flow_windows import FlowWindows, flow_sizes
from pyg_liesym.datasets.flows.ocean_currents import OceanCurrents, OceanSplit, OceanSplitting
from pyg_liesym.datasets.flows.smoke_plume import PlumeSplit, SmokePlume
from pyg_liesym.datasets.loader import EpochSampler
from pyg_liesym.datasets.simulation.plume_settings import PlumeSetting


class FlowData(L.LightningDataModule):
    """Base of the data modules of flows: how windows come in batches; a flow says which windows there are.

    Args:
        horizon: Frames to be forecast in training and validation.
        test_horizon: Frames to be forecast in the tests.
        batch_size: Windows in a batch.
        seed: Seed of the training order.
        val_windows: Validation windows, evenly spread (default: all).
        test_windows: Windows of each test set, evenly spread (default: all).
    """

    def __init__(
        self,
        horizon: int,
        test_horizon: int,
        batch_size: int,
        seed: int,
        *,
        val_windows: int | None = None,
        test_windows: int | None = None,
    ) -> None:
        super().__init__()
        self.horizon, self.test_horizon, self.batch_size, self.seed = horizon, test_horizon, batch_size, seed
        self.val_windows, self.test_windows = val_windows, test_windows
        self._splits: dict[str, FlowWindows] = {}

    @property
    @abstractmethod
    def test_names(self) -> tuple[str, ...]:
        """The test sets, in the order of their loaders: ``future`` is of later times, ``domain`` of other places."""

    @abstractmethod
    def read(self, split: str, horizon: int) -> FlowWindows:
        """Read ``train``, ``val`` or a test set, with so many frames to be forecast."""

    def dataset(self, split: str) -> FlowWindows:
        """The data set ``train``, ``val`` or of a test, read when first asked for."""
        if split not in self._splits:
            self._splits[split] = self.read(split, self.horizon if split in ("train", "val") else self.test_horizon)
        return self._splits[split]

    def sizes(self) -> tuple[float, float]:
        """Root mean square of the training frames' components, and of their changes from frame to frame.

        Gaps are left out.
        """
        data = self.dataset("train")
        simulation, frame = data.windows.unbind(1)
        flow = data.velocity[simulation.unique()][:, : int(frame.max()) + self.horizon]
        return flow_sizes(flow)

    def train_dataloader(self) -> DataLoader[Data]:
        """Shuffled batches, the last one left out if it is not full; the order depends on the seed and the epoch."""
        data = self.dataset("train")
        return self._loader(data, sampler=EpochSampler(len(data), self.seed), drop_last=len(data) >= self.batch_size)

    def val_dataloader(self) -> DataLoader[Data]:
        """Batches of the validation split."""
        return self._loader(_spread(self.dataset("val"), self.val_windows))

    def test_dataloader(self) -> list[DataLoader[Data]]:
        """Batches of each test set."""
        return [self._loader(_spread(self.dataset(name), self.test_windows)) for name in self.test_names]

    def predict_dataloader(self) -> list[DataLoader[Data]]:
        """Batches of each test set, as predictions are made on them."""
        return self.test_dataloader()

    def _loader(self, data: Dataset[Data], **kwargs: Any) -> DataLoader[Data]:
        # PyG's own loader cannot be made anew, which a trainer does to predict
        return DataLoader(data, batch_size=self.batch_size, collate_fn=Batch.from_data_list, **kwargs)


class SmokePlumeData(FlowData):
    """Plumes of smoke: frames, and the frames that follow them; see :class:`~pyg_liesym.datasets.SmokePlume`.

    Args:
        root: Folder of the data set; simulated when first used.
        setting: Which plumes.
        history: Frames that are given.
        horizon: Frames to be forecast in training and validation.
        test_horizon: Frames to be forecast in the tests.
        resolution: Rows and columns.
        batch_size: Windows in a batch.
        seed: Seed of the training order.
        level: Which level of ``graded``.
        frames: Number of simulated frames (default: the paper's).
        val_windows: Validation windows, evenly spread (default: all).
        test_windows: Windows of each test set, evenly spread (default: all).
    """

    def __init__(
        self,
        root: str = "datasets/smoke_plume",
        setting: PlumeSetting = "rotation",
        history: int = 10,
        horizon: int = 6,
        test_horizon: int = 20,
        resolution: int = 64,
        batch_size: int = 16,
        seed: int = 0,
        *,
        level: int = 0,
        frames: int | None = None,
        val_windows: int | None = None,
        test_windows: int | None = None,
    ) -> None:
        super().__init__(horizon, test_horizon, batch_size, seed, val_windows=val_windows, test_windows=test_windows)
        self.root, self.setting, self.history, self.resolution = root, setting, history, resolution
        self.level, self.frames = level, frames

    @property
    def test_names(self) -> tuple[str, ...]:
        """The test sets, in the order of their loaders; ``graded`` has no held-out plumes."""
        return ("future",) if self.setting == "graded" else ("future", "domain")

    def read(self, split: str, horizon: int) -> SmokePlume:
        """Read a split; simulate it before where it is not there."""
        return SmokePlume(
            self.root, self.setting, cast("PlumeSplit", split), history=self.history, horizon=horizon,
            resolution=self.resolution, frames=self.frames, level=self.level,
        )  # fmt: skip


class OceanCurrentsData(FlowData):
    """Patches of the ocean: frames, and the frames that follow them; see :class:`~pyg_liesym.datasets.OceanCurrents`.

    A batch has ``mask``, True where a velocity is known; what stands elsewhere in ``x`` and ``y`` is ``fill``.

    Args:
        files: NetCDF files, a glob or a list in the order of time; by default those in ``root/raw``.
        root: Folder of the patches that are cut.
        history: Frames that are given.
        horizon: Frames to be forecast in training and validation.
        test_horizon: Frames to be forecast in the test.
        patch: Rows and columns of a patch.
        batch_size: Windows in a batch.
        seed: Seed of the training order.
        by: What the splits divide: ``"region"``, then the test set ``domain`` has other places, or ``"time"``, then
            ``future`` has later times.
        region: South, north, west and east border in degrees.
        names: Names of the eastward and the northward velocity, where they are not known.
        least_water: Least share of a patch's cells where the velocity is known in every frame.
        fill: What a network is given where nothing is known.
        val_windows: Validation windows, evenly spread (default: all).
        test_windows: Windows of the test set, evenly spread (default: all).
    """

    def __init__(
        self,
        files: str | Sequence[str] | None = None,
        root: str = "datasets/ocean_currents",
        history: int = 1,
        horizon: int = 1,
        test_horizon: int = 5,
        patch: int = 32,
        batch_size: int = 16,
        seed: int = 0,
        *,
        by: OceanSplitting = "region",
        region: tuple[float, float, float, float] | None = None,
        names: tuple[str, str] | None = None,
        least_water: float = 0.5,
        fill: float = 0.0,
        val_windows: int | None = None,
        test_windows: int | None = None,
    ) -> None:
        super().__init__(horizon, test_horizon, batch_size, seed, val_windows=val_windows, test_windows=test_windows)
        self.files, self.root, self.history, self.patch, self.by = files, root, history, patch, by
        self.region, self.names, self.least_water, self.fill = region, names, least_water, fill

    @property
    def test_names(self) -> tuple[str, ...]:
        """The test set: ``future`` or ``domain``."""
        return ("future",) if self.by == "time" else ("domain",)

    def read(self, split: str, horizon: int) -> OceanCurrents:
        """Read a split."""
        part = cast("OceanSplit", split if split in ("train", "val") else "test")
        longest = self.history + max(self.horizon, self.test_horizon)
        return OceanCurrents(
            self.root, part, files=self.files, by=self.by, history=self.history, horizon=horizon, patch=self.patch,
            region=self.region, names=self.names, least_frames=longest, least_water=self.least_water, fill=self.fill,
        )  # fmt: skip


def _spread(data: FlowWindows, count: int | None) -> Dataset[Data]:
    if count is None or count >= len(data):
        return data
    spread: Dataset[Data] = data[[number * len(data) // count for number in range(count)]]
    return spread
