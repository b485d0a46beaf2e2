"""Where the graph of every node begins and ends, found on the device, once for a batch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from pyg_liesym.typing import OptTensor


class Bounds(NamedTuple):
    """First node of the graph of each node, and the one behind its last.

    Shapes:
        - **first**, **last**: :math:`(N)`
    """

    first: Tensor
    last: Tensor


_known = WeakTensorKeyDictionary()


def bounds_of(batch: OptTensor, num_nodes: int, device: torch.device) -> Bounds:
    """Bounds of the graphs of a batch; every layer, forward and backward, asks for the same ones.

    Nothing is read back by the host: that ``batch`` is sorted is asserted on the device.

    Example:
        >>> bounds_of(torch.tensor([0, 0, 2]), 3, torch.device("cpu")).last.tolist()
        [2, 2, 3]
    """
    if batch is None:
        first = torch.zeros(num_nodes, dtype=torch.int32, device=device)
        return Bounds(first, torch.full_like(first, num_nodes))
    # A graph of launches that is recorded must find them anew whenever it is played.
    recorded = batch.is_cuda and torch.cuda.is_current_stream_capturing()
    found: tuple[int, Bounds] | None = None if recorded else _known.get(batch)
    if found is not None and found[0] == batch._version:
        return found[1]
    torch._assert_async(
        (batch[1:] >= batch[:-1]).all(),
        "edge_index=None needs the nodes of one graph next to each other, but `batch` is not sorted",
    )
    items = batch.contiguous()
    bounds = Bounds(*(torch.searchsorted(items, items, out_int32=True, right=right) for right in (False, True)))
    if not recorded:
        _known[batch] = batch._version, bounds
    return bounds
