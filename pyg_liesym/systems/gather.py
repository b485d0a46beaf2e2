"""Rows and numbers of all ranks together."""

from __future__ import annotations

import torch
from torch import Tensor


def gather_rows(rows: Tensor) -> Tensor:
    r"""Put the rows of all ranks one after another, on every rank; ranks may have different numbers of rows.

    Without ``torch.distributed`` the rows come back as they are.

    Shapes:
        - **rows**: :math:`(S_r, \ldots)` on rank r, the dots alike; **output**: :math:`(\sum_r S_r, \ldots)`

    Example:
        >>> gather_rows(torch.arange(3))
        tensor([0, 1, 2])
    """
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return rows
    world = torch.distributed.get_world_size()
    sizes = [torch.zeros(1, dtype=torch.long, device=rows.device) for _ in range(world)]
    torch.distributed.all_gather(sizes, torch.tensor([rows.size(0)], device=rows.device))
    counts = [int(size) for size in sizes]
    # Collectives want equal shapes.
    padded = rows.new_zeros(max(counts), *rows.shape[1:])
    padded[: rows.size(0)] = rows
    everywhere = [torch.empty_like(padded) for _ in range(world)]
    torch.distributed.all_gather(everywhere, padded)
    return torch.cat([part[:count] for part, count in zip(everywhere, counts, strict=True)])


def mean_over_ranks(value: Tensor) -> Tensor:
    """Average what every rank has a value of; without ``torch.distributed`` it comes back as it is.

    Example:
        >>> mean_over_ranks(torch.tensor(2.0))
        tensor(2.)
    """
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return value
    total = value.detach().clone()
    torch.distributed.all_reduce(total)
    return total / torch.distributed.get_world_size()
