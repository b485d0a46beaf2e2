from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jet_batch import jet_batch
from pyg_liesym.datasets.jets.streaming import StreamingJets
from pyg_liesym.datasets.jets.streaming_loader import StreamingLoader

MakeJets = Callable[..., JetArrays]


@pytest.fixture
def files(tmp_path: Path, make_jets: MakeJets) -> list[Path]:
    """Three files of 40, 1 and 60 jets."""
    return [
        save_jets(tmp_path / f"{seed}.root", make_jets(count, seed, 6), JetSchema())
        for seed, count in enumerate((40, 1, 60))
    ]


def loader(files: list[Path], num_workers: int = 0, **options: Any) -> StreamingLoader:
    sizes = {"batch_size": 4, "chunk_size": 10, "buffer_size": 25}
    return StreamingLoader(StreamingJets(files, **{**sizes, **options}), num_workers)


def equal(first: list[Batch], second: list[Batch]) -> bool:
    """Whether batches agree bit for bit."""
    return len(first) == len(second) and all(
        torch.equal(a[key], b[key])
        for a, b in zip(first, second, strict=True)
        for key in ("p4", "pos", "jet", "y", "batch", "ptr", "entry")
    )


def test_a_jet_is_the_one_of_its_entry(files: list[Path]) -> None:
    everything = concatenate_jets([open_jet_file(file).read() for file in files])
    for batch in loader(files, max_constituents=3):
        expected = jet_batch(everything.truncate(3).select(batch.entry.numpy()))
        assert batch.num_graphs == expected.num_graphs == 4
        for key in ("p4", "pos", "jet", "y", "batch", "ptr"):
            assert torch.equal(batch[key], expected[key]), key


def test_in_order_without_mixing(files: list[Path]) -> None:
    seen = torch.cat([batch.entry for batch in loader(files, mode="exact")])
    assert seen.tolist() == list(range(101))


@pytest.mark.parametrize("num_workers", [0, 2])
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_jet_exactly_once_over_two_ranks(files: list[Path], num_workers: int, shuffle: bool) -> None:
    ranks = [loader(files, num_workers, mode="exact", shuffle=shuffle, rank=rank, world_size=2) for rank in (0, 1)]
    batches = [list(rank) for rank in ranks]
    assert [len(rank) for rank in ranks] == [len(rank) for rank in batches]
    assert len(batches[0]) == len(batches[1])
    seen = torch.cat([batch.entry for rank in batches for batch in rank])
    assert sorted(seen.tolist()) == list(range(101))


@pytest.mark.parametrize("num_workers", [0, 2])
def test_ranks_train_equally_long_and_count_what_they_skip(files: list[Path], num_workers: int) -> None:
    ranks = [loader(files, num_workers, rank=rank, world_size=2) for rank in (0, 1)]
    epochs = []
    for _ in range(2):
        batches = [list(rank) for rank in ranks]
        assert len(batches[0]) == len(batches[1]) == len(ranks[0])
        seen = torch.cat([batch.entry for rank in batches for batch in rank]).tolist()
        skipped = ranks[0].jets.num_skipped(num_workers)
        assert skipped < 2 * max(num_workers, 1) * 4
        assert len(set(seen)) == len(seen) == 101 - skipped
        epochs.append(seen)
    assert epochs[0] != epochs[1]


def test_orders_follow_from_seed_and_epoch(files: list[Path]) -> None:
    first, again = loader(files), loader(files)
    epochs = [[list(each) for _ in range(2)] for each in (first, again)]
    assert equal(epochs[0][0], epochs[1][0])
    assert equal(epochs[0][1], epochs[1][1])
    assert not equal(epochs[0][0], epochs[0][1])
    assert not equal(epochs[0][0], list(loader(files, seed=1)))
    again.set_epoch(1)
    assert equal(list(again), epochs[0][1])


def test_mixing_reaches_across_files(files: list[Path]) -> None:
    first_five = torch.cat([batch.entry for batch, _ in zip(loader(files), range(5), strict=False)])
    chunks = {int(entry) // 10 for entry in first_five}
    assert len(chunks) >= 2
    assert not torch.equal(first_five, first_five.sort().values)


def after(loader: StreamingLoader, stop: int) -> dict[str, Any]:
    """The state of a loader that was stopped after some batches."""
    batches = iter(loader)
    for _ in range(stop):
        next(batches)
    return loader.state_dict()


@pytest.mark.parametrize(("num_workers", "stops"), [(0, [0, 1, 6, 24, 25]), (2, [0, 1, 11, 23, 24])])
def test_resumed_in_the_middle_equals_uninterrupted(files: list[Path], num_workers: int, stops: Any) -> None:
    whole = loader(files, num_workers)
    epochs = [list(whole), list(whole)]
    for stop in stops:
        resumed = loader(files, num_workers)
        resumed.load_state_dict(after(loader(files, num_workers), stop))
        done = stop == len(whole)
        assert equal(list(resumed), epochs[1] if done else epochs[0][stop:])
        assert done or equal(list(resumed), epochs[1])


def test_resumed_with_uneven_workers(files: list[Path]) -> None:
    def short() -> StreamingLoader:
        return loader(files[1:2] * 3, 2, mode="exact", batch_size=1)

    whole = list(short())
    assert [batch.entry.item() for batch in whole] == [0, 1, 2]
    for stop in range(3):
        resumed = short()
        resumed.load_state_dict(after(short(), stop))
        assert equal(list(resumed), whole[stop:])


@pytest.mark.parametrize("stop", [3, 25])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 5}, "batch_size 4 and cannot go on with batch_size 5"),
        ({"seed": 1}, "seed 0 and cannot go on with seed 1"),
        ({"max_constituents": 2}, "max_constituents None and cannot go on with max_constituents 2"),
        ({"schema": JetSchema(("Tbqq", "QCD"))}, r"classes \['QCD', 'Tbqq'\] and cannot go on with classes"),
        ({"schema": JetSchema(labelled=False)}, "labelled True and cannot go on with labelled False"),
        ({"num_workers": 1}, "num_workers 0 and cannot go on with num_workers 1"),
    ],
)
def test_a_state_of_another_order_is_refused(
    files: list[Path], options: dict[str, Any], message: str, stop: int
) -> None:
    state = after(loader(files), stop)
    resumed = loader(files, **options)
    resumed.load_state_dict(state)
    with pytest.raises(ValueError, match=f"stopped with {message}.*resume with the same files"):
        next(iter(resumed))
    if "num_workers" not in options:
        with pytest.raises(ValueError, match=f"stopped with {message}"):
            resumed.jets.load_state_dict(state)


def test_other_jets_are_refused_though_they_are_as_many(tmp_path: Path, make_jets: MakeJets) -> None:
    files = [save_jets(tmp_path / f"{seed}.root", make_jets(20, seed), JetSchema()) for seed in range(3)]
    state = after(loader(files), 3)
    whole = list(loader(files))
    moved = [path.rename(tmp_path / f"moved_{path.name}") for path in files]
    again = loader(moved)
    again.load_state_dict(state)
    assert equal(list(again), whole[3:])
    one = loader(moved, part=(0.0, 0.5))
    for other in (
        loader(moved[::-1]),
        loader([moved[0], moved[0], moved[2]]),
        loader(moved, part=(0.5, 1.0)),
        loader(save_jets(tmp_path / "all.root", make_jets(60), JetSchema())),
    ):
        assert other.jets.num_jets in (60, 30)
        other.load_state_dict(after(one, 3) if other.jets.num_jets == 30 else state)
        with pytest.raises(ValueError, match="resume with the same files in the same order"):
            next(iter(other))


def test_a_state_of_an_older_version_is_compared_as_far_as_it_goes(files: list[Path]) -> None:
    state = after(loader(files), 3)
    names = [
        "mode",
        "num_jets",
        "batch_size",
        "world_size",
        "shuffle",
        "chunk_size",
        "buffer_size",
        "seed",
        "num_workers",
    ]
    state["order"] = {name: state["order"][name] for name in names}
    again, other = loader(files), loader(files, seed=1)
    again.load_state_dict(state)
    assert equal(list(again), list(loader(files))[3:])
    other.load_state_dict(state)
    with pytest.raises(ValueError, match="seed 0 and cannot go on with seed 1"):
        next(iter(other))


def test_a_stale_state_gives_way_to_the_trainers_epoch(files: list[Path]) -> None:
    resumed = loader(files)
    resumed.load_state_dict(after(loader(files), 3))
    resumed.set_epoch(1)
    whole = loader(files)
    list(whole)
    assert equal(list(resumed), list(whole))


@pytest.mark.filterwarnings("ignore:'set_vital' is deprecated")
@pytest.mark.parametrize("num_workers", [0, 2])
def test_torchdata_resumes_it_too(files: list[Path], num_workers: int) -> None:
    stateful = pytest.importorskip("torchdata.stateful_dataloader")

    def make() -> Any:
        jets = StreamingJets(files, batch_size=4, chunk_size=10, buffer_size=25)
        return stateful.StatefulDataLoader(jets, batch_size=None, num_workers=num_workers, collate_fn=lambda x: x)

    whole = list(make())
    assert equal(whole, list(loader(files, num_workers)))
    stopped = make()
    batches = iter(stopped)
    for _ in range(7):
        next(batches)
    resumed = make()
    resumed.load_state_dict(stopped.state_dict())
    assert equal(list(resumed), whole[7:])


def test_a_share_of_the_jets(files: list[Path]) -> None:
    parts = [loader(files, mode="exact", part=part) for part in ((0.0, 0.6), (0.6, 1.0))]
    seen = [torch.cat([batch.entry for batch in part]).tolist() for part in parts]
    assert sorted(seen[0] + seen[1]) == list(range(101))
    assert len(seen[0]) == 61


def test_more_columns(tmp_path: Path, make_jets: MakeJets) -> None:
    jets = make_jets(8)
    rows = len(jets.p4)
    jets = JetArrays(
        jets.p4, jets.plane, jets.offsets, jets.axis, jets.label,
        {"part_charge": np.arange(rows, dtype=np.float32), "part_d0val": -np.arange(rows, dtype=np.float32)},
        np.linspace(0, 1, 8, dtype=np.float32),
    )  # fmt: skip
    schema = JetSchema(particle=("part_d0val", "part_charge"), weight="weight")
    file = save_jets(tmp_path / "more.root", jets, schema)
    batch = next(iter(StreamingJets(file, schema, mode="exact", batch_size=8)))
    torch.testing.assert_close(batch.x, torch.arange(float(rows))[:, None] * torch.tensor([-1.0, 1.0]))
    torch.testing.assert_close(batch.weight, torch.linspace(0, 1, 8))
    unlabelled = StreamingJets(file, JetSchema(labelled=False), mode="exact")
    assert set(next(iter(unlabelled)).y.tolist()) == {-1}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "test"}, "mode must be 'train' or 'exact', got 'test'"),
        ({"part": (0.5, 0.5)}, "part must be two growing numbers"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"rank": 1}, "rank and world_size belong together"),
        ({"rank": 2, "world_size": 2}, r"rank must be in \[0, world_size\), got 2 of 2"),
    ],
)
def test_bad_arguments_are_named(files: list[Path], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StreamingJets(files, **options)


def test_fewer_jets_than_ranks_are_refused(files: list[Path]) -> None:
    for rank in range(3):
        few = [loader(files, 0, mode="exact", part=(0.0, share), rank=rank, world_size=3) for share in (0.02, 0.03)]
        assert [one.jets.num_jets for one in few] == [2, 3]
        with pytest.raises(ValueError, match="a split has 2 graphs, but 3 processes each need at least one"):
            len(few[0])
        assert len(few[1]) == 1


def test_too_few_jets_for_a_batch_each(files: list[Path]) -> None:
    few = StreamingJets(files, batch_size=60, rank=0, world_size=2)
    with pytest.raises(ValueError, match="101 jets are too few for 2 processes × 1 workers × batches of 60"):
        next(iter(few))
