"""Many jets as one graph batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch_geometric.data import Batch, Data

from pyg_liesym.datasets.io.jet_arrays import JetArrays


def jet_batch(jets: JetArrays, particle: Sequence[str] = (), entry: NDArray[np.int64] | None = None) -> Batch:
    r"""Lay out jets as the batch that :class:`~pyg_liesym.datasets.loader.PackedLoader` makes of them.

    Args:
        jets: The jets.
        particle: Names of the numbers of a constituent that become ``x``, in this order.
        entry: Number of every jet in its files.

    Shapes:
        ``p4`` :math:`(N, 4)`, ``pos`` :math:`(N, 2)`, ``x`` :math:`(N, F)` if there are ``particle`` columns;
        ``jet`` :math:`(B, 4)`, ``y`` :math:`(B)`, ``weight`` :math:`(B)` if the jets have weights, ``entry``
        :math:`(B)` if it is given; ``batch`` and ``ptr`` as in PyG.

    Example:
        >>> jets = JetArrays(
        ...     p4=np.ones((3, 4), np.float32), plane=np.zeros((3, 2), np.float32), offsets=np.array([0, 1, 3]),
        ...     axis=np.ones((2, 4), np.float32), label=np.array([0, 1]),
        ... )
        >>> jet_batch(jets).batch
        tensor([0, 1, 1])
    """
    out = Batch(_base_cls=Data)
    out.batch = torch.arange(len(jets)).repeat_interleave(torch.from_numpy(jets.counts))
    out.ptr = torch.from_numpy(jets.offsets)
    out._num_graphs = len(jets)
    if particle:
        out.x = torch.from_numpy(np.stack([jets.particle[name] for name in particle], axis=-1))
    out.p4, out.pos = torch.from_numpy(jets.p4), torch.from_numpy(jets.plane)
    out.jet, out.y = torch.from_numpy(jets.axis), torch.from_numpy(jets.label)
    if jets.weight is not None:
        out.weight = torch.from_numpy(jets.weight)
    if entry is not None:
        out.entry = torch.from_numpy(entry)
    return out
