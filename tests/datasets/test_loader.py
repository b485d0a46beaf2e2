from __future__ import annotations

import pytest
import torch
from torch_geometric.data import Batch, InMemoryDataset

from pyg_liesym.datasets.loader import EpochSampler, PackedLoader
from pyg_liesym.datasets.packing import pack


class Graphs(InMemoryDataset):
    """Five graphs of 0 to 4 nodes, a ring of edges in each."""

    def __init__(self) -> None:
        super().__init__()
        sizes = torch.arange(5)
        edges = torch.cat([torch.stack([torch.arange(k), (torch.arange(k) + 1) % max(k, 1)]) for k in range(5)], dim=1)
        self.data, self.slices = pack(
            sizes, {"pos": torch.arange(20.0).view(10, 2)}, {"y": 10 * sizes}, {"edge_index": edges}, sizes
        )


@pytest.mark.parametrize("batch_size", [1, 2, 5, 7])
def test_batches_are_those_of_pyg(batch_size: int) -> None:
    dataset = Graphs()
    for number, batch in enumerate(PackedLoader(dataset, batch_size)):
        chosen = range(number * batch_size, min((number + 1) * batch_size, 5))
        expected = Batch.from_data_list([dataset[i] for i in chosen])
        assert batch.num_graphs == expected.num_graphs
        for key in ("pos", "y", "edge_index", "batch", "ptr"):
            assert torch.equal(batch[key], expected[key]), key


def test_a_subset_is_respected() -> None:
    (batch,) = PackedLoader(Graphs()[[3, 1]], 2)
    assert batch.y.tolist() == [30, 10]


def test_orders_follow_from_seed_and_epoch() -> None:
    def orders(seed: int, epochs: int) -> list[list[int]]:
        loader = PackedLoader(Graphs(), 5, shuffle=True, seed=seed)
        return [next(iter(loader)).y.tolist() for _ in range(epochs)]

    first = orders(0, 3)
    assert first == orders(0, 3)
    assert first != orders(1, 3)
    assert len({tuple(order) for order in first}) > 1
    sampler = EpochSampler(5)
    whole = [list(sampler) for _ in range(3)]
    sampler.set_epoch(2)
    assert list(sampler) == whole[2]


def test_a_transform_is_refused_rather_than_forgotten() -> None:
    dataset = Graphs()
    dataset.transform = lambda data: data
    with pytest.raises(ValueError, match="calls no `transform`"):
        PackedLoader(dataset)
