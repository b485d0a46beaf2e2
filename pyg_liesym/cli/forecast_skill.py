"""How far a network forecasts a flow better than what needs no network, frame by frame, with error bars."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from scipy import stats
from torch import Tensor

from pyg_liesym.cli.flow_networks import apart
from pyg_liesym.nn.models.field_forecaster import FieldForecaster

STILL, MEAN, BLEND = SIMPLE = ("nothing changes", "the mean frame", "a blend of last and mean")
"""Forecasts without a network: the last frame; the mean of the frames of training; both weighted, and a constant."""
_ACROSS, _TIMES, _FEWEST, _WINDOWS = 4, 8, 4, 40


class Gain(NamedTuple):
    """By how much errors are smaller than others.

    Attributes:
        by: One less the ratio of the root mean square errors.
        margin: Half of the 95 % interval.
    """

    by: float
    margin: float

    @property
    def better(self) -> bool:
        """Whether the interval has gains alone."""
        return self.by - self.margin > 0

    def __str__(self) -> str:
        margin = f"{100 * self.margin:.1f} %" if math.isfinite(self.margin) else "an unknown error"
        return f"{100 * abs(self.by):.1f} % ± {margin} {'less' if self.by >= 0 else 'more'}"


@dataclass(frozen=True)
class Lead:
    """Errors of the n-th frame.

    Attributes:
        frame: n, from 1.
        error: Root mean square error of a component, of the network.
        simple: That of each of :data:`SIMPLE`, at the same places and times.
        gains: Of the network over each.
    """

    frame: int
    error: float
    simple: dict[str, float]
    gains: dict[str, Gain]

    @property
    def better(self) -> bool:
        """Whether the network is better than all of them."""
        return all(gain.better for gain in self.gains.values())


@dataclass(frozen=True)
class Skill:
    """What a test came to.

    Attributes:
        leads: For each frame.
        windows: Windows in time.
        blocks: Blocks of places.
        truth: The frames of the last window, ``[S, 2, H, W]``, NaN where they do not count.
        forecasts: What was forecast for them.
    """

    leads: tuple[Lead, ...]
    windows: int
    blocks: int
    truth: Tensor
    forecasts: dict[str, Tensor]

    @property
    def holds(self) -> int:
        """For how many frames, from the first one on, the network is better than everything simple."""
        return next((k for k, lead in enumerate(self.leads) if not lead.better), len(self.leads))


@torch.no_grad()
def measure_skill(net: FieldForecaster, train: Tensor, val: Tensor, test: Tensor, horizon: int) -> Skill:
    r"""Forecast windows of a test over the whole region, 40 at most.

    Counted are places that are known in the last given frame, in the frame to be forecast, and at some time of the
    training. The blend is :math:`a u + b \bar u + c` with the last frame u, the mean of the training :math:`\bar u`
    and a velocity c, by least squares on the validation, for every frame ahead. Differences are paired; their error is
    that over 16 blocks of places, or that over 8 blocks of times if it is larger and there are four windows or more.

    Args:
        net: The network.
        train: Frames of the training.
        val: Those of the validation.
        test: Those of the test.
        horizon: Frames that follow.

    Shapes:
        - **train**, **val**, **test**: :math:`(T, 2, H, W)`, NaN where nothing is known
    """
    mean = torch.where(apart(train)[1], train, torch.nan).double().nanmean(0)
    weights = [_weights(val, mean, net.history, lead) for lead in range(1, horizon + 1)]
    count = len(test) - net.history - horizon + 1
    begins = sorted({k * (count - 1) // max(min(count, _WINDOWS) - 1, 1) for k in range(min(count, _WINDOWS))})
    blocks = _blocks(*test.shape[-2:])
    sums = torch.zeros(1 + len(SIMPLE), horizon, len(begins), _ACROSS**2, dtype=torch.float64)
    counts = torch.zeros(sums.shape[1:], dtype=torch.float64)
    for number, begin in enumerate(begins):
        values, known = apart(test[begin : begin + net.history + horizon])
        last, seen = values[net.history - 1], known[net.history - 1]
        ahead = net.rollout(values[None, : net.history], horizon, known[None, : net.history])[0]
        truth, counted = values[net.history :], known[net.history :] & seen & mean.isfinite().all(0, keepdim=True)
        blend = torch.stack([_weighted(last, mean, one) for one in weights])
        forecasts = {"network": ahead, STILL: last.expand_as(ahead), MEAN: mean.expand_as(ahead), BLEND: blend}
        for row, forecast in enumerate(forecasts.values()):
            squares = torch.where(counted, forecast - truth, 0.0).square().sum(1).double()
            sums[row, :, number].index_add_(1, blocks, squares.flatten(1))
        counts[:, number].index_add_(1, blocks, 2 * counted[:, 0].flatten(1).double())
    shown = {name: torch.where(counted, one.float(), torch.nan) for name, one in forecasts.items()}
    leads = tuple(_lead(lead, sums[:, lead], counts[lead]) for lead in range(horizon))
    used = int((counts.sum((0, 1)) > 0).sum())
    return Skill(leads, len(begins), used, torch.where(counted, truth, torch.nan), shown)


def _lead(lead: int, sums: Tensor, counts: Tensor) -> Lead:
    errors = [float((each.sum() / counts.sum()).sqrt()) for each in sums]
    gains = {name: _gain(sums[0], each) for name, each in zip(SIMPLE, sums[1:], strict=True)}
    return Lead(lead + 1, errors[0], dict(zip(SIMPLE, errors[1:], strict=True)), gains)


def _gain(own: Tensor, other: Tensor) -> Gain:
    """The gain of sums of squares ``[windows, blocks]`` over others, with the wider of both error bars."""
    ratio = float((own.sum() / other.sum()).sqrt())
    times = min(len(own), _TIMES)
    grouped = [torch.stack([part.sum(0) for part in each.tensor_split(times)]) for each in (own, other)]
    margins = [_margin(own.sum(0), other.sum(0))]
    margins += [_margin(*(each.sum(1) for each in grouped))] if times >= _FEWEST else []
    return Gain(1 - ratio, ratio * max(margins))


def _margin(own: Tensor, other: Tensor) -> float:
    """Half of the 95 % interval of the logarithm of a ratio of root mean squares, over independent units."""
    used = (own > 0) | (other > 0)
    count = int(used.sum())
    if count < 2:
        return float("inf")
    differences = (own / own.sum() - other / other.sum())[used]
    error = 0.5 * float((differences.square().sum() * count / (count - 1)).sqrt())
    return float(stats.t.ppf(0.975, count - 1)) * error


def _blocks(height: int, width: int) -> Tensor:
    """The block of each place, ``[H W]``."""
    rows, columns = (torch.arange(size) * _ACROSS // size for size in (height, width))
    return (rows[:, None] * _ACROSS + columns).flatten()


def _pairs(frames: Tensor, mean: Tensor, history: int, lead: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Last frames, frames to be forecast, and where they and the mean are known."""
    values, known = apart(frames)
    for last in range(history - 1, len(frames) - lead):
        yield values[last], values[last + lead], (known[last] & known[last + lead] & mean.isfinite().all(0))[0]


def _weights(frames: Tensor, mean: Tensor, history: int, lead: int) -> Tensor:
    """``a``, ``b`` and both components of ``c``, by least squares."""
    square, right = torch.zeros(4, 4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64)
    for last, following, counted in _pairs(frames, mean, history, lead):
        for component in range(2):
            columns = torch.zeros(int(counted.sum()), 4, dtype=torch.float64)
            columns[:, 0], columns[:, 1] = last[component][counted], mean[component][counted]
            columns[:, 2 + component] = 1.0
            square += columns.T @ columns
            right += columns.T @ following[component][counted].double()
    weights: Tensor = torch.linalg.pinv(square, hermitian=True) @ right
    return weights


def _weighted(last: Tensor, mean: Tensor, weights: Tensor) -> Tensor:
    blend: Tensor = weights[0] * last + weights[1] * mean.nan_to_num() + weights[2:, None, None]
    return blend
