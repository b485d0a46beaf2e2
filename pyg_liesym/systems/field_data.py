"""Windows of flows, in batches."""

from __future__ import annotations

from typing import Any

import lightning as L
from torch.utils.data import DataLoader, Dataset
from torch_geometric.data import Batch, Data

from pyg_liesym.datasets.flows.flow_windows import FlowWindows
from pyg_liesym.datasets.flows.smoke_plume import PlumeSplit, SmokePlume
from pyg_liesym.datasets.loader import EpochSampler
from pyg_liesym.datasets.simulation.plume_settings import PlumeSetting


class SmokePlumeData(L.LightningDataModule):
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
        super().__init__()
        self.root, self.setting, self.history, self.horizon = root, setting, history, horizon
        self.test_horizon, self.resolution, self.batch_size, self.seed = test_horizon, resolution, batch_size, seed
        self.level, self.frames, self.val_windows, self.test_windows = level, frames, val_windows, test_windows
        self._splits: dict[PlumeSplit, FlowWindows] = {}

    @property
    def test_names(self) -> tuple[PlumeSplit, ...]:
        """The test sets, in the order of their loaders; ``graded`` has no held-out plumes."""
        return ("future",) if self.setting == "graded" else ("future", "domain")

    def dataset(self, split: PlumeSplit) -> FlowWindows:
        """The data set of a split, read when first asked for."""
        if split not in self._splits:
            self._splits[split] = SmokePlume(
                self.root, self.setting, split, history=self.history,
                horizon=self.horizon if split in ("train", "val") else self.test_horizon,
                resolution=self.resolution, frames=self.frames, level=self.level,
            )  # fmt: skip
        return self._splits[split]

    def sizes(self) -> tuple[float, float]:
        """Root mean square of the training frames' components, and of their changes from frame to frame."""
        data = self.dataset("train")
        simulation, frame = data.windows.unbind(1)
        flow = data.velocity[simulation.unique()][:, : int(frame.max()) + self.horizon]
        return float(flow.square().mean().sqrt()), float(flow.diff(dim=1).square().mean().sqrt())

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


def _spread(data: FlowWindows, count: int | None) -> Dataset[Data]:
    if count is None or count >= len(data):
        return data
    spread: Dataset[Data] = data[[number * len(data) // count for number in range(count)]]
    return spread
