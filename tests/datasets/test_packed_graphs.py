"""Batches equal those of PyG's own loader, whatever the graphs are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Batch, Data, HeteroData, InMemoryDataset
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.datasets.packed_graphs import PackedGraphs, _Storage
from pyg_liesym.datasets.packing import pack

NUM_GRAPHS = 6


class Pairs(Data):
    """Two graphs in one, with rules of their own."""

    def __inc__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        if key == "edge_index_t":
            return self.x_t.size(0)
        if key == "links":
            return torch.tensor([[self.x.size(0)], [self.x_t.size(0)]])
        return super().__inc__(key, value, *args, **kwargs)

    def __cat_dim__(self, key: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        if key == "links":
            return 1
        return None if key == "embedding" else super().__cat_dim__(key, value, *args, **kwargs)


def x(k: int) -> Tensor:
    return torch.arange(2.0 * k).view(k, 2) + 100 * k


def edges(k: int, rows: int = 2) -> Tensor:
    return torch.stack([(torch.arange(k) + row) % max(k, 1) for row in range(rows)])


def hetero(k: int) -> HeteroData:
    data = HeteroData()
    data["a"].x, data["b"].x = x(k + 1), x(2 * k + 1)
    data["a", "to", "b"].edge_index = edges(k)
    return data


PLAIN: dict[str, Callable[[int], Any]] = {
    "edge_index": lambda k: Data(x=x(k), edge_index=edges(k), edge_attr=x(k)),
    "more edges": lambda k: Data(pos=x(k), edge_index=edges(k), knn_edge_index=edges(k), train_index=torch.arange(k)),
    "faces": lambda k: Data(pos=x(k), face=edges(k, 3)),
    "anchor": lambda k: Data(x=x(k + 1), anchor_index=torch.tensor([k]), root_index=torch.tensor(k)),
    "number as an index": lambda k: Data(x=x(k), root_index=k, y=k, mass=0.5 * k),
    "short integers": lambda k: Data(x=x(k), edge_index=edges(k).int(), small_index=torch.arange(k).to(torch.int16)),
    "index of floats": lambda k: Data(x=x(k), some_index=torch.arange(1.0 * k)),
    "scalars": lambda k: Data(x=x(k), y=torch.tensor(k), flag=torch.tensor([k % 2 == 0]), mask=x(k)[:, 0] > 3),
    "pos after another": lambda k: Data(y=torch.tensor([k]), pos=x(k), x=x(k), batch_free=None),
    "complex, double": lambda k: Data(x=x(k).double(), z=x(k).to(torch.complex64)),
    "rows of another kind": lambda k: Data(x=x(k), bond=x(2 * k), y=torch.ones(1, 3)),
}
OTHER: dict[str, Callable[[int], Any]] = {
    "strings": lambda k: Data(x=x(k), edge_index=edges(k), name=f"graph {k}"),
    "num_nodes": lambda k: Data(num_nodes=k + 2, edge_index=edges(k), edge_attr=x(k)),
    "num_nodes besides x": lambda k: Data(x=x(k), num_nodes=k, knn_edge_index=edges(k)),
    "no nodes named": lambda k: Data(p4=x(k), y=torch.tensor([k])),
    "nodes by another name": lambda k: Data(node_mass=x(k), edge_index=edges(k)),
    "a batch within": lambda k: Data(x=x(k + 1), inner_batch=torch.arange(k + 1)),
    "Boolean index": lambda k: Data(x=x(k + 1), chosen_index=torch.arange(k + 1) > 2),
    "lists": lambda k: Data(x=x(k), words=["a"] * k, parts=[x(k), x(1)]),
    "a dictionary": lambda k: Data(x=x(k), more={"a": x(k), "edge_index": edges(k)}),
    "sparse": lambda k: Data(x=x(k + 1), adj=torch.eye(k + 1).to_sparse_coo().coalesce()),
    "rules of its own": lambda k: Pairs(
        x=x(k + 1), x_t=x(2 * k + 1), edge_index_t=edges(k), links=edges(k), embedding=torch.full((3,), 1.0 * k)
    ),
    "several kinds": hetero,
}
ZOO = PLAIN | OTHER


class Zoo(InMemoryDataset):
    """Graphs that PyG has packed."""

    def __init__(self, make: Callable[[int], Any], num_graphs: int = NUM_GRAPHS) -> None:
        super().__init__()
        graphs = [make(k) for k in range(1, num_graphs + 1)]
        self.data, self.slices = self.collate(graphs) if num_graphs > 1 else (graphs[0], None)


def same(first: Any, second: Any) -> bool:
    if isinstance(first, Tensor):
        first, second = (value.to_dense() if value.is_sparse else value for value in (first, second))
        return first.dtype == second.dtype and torch.equal(first, second)
    if isinstance(first, Mapping):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, Sequence) and not isinstance(first, str):
        return len(first) == len(second) and all(map(same, first, second))
    return type(first) is type(second) and bool(first == second)


def assert_same(batch: Any, expected: Any, *, separable: bool = True) -> None:
    assert type(batch) is type(expected)
    assert batch.num_graphs == expected.num_graphs
    assert same(batch.to_dict(), expected.to_dict()), (batch, expected)
    if not separable:
        return
    for graph, original in zip(batch.to_data_list(), expected.to_data_list(), strict=True):
        assert type(graph) is type(original)
        assert same(graph.to_dict(), original.to_dict()), (graph, original)


@pytest.mark.filterwarnings("ignore:Unable to accurately infer 'num_nodes'")
@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
@pytest.mark.parametrize("batch_size", [1, 4, NUM_GRAPHS])
@pytest.mark.parametrize("name", ZOO)
def test_batches_are_those_of_pyg(name: str, batch_size: int) -> None:
    dataset = Zoo(ZOO[name])
    for subset in (dataset, dataset[[5, 1, 3]]):
        batches, expected = list(PackedLoader(subset, batch_size)), list(DataLoader(subset, batch_size))
        assert len(batches) == len(expected)
        for pair in zip(batches, expected, strict=True):
            assert_same(*pair, separable=name != "sparse")  # which PyG cannot take apart again


@pytest.mark.parametrize("name", ["edge_index", "strings", "rules of its own"])
def test_one_graph_that_was_never_packed(name: str) -> None:
    (batch,) = PackedLoader(Zoo(ZOO[name], num_graphs=1))
    assert_same(batch, Batch.from_data_list([ZOO[name](1)]))


def test_workers_give_the_same() -> None:
    for name in ("more edges", "strings"):
        dataset = Zoo(ZOO[name])
        for pair in zip(PackedLoader(dataset, 4, num_workers=1), DataLoader(dataset, 4), strict=True):
            assert_same(*pair)


def test_plain_graphs_are_gathered_and_others_are_not() -> None:
    for name, make in ZOO.items():
        assert isinstance(PackedGraphs(Zoo(make)).storage, _Storage) == (name in PLAIN), name


def test_our_own_storage_is_plain() -> None:
    class Packed(InMemoryDataset):
        def __init__(self) -> None:
            super().__init__()
            sizes = torch.tensor([2, 0, 1])
            edge = {"edge_index": torch.tensor([[0, 1, 0], [1, 0, 0]]), "edge_attr": torch.rand(3)}
            self.data, self.slices = pack(sizes, {"p4": x(3), "pos": x(3)}, {"y": sizes}, edge, sizes)

    dataset = Packed()
    assert isinstance(PackedGraphs(dataset).storage, _Storage)
    (batch,) = PackedLoader(dataset, 3)
    assert_same(batch, next(iter(DataLoader(dataset, 3))))
