"""The graphs of an in-memory dataset, asked for by the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import Dataset
from torch_geometric.data import Batch, Data, InMemoryDataset
from torch_geometric.data.storage import N_KEYS


class PackedGraphs(Dataset[Batch]):
    r"""Batches of a dataset, equal to those of :meth:`torch_geometric.data.Batch.from_data_list`, key by key.

    Graphs that are :class:`~torch_geometric.data.Data` with dense tensors and ``x`` or ``pos`` are gathered from the
    storage, one index per feature. All others (a subclass with rules of its own, strings, lists, sparse tensors,
    a ``num_nodes`` of its own) are handed to PyG one by one, which takes longer.

    Args:
        dataset: The graphs.

    Raises:
        ValueError: If the dataset has a ``transform``.
    """

    def __init__(self, dataset: InMemoryDataset) -> None:
        if dataset.transform is not None:
            raise ValueError(
                "PackedLoader reads the storage of a dataset and calls no `transform`; apply it beforehand as "
                "`pre_transform`, or use torch_geometric.loader.DataLoader"
            )
        self.graphs = torch.as_tensor(list(dataset.indices()), dtype=torch.long)
        self.storage: _Storage | InMemoryDataset = _Storage(dataset) if _is_plain(dataset) else dataset

    def __len__(self) -> int:
        return self.graphs.numel()

    def __getitems__(self, items: Sequence[int]) -> Batch:
        graphs = self.graphs[torch.as_tensor(items, dtype=torch.long)]
        if isinstance(self.storage, _Storage):
            return self.storage.batch(graphs)
        batch: Batch = Batch.from_data_list([self.storage.get(number) for number in graphs.tolist()])
        return batch


def _is_plain(dataset: InMemoryDataset) -> bool:
    """Whether the batches follow from the slices alone."""
    data, slices = dataset._data, dataset.slices
    if type(data) is not Data or slices is None or "num_nodes" in data:
        return False
    fields = {key: data[key] for key in slices if key in data}
    nodes = next((key for key in fields if key in N_KEYS), None)
    return nodes in ("x", "pos") and all(_is_dense(key, value) for key, value in fields.items())


def _is_dense(key: str, value: Any) -> bool:
    # PyG adds to `batch` by its content, does not collate `ptr`, and would make numbers of a Boolean index.
    if "batch" in key or key == "ptr" or type(value) is not Tensor:
        return False
    counted = "index" in key or key == "face"
    return value.layout == torch.strided and not value.is_nested and not (counted and value.dtype == torch.bool)


class _Storage:
    """Features of all graphs, one after another."""

    def __init__(self, dataset: InMemoryDataset) -> None:
        data, slices = dataset._data, dataset.slices
        assert data is not None
        assert slices is not None
        self.fields: dict[str, tuple[Tensor, Tensor, int]] = {
            key: (data[key], torch.as_tensor(slices[key]), data.__cat_dim__(key, data[key]))
            for key in slices
            if key in data
        }
        # What one node more or less in a graph is to the numbers in a feature of the graphs behind it.
        one_node = Data(num_nodes=1)
        self.counted = {key for key, (value, _, _) in self.fields.items() if one_node.__inc__(key, value)}
        self.node_key = next(key for key in self.fields if key in N_KEYS)

    def batch(self, graphs: Tensor) -> Batch:
        """The batch of some graphs."""
        known: dict[int, _Rows] = {}
        nodes, none = self._rows(self.node_key, graphs, known), torch.zeros_like(graphs)
        out = Batch(_base_cls=Data)
        ptr, slices, shifts = nodes.ptr, {}, {}
        for key, (value, _, dim) in self.fields.items():
            rows = self._rows(key, graphs, known)
            selected = value.index_select(dim, rows.index)
            slices[key], shifts[key] = rows.ptr, none
            if key in self.counted:
                shifts[key] = ptr[:-1]
                selected = selected + ptr[:-1].to(selected.dtype).repeat_interleave(rows.counts)
            out[key] = selected
        out.batch = torch.arange(graphs.numel()).repeat_interleave(nodes.counts)
        out.ptr = ptr
        out._num_graphs, out._slice_dict, out._inc_dict = graphs.numel(), slices, shifts
        return out

    def _rows(self, key: str, graphs: Tensor, known: dict[int, _Rows]) -> _Rows:
        """Rows of a feature that belong to ``graphs``; features of the same kind share their slices and the work."""
        slices = self.fields[key][1]
        if slices.data_ptr() not in known:
            known[slices.data_ptr()] = _Rows(slices, graphs)
        return known[slices.data_ptr()]


class _Rows:
    """Where the rows of some graphs are: how many each has, the edges between them in the batch, their numbers."""

    def __init__(self, slices: Tensor, graphs: Tensor) -> None:
        start = slices[graphs]
        self.counts = slices[graphs + 1] - start
        self.ptr = torch.cat([self.counts.new_zeros(1), self.counts.cumsum(0)])
        total = int(self.ptr[-1])
        shift = (start - self.ptr[:-1]).repeat_interleave(self.counts, output_size=total)
        self.index = torch.arange(total) + shift
