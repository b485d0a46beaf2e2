"""A strict, a relaxed and a free network trained side by side on one recorded flow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pyg_liesym.cli.flow_networks import (
    HISTORY,
    LARGEST,
    NETWORKS,
    FlowTiles,
    changing_sizes,
    check_known,
    network_arguments,
    train,
)
from pyg_liesym.datasets.flows.flow_windows import split_gaps
from pyg_liesym.field.flow_action import FlowAction
from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.models.field_forecasters import build_forecaster
from pyg_liesym.nn.relaxable import relaxation

_LEAST = 30


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
        truth: Some last frames, ``[S, 2, H, W]``, NaN where nothing is known.
        forecasts: What each network makes of them, each forecast the input of the next; NaN where nothing is known in
            the last given frame.
    """

    scores: tuple[Score, ...]
    truth: Tensor
    forecasts: dict[str, Tensor]


def compare_networks(velocity: Tensor, *, steps: int, seed: int, progress: bool) -> Compared:
    """Train the networks on the first 70 % of the frames, and score them on the last 20 %.

    They are steerable for quarter turns, the same relaxed, and plain, of about as many parameters; all see two frames
    and forecast the next one. A recording is cut to a square of 64 places at most: the one where most is known, nearest
    to the middle. Where nothing is known the networks see zero, and no loss or error counts it.

    Args:
        velocity: Frames, NaN where nothing is known.
        steps: Steps of Adam for each.
        seed: Of weights and order.
        progress: Whether to show a bar.

    Shapes:
        - **velocity**: :math:`(T, 2, H, W)`

    Raises:
        ValueError: If too little is known in the square, there are too few frames, or nothing changes.
    """
    flow = _square(velocity.float())
    if len(flow) < _LEAST:
        raise ValueError(f"expected {_LEAST} frames or more to train on and to forecast, got {len(flow)}")
    first, last = int(0.7 * len(flow)), int(0.8 * len(flow))
    seen, test = flow[:first], flow[last - HISTORY :]
    for part, what in ((seen, "to train on"), (test, "to forecast")):
        check_known(part, HISTORY, f"{what} in the square of {flow.shape[-1]} places")
    scale, step = changing_sizes(seen)
    windows = FlowTiles(seen, [(frame, 0, 0) for frame in range(first - HISTORY)], HISTORY, 1, flow.shape[-1])
    values, known = split_gaps(test)
    ahead = min(10, len(test) - HISTORY)
    truth = torch.where(known, test, torch.nan)[HISTORY : HISTORY + ahead]
    scores: list[Score] = []
    forecasts: dict[str, Tensor] = {}
    for name in NETWORKS:
        torch.manual_seed(seed)
        net = build_forecaster(**network_arguments(name, HISTORY, scale, step))
        train(net, windows, steps=steps, seed=seed, progress=progress)
        with torch.no_grad():
            scores.append(_score(name, net, values, known))
            forecast = net.rollout(values[None, :HISTORY], ahead, known[None, :HISTORY])[0]
        forecasts[name] = torch.where(known[HISTORY - 1], forecast, torch.nan)
    return Compared(tuple(scores), truth, forecasts)


def _square(velocity: Tensor) -> Tensor:
    """The square where most is known, nearest to the middle."""
    height, width = velocity.shape[-2:]
    side = min(height, width, LARGEST)
    known = split_gaps(velocity)[1].sum((0, 1))
    below = torch.nn.functional.pad(known.cumsum(0).cumsum(1), (1, 0, 1, 0))
    counts = below[side:, side:] - below[:-side, side:] - below[side:, :-side] + below[:-side, :-side]
    places = (counts == counts.max()).nonzero()
    middle = torch.tensor([(height - side) // 2, (width - side) // 2])
    top, left = places[(places - middle).square().sum(1).argmin()].tolist()
    return velocity[..., top : top + side, left : left + side]


def _score(name: str, net: FieldForecaster, flow: Tensor, known: Tensor) -> Score:
    seen, given = (
        torch.stack([part[k : len(part) - HISTORY + k] for k in range(HISTORY)], 1) for part in (flow, known)
    )
    following, counted = flow[HISTORY:], given[:, -1] & known[HISTORY:]
    still = _squares(following - seen[:, -1], counted).sum()
    errors = _squares(net(seen, given) - following, counted)
    errors = errors[counted.flatten(1).any(1)]
    quarter = FlowAction(angle=math.pi / 2)
    (seen, given), (following, counted) = quarter(seen, given), quarter(following, counted)
    turned = _squares(net(torch.where(given, seen, 0.0), given) - following, counted).sum()
    error = float((errors.sum() / still).sqrt())
    # Of a root, half the relative error.
    spread = error * float(errors.std() / errors.mean()) / 2 / len(errors) ** 0.5
    parameters = sum(parameter.numel() for parameter in net.parameters())
    return Score(name, parameters, error, spread, float((turned / still).sqrt()), float(relaxation(net)))


def _squares(errors: Tensor, counted: Tensor) -> Tensor:
    """Sums of squares over the places of each frame that count."""
    return torch.where(counted, errors, 0.0).square().sum((1, 2, 3))
