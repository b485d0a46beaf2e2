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


@pytest.mark.parametrize("workers", [0, 1])
def test_a_pass_goes_on_after_the_batches_handed_out(workers: int) -> None:
    def loader() -> PackedLoader:
        return PackedLoader(Graphs(), 2, shuffle=True, seed=3, num_workers=workers)

    whole = loader()
    epochs = [[batch.y.tolist() for batch in whole] for _ in range(3)]
    stopped = loader()
    list(stopped)
    half = iter(stopped)
    assert next(half).y.tolist() == epochs[1][0]
    state = stopped.state_dict()
    assert state == {"epoch": 1, "batches": 1}
    resumed = loader()
    resumed.load_state_dict(state)
    assert [batch.y.tolist() for batch in resumed] == epochs[1][1:]
    assert resumed.state_dict() == {"epoch": 1, "batches": 3}
    assert [batch.y.tolist() for batch in resumed] == epochs[2]


def test_a_state_of_another_epoch_skips_nothing() -> None:
    loader = PackedLoader(Graphs(), 2, shuffle=True)
    loader.load_state_dict({"epoch": 0, "batches": 2})
    loader.sampler.set_epoch(1)  # as a trainer does that had cut the epoch short
    assert len(list(loader)) == 3


@pytest.mark.parametrize(("size", "world"), [(10, 2), (11, 3), (2, 4)])
def test_ranks_share_the_items(size: int, world: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def share(rank: int, shuffle: bool) -> list[int]:
        monkeypatch.setattr("pyg_liesym.datasets.loader._rank_and_world", lambda: (rank, world))
        sampler = EpochSampler(size, 1, shuffle=shuffle)
        items = list(sampler)
        assert len(items) == len(sampler)
        return items

    every = [share(rank, shuffle=False) for rank in range(world)]
    assert sorted(item for items in every for item in items) == list(range(size))
    training = [share(rank, shuffle=True) for rank in range(world)]
    assert {len(items) for items in training} == {size // world}
    assert len({item for items in training for item in items}) == size // world * world


def test_fewer_graphs_than_ranks_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """On every rank alike, before one waits for another."""
    for rank in range(3):
        monkeypatch.setattr("pyg_liesym.datasets.loader._rank_and_world", lambda rank=rank: (rank, 3))
        assert len(PackedLoader(Graphs()[:3], 2)) == 1
        with pytest.raises(ValueError, match="a split has 2 graphs, but 3 processes each need at least one"):
            len(PackedLoader(Graphs()[:2], 2))
