"""A strict, a relaxed and a free network trained side by side on one recorded flow."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import lightning as L
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch_geometric.data import Batch, Data

from pyg_liesym.discovery.training import quiet
from pyg_liesym.field.flow_action import FlowAction
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import ForecasterName, build_forecaster, widest
from pyg_liesym.nn.relaxable import relaxation
from pyg_liesym.progress import ProgressBar
from pyg_liesym.systems.field_forecasting import FieldForecasting

NETWORKS: dict[str, ForecasterName] = {"strict": "strict", "relaxed": "rsteer", "free": "convnet"}
"""Networks for quarter turns by what they are."""
_BUDGET, _LAYERS, _HISTORY, _LARGEST = 12_000, 4, 2, 64
_LEAST, _BATCH, _RATE, _PENALTY = 30, 8, 3e-3, 1e-2


@dataclass(frozen=True)
class Score:
    """How well a network forecasts the next frame of the last part of a recording.

    Attributes:
        network: ``"strict"``, ``"relaxed"`` or ``"free"``.
        parameters: Number of them.
        error: Root mean square error over that of "nothing changes", as recorded.
        spread: Its standard error over the frames.
        turned: The same with inputs and answers turned by a quarter.
        relaxation: How far it left the symmetry.
    """

    network: str
    parameters: int
    error: float
    spread: float
    turned: float
    relaxation: float


@dataclass(frozen=True)
class Compared:
    """Scores, and forecasts to look at.

    Attributes:
        scores: Of each network.
        truth: Some last frames, ``[S, 2, H, W]``.
        forecasts: What each network makes of them, each forecast the input of the next.
    """

    scores: tuple[Score, ...]
    truth: Tensor
    forecasts: dict[str, Tensor]


def compare_networks(velocity: Tensor, *, steps: int, seed: int, progress: bool) -> Compared:
    """Train the networks on the first 70 % of the frames, and score them on the last 20 %.

    They are steerable for quarter turns, the same relaxed, and plain, of about as many parameters; all see two frames
    and forecast the next one. The middle of a recording is cut to a square of 64 places at most.

    Args:
        velocity: Frames.
        steps: Steps of Adam for each.
        seed: Of weights and order.
        progress: Whether to show a bar.

    Shapes:
        - **velocity**: :math:`(T, 2, H, W)`

    Raises:
        ValueError: If there are gaps in the square, or too few frames.
    """
    flow = _square(velocity.float())
    if not bool(flow.isfinite().all()):
        raise ValueError("there are gaps in the middle of the recording: the networks have no answer to NaN yet")
    if len(flow) < _LEAST:
        raise ValueError(f"expected {_LEAST} frames or more to train on and to forecast, got {len(flow)}")
    first, last = int(0.7 * len(flow)), int(0.8 * len(flow))
    train, test = flow[:first], flow[last - _HISTORY :]
    scale, step = (float(values.square().mean().sqrt()) for values in (train, train.diff(dim=0)))
    scores, forecasts = [], {}
    for name, kind in NETWORKS.items():
        net = _build(kind, flow.shape[-1], scale, step, seed)
        _train(net, train, steps, seed, progress)
        with torch.no_grad():
            scores.append(_score(name, net, test))
            ahead = net.rollout(test[None, :_HISTORY], min(10, len(test) - _HISTORY))[0]
        forecasts[name] = ahead
    return Compared(tuple(scores), test[_HISTORY : _HISTORY + len(ahead)], forecasts)


def _square(velocity: Tensor) -> Tensor:
    side = min(*velocity.shape[-2:], _LARGEST)
    top, left = ((size - side) // 2 for size in velocity.shape[-2:])
    return velocity[..., top : top + side, left : left + side]


def _build(kind: ForecasterName, side: int, scale: float, step: float, seed: int) -> FieldForecaster:
    def of_width(width: int) -> FieldForecaster:
        torch.manual_seed(seed)
        return build_forecaster(
            kind, "rotation", width=width, size=(side, side), history=_HISTORY, scale=scale, step=step,
            num_layers=_LAYERS,
        )  # fmt: skip

    return of_width(widest(of_width, _BUDGET))


def _windows(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Two frames, ``[S, 2, 2, H, W]``, and the next one."""
    return torch.stack([flow[:-2], flow[1:-1]], 1), flow[2:]


def _train(net: FieldForecaster, flow: Tensor, steps: int, seed: int, progress: bool) -> None:
    """So many steps of Adam at a rate that falls to a tenth, by the epoch."""
    windows = [Data(x=seen[None], y=following[None, None]) for seen, following in zip(*_windows(flow), strict=True)]
    epochs = max(1, steps * _BATCH // len(windows))
    system = FieldForecasting(net, _PENALTY, _RATE, weight_decay=0.0, decay=0.1 ** (1 / epochs))
    loader: DataLoader[Data] = DataLoader(
        windows,  # type: ignore[arg-type]
        _BATCH,
        shuffle=True,
        generator=torch.Generator().manual_seed(seed),
        collate_fn=Batch.from_data_list,
    )
    trainer = L.Trainer(
        max_steps=steps, accelerator="auto", devices=1, logger=False, enable_checkpointing=False,
        enable_model_summary=False, enable_progress_bar=progress,
        callbacks=[ProgressBar()] if progress else [],
    )  # fmt: skip
    with quiet(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(does not have many workers|have no `val_dataloader`).*")
        warnings.filterwarnings("ignore", message=".*number of training batches.*")
        trainer.fit(system, loader)
    net.to(flow.device).eval()


def _score(name: str, net: FieldForecaster, flow: Tensor) -> Score:
    seen, following = _windows(flow)
    still = (following - seen[:, -1]).square().mean()
    errors = (net(seen) - following).square().mean((1, 2, 3))
    quarter = FlowAction(angle=math.pi / 2)
    turned = (net(quarter(seen)[0]) - quarter(following)[0]).square().mean()
    error = float((errors.mean() / still).sqrt())
    # Of a root, half the relative error.
    spread = error * float(errors.std() / errors.mean()) / 2 / len(errors) ** 0.5
    parameters = sum(parameter.numel() for parameter in net.parameters())
    return Score(name, parameters, error, spread, float((turned / still).sqrt()), float(relaxation(net)))
