"""Flat arrays of many graphs as the storage of a PyG dataset, without a Python object per graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor
from torch_geometric.data import Data

from pyg_liesym.datasets.io.tensors import open_tensors
from pyg_liesym.writing import whole_file


def pack(
    num_nodes: Tensor,
    node: Mapping[str, Tensor],
    graph: Mapping[str, Tensor],
    edge: Mapping[str, Tensor] | None = None,
    num_edges: Tensor | None = None,
) -> tuple[Data, dict[str, Tensor]]:
    r"""Lay out graphs one after another as :class:`torch_geometric.data.InMemoryDataset` stores them.

    Args:
        num_nodes: Nodes of each graph.
        node: Features with one row a node, ``x`` or ``pos`` among them.
        graph: Features with one row a graph.
        edge: Features with one row an edge, and ``edge_index`` with node numbers that begin at 0 in every graph.
        num_edges: Edges of each graph.

    Shapes:
        - **num_nodes**, **num_edges**: :math:`(B)`; values of **node**: :math:`(\sum N_b, \ldots)`; of **graph**:
          :math:`(B, \ldots)`; of **edge**: :math:`(\sum E_b, \ldots)`, ``edge_index``: :math:`(2, \sum E_b)`

    Raises:
        ValueError: If a feature has another number of rows.

    Example:
        >>> data, slices = pack(torch.tensor([2, 1]), {"pos": torch.zeros(3, 2)}, {"y": torch.tensor([0, 1])})
        >>> slices["pos"]
        tensor([0, 2, 3])
    """
    groups = [("node", node, num_nodes), ("graph", graph, torch.ones_like(num_nodes))]
    if edge is not None and num_edges is not None:
        groups.append(("edge", edge, num_edges))
    data, slices = Data(), {}
    for kind, features, counts in groups:
        ptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        for name, value in features.items():
            rows = value.size(-1) if name == "edge_index" else value.size(0)
            if rows != int(ptr[-1]):
                raise ValueError(f"expected {int(ptr[-1])} rows of the {kind} feature {name!r}, got {rows}")
            data[name] = value
            slices[name] = ptr
    return data, slices


def save_packed(path: str | Path, data: Data, slices: Mapping[str, Tensor]) -> None:
    """Write packed graphs as safetensors, under a temporary name until they are whole."""
    tensors = {f"data.{key}": data[key].contiguous() for key in slices}
    tensors.update({f"slices.{key}": value.clone() for key, value in slices.items()})
    with whole_file(path) as unfinished:
        save_file(tensors, unfinished, metadata={"fields": ",".join(slices)})


def load_packed(path: str | Path) -> tuple[Data, dict[str, Tensor]]:
    """Read what :func:`save_packed` wrote, in the same order; features of a kind share their slices again.

    Raises:
        ValueError: Naming the file, if it is damaged.
    """
    data = Data()
    slices: dict[str, Tensor] = {}
    with open_tensors(path) as file:
        for key in file.metadata()["fields"].split(","):
            data[key], own = file.get_tensor(f"data.{key}"), file.get_tensor(f"slices.{key}")
            slices[key] = next((other for other in slices.values() if torch.equal(other, own)), own)
    return data, slices
