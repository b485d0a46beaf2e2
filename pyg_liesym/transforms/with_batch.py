"""What PyG leaves out of a batch."""

from __future__ import annotations

import copy

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data


def with_batch(data: Data, node: str) -> Batch:
    r"""Give a graph or graphs their ``batch`` and ``ptr``, where they have none.

    PyG leaves both out where it cannot tell which features are those of nodes, as of graphs with nothing but ``p4``.

    Args:
        data: A graph, or a batch of graphs.
        node: The name of a feature that has a row for each node.

    Returns:
        The batch itself where it has both, else a copy that shares its features.

    Raises:
        ValueError: If there is no such feature.

    Example:
        >>> batch = Batch.from_data_list([Data(p4=torch.ones(2, 4)), Data(p4=torch.ones(1, 4))])
        >>> batch.batch is None, with_batch(batch, "p4").batch
        (True, tensor([0, 0, 1]))
        >>> with_batch(Data(p4=torch.ones(2, 4)), "p4").num_graphs
        1
    """
    rows = data.get(node)
    if not isinstance(rows, Tensor):
        has = ", ".join(sorted(data.keys())) or "none"
        raise ValueError(f"expected graphs with the feature {node!r}, they have {has}")
    if isinstance(data, Batch) and "batch" in data and "ptr" in data:
        return data
    if "batch" in data:
        number = data.batch
        count = data.num_graphs if isinstance(data, Batch) else int(number.max()) + 1 if number.numel() else 0
    else:
        graphs = data.to_data_list() if isinstance(data, Batch) else [data]
        sizes = torch.tensor([graph[node].size(0) for graph in graphs], device=rows.device)
        count = len(graphs)
        number = torch.arange(count, device=rows.device).repeat_interleave(sizes)
    out = copy.copy(data) if isinstance(data, Batch) else Batch(_base_cls=type(data)).update(data)
    out.batch = number
    out.ptr = torch.cat([number.new_zeros(1), torch.bincount(number, minlength=count).cumsum(0)])
    out._num_graphs = count
    return out
