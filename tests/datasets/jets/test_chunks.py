from __future__ import annotations

import numpy as np
import pytest

from pyg_liesym.datasets.jets.chunks import batch_edges, chunks_of, cut, merged, part_of


def jets(chunks: np.ndarray) -> list[tuple[int, int]]:
    """Every jet of the chunks, in their order."""
    return [(file, jet) for file, start, stop in chunks.tolist() for jet in range(start, stop)]


COUNTS = [7, 0, 12, 1, 3]
ALL = [(file, jet) for file, count in enumerate(COUNTS) for jet in range(count)]


@pytest.mark.parametrize("size", [1, 3, 5, 100])
def test_chunks_hold_every_jet_once(size: int) -> None:
    chunks = chunks_of(COUNTS, size)
    assert jets(chunks) == ALL
    assert (chunks[:, 2] - chunks[:, 1]).max() <= size


def test_a_cut_is_a_slice_of_the_sequence() -> None:
    chunks = chunks_of(COUNTS, 4)[np.random.default_rng(0).permutation(len(chunks_of(COUNTS, 4)))]
    sequence = jets(chunks)
    for first in range(len(sequence) + 1):
        for last in range(first, len(sequence) + 1):
            assert jets(cut(chunks, first, last)) == sequence[first:last]


def test_merging_keeps_the_jets_and_the_limit() -> None:
    chunks = chunks_of(COUNTS, 2)[::-1]
    assert jets(merged(chunks)) == ALL
    assert len(merged(chunks)) == 4
    bounded = merged(chunks, 4)
    assert jets(bounded) == ALL
    assert (bounded[:, 2] - bounded[:, 1]).max() == 4


def test_parts_are_disjoint_complete_and_spread() -> None:
    counts = [500, 300]
    parts = [part_of(counts, 50, part) for part in ((0.0, 0.7), (0.7, 0.8), (0.8, 1.0))]
    assert [len(jets(part)) for part in parts] == [560, 80, 160]
    together = sorted(jet for part in parts for jet in jets(part))
    assert together == [(file, jet) for file, count in enumerate(counts) for jet in range(count)]
    for part in parts:
        assert len({(file, jet // 100) for file, jet in jets(part)}) >= 7


@pytest.mark.parametrize("shards", [1, 2, 3, 8])
@pytest.mark.parametrize("num_jets", [0, 1, 5, 16, 97])
@pytest.mark.parametrize("batch_size", [1, 4, 30])
def test_batches_of_all_shards(num_jets: int, shards: int, batch_size: int) -> None:
    equal = [batch_edges(num_jets, batch_size, shards, shard, equal_steps=True) for shard in range(shards)]
    assert len({len(edges) for edges in equal}) == 1
    assert all((np.diff(edges) == batch_size).all() for edges in equal)
    covered = [jet for edges in equal for jet in range(edges[0], edges[-1])]
    assert covered == list(range(len(covered)))
    assert num_jets - len(covered) < shards * batch_size

    exact = [batch_edges(num_jets, batch_size, shards, shard, equal_steps=False) for shard in range(shards)]
    sizes = [np.diff(edges) for edges in exact]
    assert [jet for edges in exact for jet in range(edges[0], edges[-1])] == list(range(num_jets))
    assert all(((size >= 1) & (size <= batch_size)).all() for size in sizes)
    if num_jets >= shards and batch_size > 1:
        assert len({len(size) for size in sizes}) == 1
