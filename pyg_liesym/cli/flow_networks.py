"""Networks that forecast one recorded flow, land and gaps masked: built by name, and trained on tiles of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, TypeAlias, get_args

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, RandomSampler
from torch_geometric.data import Batch, Data

from pyg_liesym.cli.twins import Twin
from pyg_liesym.datasets.flows.flow_windows import flow_sizes, flow_window, split_gaps
from pyg_liesym.discovery.training import quiet
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import ForecasterName, build_forecaster, widest
from pyg_liesym.progress import ProgressBar
from pyg_liesym.systems.field_forecasting import FieldForecasting

NETWORKS: dict[Twin, ForecasterName] = dict(zip(get_args(Twin), ("strict", "rsteer", "convnet"), strict=True))
"""The forecaster of each kind, for quarter turns."""
LARGEST = 64
"""Most rows and columns of a tile."""
_BUDGET, _LAYERS, _BATCH, _RATE, _PENALTY, _ROUNDS = 12_000, 4, 8, 3e-3, 1e-2, 10
_LEAST_KNOWN = 0.1
HISTORY = 2
"""Frames that a network is given, where a recording has enough."""
Start: TypeAlias = tuple[int, int, int]
"""First frame, top row and left column of a window."""


def tiles(size: int, side: int) -> list[int]:
    """Where tiles begin that cover an axis and overlap evenly.

    Example:
        >>> tiles(100, 64), tiles(64, 64)
        ([0, 36], [0])
    """
    count = -(-size // side)
    return [round(k * (size - side) / max(count - 1, 1)) for k in range(count)]


def windows_of(flow: Tensor, history: int, horizon: int, most: int | None = None) -> FlowTiles:
    """All windows of frames in tiles that cover a recording, except those of which less than 10 % is known.

    Args:
        flow: Frames.
        history: Frames that are given.
        horizon: Frames that follow.
        most: How many windows at most, evenly spread.

    Shapes:
        - **flow**: :math:`(T, 2, H, W)`

    Raises:
        ValueError: If there is none.
    """
    side = min(*flow.shape[-2:], LARGEST)
    known = split_gaps(flow)[1][:, 0]
    last = len(flow) - horizon
    counted = (known[history - 1 : last] & known[history : last + 1]).float()
    starts: list[Start] = []
    for top in tiles(flow.shape[-2], side):
        for left in tiles(flow.shape[-1], side):
            shares = counted[:, top : top + side, left : left + side].mean((1, 2))
            starts += [(int(frame), top, left) for frame in (shares >= _LEAST_KNOWN).nonzero()]
    if not starts:
        raise ValueError(
            f"no window of {history} + {horizon} frames of {side} × {side} places has velocities in "
            f"{100 * _LEAST_KNOWN:.0f} % of its last given and its next frame; the rest is land or gaps"
        )
    starts.sort()
    if most is not None and len(starts) > most:
        starts = [starts[k * len(starts) // most] for k in range(most)]
    return FlowTiles(flow, starts, history, horizon, side)


class FlowTiles(Dataset[Data]):
    """Windows of a flow in time and space, with zero where nothing is known.

    Args:
        flow: The recording, NaN where a component is not known.
        starts: Where windows begin.
        history: Frames that are given.
        horizon: Frames that follow.
        side: Rows and columns.

    Shapes:
        - **flow**: :math:`(T, 2, H, W)`; an item has ``x [1, history, 2, P, P]``, ``y [1, horizon, 2, P, P]``, and
          ``mask [1, history + horizon, 1, P, P]``, True where both components are known
    """

    def __init__(self, flow: Tensor, starts: Sequence[Start], history: int, horizon: int, side: int) -> None:
        self.flow, self.starts, self.history, self.horizon, self.side = flow, list(starts), history, horizon, side

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Data:
        frame, top, left = self.starts[index]
        frames = self.flow[frame : frame + self.history + self.horizon]
        return flow_window(frames[..., top : top + self.side, left : left + self.side], self.history, 0.0)


def changing_sizes(flow: Tensor) -> tuple[float, float]:
    """Those of :func:`~pyg_liesym.datasets.flows.flow_windows.flow_sizes`, of a flow that changes.

    Raises:
        ValueError: If nothing changes.
    """
    scale, step = flow_sizes(flow)
    if not min(scale, step) > 0:
        raise ValueError("nothing changes in the frames to train on: there is nothing to forecast")
    return scale, step


def check_known(flow: Tensor, history: int, what: str) -> None:
    """Refuse frames of which too little is known in the last given frame and in the next one.

    Raises:
        ValueError: Saying which share is known.
    """
    known = split_gaps(flow)[1]
    share = float((known[history - 1 : -1] & known[history:]).double().mean())
    if share < _LEAST_KNOWN:
        raise ValueError(
            f"expected velocities in {100 * _LEAST_KNOWN:.0f} % of the places and times {what} or more, got "
            f"{100 * share:.1f} %; the rest is land or gaps"
        )


def network_arguments(name: Twin, history: int, scale: float, step: float) -> dict[str, Any]:
    """The arguments of :func:`~pyg_liesym.nn.build_forecaster` that make a network of some 12 000 parameters.

    Its kernels are tied to no place, so that it forecasts lattices of any size.
    """
    arguments: dict[str, Any] = {
        "name": NETWORKS[name], "symmetry": "rotation", "size": (LARGEST, LARGEST), "history": history, "scale": scale,
        "step": step, "num_layers": _LAYERS,
    }  # fmt: skip
    return {**arguments, "width": widest(lambda width: build_forecaster(**arguments, width=width), _BUDGET)}


def train(
    net: FieldForecaster,
    windows: Dataset[Data],
    *,
    steps: int,
    seed: int,
    progress: bool,
    validation: Dataset[Data] | None = None,
) -> None:
    """Train with Adam in ten rounds, at a rate that falls to a tenth.

    Args:
        net: The network; left on the processor, with the weights of the round that forecast ``validation`` best.
        windows: Windows to train on.
        steps: How many steps.
        seed: Of the order.
        progress: Whether to show a bar.
        validation: Windows to choose the round by; without them it is the last.
    """
    rounds = min(_ROUNDS, steps)
    each = -(-steps // rounds)
    order = RandomSampler(
        windows,  # type: ignore[arg-type]
        num_samples=each * _BATCH,
        generator=torch.Generator().manual_seed(seed),
    )
    system = FieldForecasting(net, _PENALTY, _RATE, weight_decay=0.0, decay=0.1 ** (1 / rounds))
    best = _Best()
    with quiet(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(does not have many workers|have no `val_dataloader`).*")
        warnings.filterwarnings("ignore", message=".*number of training batches.*")
        warnings.filterwarnings("ignore", message=".*`compute` method of metric MeanSquaredError.*")
        warnings.filterwarnings("ignore", message=".*isinstance.treespec, LeafSpec.*")
        trainer = L.Trainer(
            max_steps=steps, accelerator="auto", devices=1, logger=False, enable_checkpointing=False,
            enable_model_summary=False, enable_progress_bar=progress, num_sanity_val_steps=0,
            callbacks=[best, *([ProgressBar()] if progress else [])],
        )  # fmt: skip
        trainer.fit(system, _loader(windows, sampler=order), None if validation is None else _loader(validation))
    net.cpu().load_state_dict(best.state or net.state_dict())
    net.eval()


class _Best(L.Callback):
    """Keeps the weights of the round with the smallest error of validation."""

    def __init__(self) -> None:
        self.error, self.state = float("inf"), dict[str, Tensor]()

    def on_validation_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        error = float(trainer.callback_metrics[FieldForecasting.monitor])
        if error < self.error and isinstance(pl_module, FieldForecasting):
            state = pl_module.net.state_dict()
            self.error, self.state = error, {name: value.detach().cpu().clone() for name, value in state.items()}


def _loader(windows: Dataset[Data], **kwargs: Any) -> DataLoader[Data]:
    return DataLoader(windows, _BATCH, collate_fn=Batch.from_data_list, **kwargs)
