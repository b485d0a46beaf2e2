"""How far a network forecasts a flow better than what needs no network, frame by frame, with error bars."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from scipy import stats
from torch import Tensor

from pyg_liesym.datasets.flows.flow_windows import split_gaps
from pyg_liesym.nn.models.field_forecaster import FieldForecaster

STILL, MEAN, BLEND = SIMPLE = ("nothing changes", "the mean frame", "a linear blend")
"""Persistence, climatology, and the given frames, the mean and a constant weighted by least squares."""
FEWEST = 4
"""Stretches of time below which there is no error bar over times."""
_ACROSS, _STRETCHES, _WINDOWS, _MOST = 4, 5, 40, 0.8


class Gain(NamedTuple):
    """Skill of a forecast relative to another.

    Attributes:
        by: One minus the ratio of the root mean square errors.
        margin: Distance to the lower end of the 95 % interval, which is symmetric in the logarithm of the ratio.
    """

    by: float
    margin: float

    @property
    def better(self) -> bool:
        """Whether the interval has gains alone."""
        return self.by - self.margin > 0

    @property
    def worse(self) -> bool:
        """Whether the interval has losses alone."""
        ratio = 1 - self.by
        return ratio**2 > ratio + self.margin

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
        stretches: Stretches of time that no two forecasts share.
        blocks: Blocks of places.
        truth: The frames of the last window, ``[S, 2, H, W]``, NaN where they do not count.
        forecasts: What was forecast for them.
    """

    leads: tuple[Lead, ...]
    windows: int
    stretches: int
    blocks: int
    truth: Tensor
    forecasts: dict[str, Tensor]

    @property
    def holds(self) -> int:
        """For how many frames, from the first one on, the network is better than everything simple."""
        return next((k for k, lead in enumerate(self.leads) if not lead.better), len(self.leads))


@torch.no_grad()
def measure_skill(
    net: FieldForecaster, train: Tensor, val: Tensor, test: Tensor, horizon: int, area: Tensor | None = None
) -> Skill:
    r"""Forecast windows of a test over the whole region, 40 at most.

    Counted are places that are known in the last given frame, in the frame to be forecast, and at some time of the
    training. The blend is :math:`\sum_k a_k u_k + b \bar u + c` with the frames :math:`u_k` that the network is given,
    the mean of the training :math:`\bar u` and a velocity c, by least squares on the validation, for every lead time:
    persistence, climatology and linear extrapolation are cases of it. Differences are paired. The variance of their
    logarithm is the sum of that over 16 blocks of places and that over stretches of time at least as long as the
    lead, five at most, which is multiplied by (1 + r) / (1 - r) for a correlation r > 0 of each with the next.
    Of fewer than four stretches there is no variance over times, and an error of longer memory makes it too small.

    Args:
        net: The network.
        train: Frames of the training.
        val: Those of the validation.
        test: Those of the test.
        horizon: Frames that follow.
        area: Weight of each row, the cosine of its latitude on a globe.

    Shapes:
        - **train**, **val**, **test**: :math:`(T, 2, H, W)`, NaN where nothing is known; **area**: :math:`(H)`

    Raises:
        ValueError: If there is nothing to compare with at some lead time.
    """
    rows = (torch.ones(test.size(-2)) if area is None else area).double()[:, None].expand(test.shape[-2:])
    mean = torch.where(split_gaps(train)[1], train, torch.nan).double().nanmean(0)
    weights = [_weights(val, mean, net.history, lead, rows) for lead in range(1, horizon + 1)]
    count = len(test) - net.history - horizon + 1
    begins = sorted({k * (count - 1) // max(min(count, _WINDOWS) - 1, 1) for k in range(min(count, _WINDOWS))})
    blocks = _blocks(*test.shape[-2:])
    sums = torch.zeros(1 + len(SIMPLE), horizon, len(begins), _ACROSS**2, dtype=torch.float64)
    counts = torch.zeros(sums.shape[1:], dtype=torch.float64)
    for number, begin in enumerate(begins):
        values, known = split_gaps(test[begin : begin + net.history + horizon])
        given, seen = _given(values[: net.history], known[: net.history]), known[net.history - 1]
        ahead = net.rollout(values[None, : net.history], horizon, known[None, : net.history])[0]
        truth, counted = values[net.history :], known[net.history :] & seen & mean.isfinite().all(0, keepdim=True)
        blend = torch.stack([_weighted(given, mean, one) for one in weights])
        forecasts = {"network": ahead, STILL: given[-1].expand_as(ahead), MEAN: mean.expand_as(ahead), BLEND: blend}
        for row, forecast in enumerate(forecasts.values()):
            squares = torch.where(counted, forecast - truth, 0.0).double().square().sum(1) * rows
            sums[row, :, number].index_add_(1, blocks, squares.flatten(1))
        counts[:, number].index_add_(1, blocks, 2 * (counted[:, 0] * rows).flatten(1))
    shown = {name: torch.where(counted, one.float(), torch.nan) for name, one in forecasts.items()}
    leads = tuple(_lead(lead, sums[:, lead], counts[lead], begins) for lead in range(horizon))
    used = int((counts.sum((0, 1)) > 0).sum())
    return Skill(leads, len(begins), len(_stretches(begins, 1)), used, torch.where(counted, truth, torch.nan), shown)


def _lead(lead: int, sums: Tensor, counts: Tensor, begins: Sequence[int]) -> Lead:
    where = f"{lead + 1} {'frame' if lead == 0 else 'frames'} ahead"
    if not counts.sum() > 0:
        raise ValueError(f"no place of the test is known {where}, in the frame before and in the training too")
    if not sums[1:].sum((1, 2)).min() > 0:
        raise ValueError(f"a forecast without a network is exact {where} in the frames to test on: none is needed")
    errors = [float((each.sum() / counts.sum()).sqrt()) for each in sums]
    timed = len(_stretches(begins, 1)) >= FEWEST
    gains = {
        name: _gain(sums[0], each, _stretches(begins, lead + 1), timed)
        for name, each in zip(SIMPLE, sums[1:], strict=True)
    }
    return Lead(lead + 1, errors[0], dict(zip(SIMPLE, errors[1:], strict=True)), gains)


def _stretches(begins: Sequence[int], lead: int) -> list[list[int]]:
    """Numbers of the windows in stretches that begin at least so many frames apart, five at most."""
    span = begins[-1] - begins[0] + 1
    count = max(1, min(_STRETCHES, span // lead, len(begins)))
    groups: list[list[int]] = [[] for _ in range(count)]
    for number, begin in enumerate(begins):
        groups[(begin - begins[0]) * count // span].append(number)
    return [group for group in groups if group]


def _gain(own: Tensor, other: Tensor, stretches: Sequence[Sequence[int]], timed: bool = True) -> Gain:
    """The gain of sums of squares ``[windows, blocks]`` over others; ``timed`` if it is to hold at other times."""
    ratio = float((own.sum() / other.sum()).sqrt())
    variance, freedom = _variance(own.sum(0), other.sum(0))
    if timed:
        grouped = (torch.stack([each[list(group)].sum() for group in stretches]) for each in (own, other))
        over_times, times = _variance(*grouped, ordered=True)
        variance, freedom = variance + over_times, min(freedom, times) if times >= FEWEST - 1 else 0
    if freedom < 1:
        return Gain(1 - ratio, math.inf)
    return Gain(1 - ratio, ratio * math.expm1(float(stats.t.ppf(0.975, freedom)) * math.sqrt(variance)))


def _variance(own: Tensor, other: Tensor, *, ordered: bool = False) -> tuple[float, int]:
    """Variance of the logarithm of a ratio of root mean squares over units, and its degrees of freedom."""
    used = (own > 0) | (other > 0)
    count = int(used.sum())
    if count < 2:
        return math.inf, 0
    differences = (own / own.sum() - other / other.sum())[used]
    variance = 0.25 * float(differences.square().sum()) * count / (count - 1)
    if ordered and variance > 0:
        own_next = float((differences[1:] * differences[:-1]).sum() / differences.square().sum())
        # Of so few units a correlation comes out smaller than it is, by some 1 / n.
        after = min(max(own_next + 1 / count, 0.0), _MOST)
        variance *= (1 + after) / (1 - after)
    return variance, count - 1


def _blocks(height: int, width: int) -> Tensor:
    """The block of each place, ``[H W]``."""
    rows, columns = (torch.arange(size) * _ACROSS // size for size in (height, width))
    return (rows[:, None] * _ACROSS + columns).flatten()


def _given(values: Tensor, known: Tensor) -> Tensor:
    """Frames that are given; where an earlier one is not known, the last one stands for it."""
    return torch.where(known, values, values[-1:])


def _weights(frames: Tensor, mean: Tensor, history: int, lead: int, rows: Tensor) -> Tensor:
    """Those of the given frames, of the mean, and both components of a constant, by least squares."""
    size = history + 3
    square, right = torch.zeros(size, size, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    values, known = split_gaps(frames)
    for last in range(history - 1, len(frames) - lead):
        given = _given(values[last - history + 1 : last + 1], known[last - history + 1 : last + 1])
        counted = (known[last] & known[last + lead] & mean.isfinite().all(0))[0]
        for component in range(2):
            columns = torch.zeros(int(counted.sum()), size, dtype=torch.float64)
            columns[:, :history] = given[:, component, counted].T
            columns[:, history] = mean[component][counted]
            columns[:, history + 1 + component] = 1.0
            weighted = columns.T * rows[counted]
            square += weighted @ columns
            right += weighted @ values[last + lead, component][counted].double()
    weights: Tensor = torch.linalg.pinv(square, hermitian=True) @ right
    return weights


def _weighted(given: Tensor, mean: Tensor, weights: Tensor) -> Tensor:
    earlier = torch.einsum("k,kchw->chw", weights[: len(given)], given.double())
    blend: Tensor = earlier + weights[len(given)] * mean.nan_to_num() + weights[len(given) + 1 :, None, None]
    return blend
