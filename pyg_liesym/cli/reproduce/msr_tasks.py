"""MSR's synthetic tasks: linear layers that share weights as a convolution does, or one that turns its filters."""

from __future__ import annotations

import torch
from torch import Tensor

from pyg_liesym.discovery.weight_sharing import SharedWeights

TASKS = ("rank 1", "rank 2", "rank 5", "eighths", "eighths and flips")
_TAPS = 3
_FIELDS = 3
# The places of a 3 × 3 filter around its centre, counterclockwise from the right; row by row, the centre is 4.
_RING = (5, 2, 1, 0, 3, 6, 7, 8)


def true_sharing(task: str, length: int, generator: torch.Generator) -> SharedWeights:
    """U of the tasks of a name.

    In ``rank r`` (Zhou, Knowles, Finn, section 5.1), r filters of three taps are mixed at every place of a row with
    proportions of its own, a softmax of normal numbers; one filter is a convolution. In ``eighths``, three filters on
    3 × 3 places are turned by every eighth of a full turn, and with ``flips`` mirrored as well: an eighth moves the
    eight outer places by one, so the group acts exactly. (The paper's filters are interpolated by e2cnn.)

    Args:
        task: One of `TASKS`.
        length: Inputs of a row.
        generator: Draws the proportions.
    """
    basis = _mixed(int(task.split()[1]), length, generator) if task.startswith("rank") else _turned("flips" in task)
    return SharedWeights(basis, basis.new_zeros(len(basis)), basis.new_zeros(0))


def draw_tasks(
    sharing: SharedWeights, num_tasks: int, examples: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Inputs ``[T, S, n]`` and outputs ``[T, S, m]`` of tasks with normal weights and normal inputs."""
    w = sharing.weights(torch.randn(num_tasks, sharing.rank, generator=generator, dtype=torch.float64))
    x = torch.randn(num_tasks, examples, w.shape[2], generator=generator, dtype=torch.float64)
    return x, x @ w.mT


def unshared(task: str, length: int) -> dict[str, SharedWeights]:
    """What shares nothing: all weights free, and, in a row, those of each place free within its three taps."""
    shapes = {"eighths": (8 * _FIELDS, 9), "eighths and flips": (16 * _FIELDS, 9)}
    m, n = shapes.get(task, (length - _TAPS + 1, length))
    full = torch.eye(m * n, dtype=torch.float64).unflatten(1, (m, n))
    found = {"fully connected": full}
    if task not in shapes:
        near = sum(torch.eye(m, n, dtype=torch.float64).roll(tap, 1) for tap in range(_TAPS))
        assert isinstance(near, Tensor)
        found["locally connected"] = full[near.flatten() > 0]
    return {name: SharedWeights(one, one.new_zeros(len(one)), one.new_zeros(0)) for name, one in found.items()}


def _mixed(filters: int, length: int, generator: torch.Generator) -> Tensor:
    places = length - _TAPS + 1
    shares = torch.softmax(torch.randn(places, filters, generator=generator, dtype=torch.float64), dim=1)
    taps = [torch.eye(places, length, dtype=torch.float64).roll(tap, 1) for tap in range(_TAPS)]
    return torch.stack([shares[:, k, None] * tap for k in range(filters) for tap in taps])


def _turned(flips: bool) -> Tensor:
    """A free weight for every place of every filter, seen in all its turns, ``[27, outputs, 9]``."""
    orders = [_RING[turn:] + _RING[:turn] for turn in range(8)]
    if flips:
        orders += [tuple(reversed(order)) for order in orders]
    copies = torch.zeros(9, len(orders), 9, dtype=torch.float64)
    for number, order in enumerate(orders):
        copies[4, number, 4] = 1.0
        for place, seen in zip(_RING, order, strict=True):
            copies[place, number, seen] = 1.0
    fields = torch.eye(_FIELDS, dtype=torch.float64)
    return torch.einsum("fg,pos->fpgos", fields, copies).flatten(2, 3).flatten(0, 1)
