"""Which jets of many files go to which batch: arithmetic on their numbers alone, nothing is read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def chunks_of(counts: Sequence[int], chunk_size: int) -> NDArray[np.int64]:
    """Cut files into chunks that are read at once.

    Args:
        counts: Jets in every file.
        chunk_size: Most jets in a chunk.

    Shapes:
        - **output**: rows ``(file, start, stop)``, :math:`(C, 3)`

    Example:
        >>> chunks_of([5, 2], 3).tolist()
        [[0, 0, 3], [0, 3, 5], [1, 0, 2]]
    """
    rows = []
    for file, count in enumerate(counts):
        start = np.arange(0, count, chunk_size)
        rows.append(np.stack([np.full_like(start, file), start, np.minimum(start + chunk_size, count)], axis=-1))
    return np.concatenate(rows).astype(np.int64) if rows else np.zeros((0, 3), np.int64)


def cut(chunks: NDArray[np.int64], first: int, last: int) -> NDArray[np.int64]:
    """Return the jets ``first`` to ``last`` of the sequence that the chunks make, as chunks.

    Example:
        >>> cut(chunks_of([5, 2], 3), 2, 6).tolist()
        [[0, 2, 3], [0, 3, 5], [1, 0, 1]]
    """
    end = (chunks[:, 2] - chunks[:, 1]).cumsum()
    begin = end - (chunks[:, 2] - chunks[:, 1])
    low, high = np.searchsorted(end, first, side="right"), np.searchsorted(begin, last, side="left")
    pieces = chunks[low:high].copy()
    if len(pieces):
        pieces[0, 1] += first - begin[low]
        pieces[-1, 2] -= end[high - 1] - last
    return pieces[pieces[:, 1] < pieces[:, 2]]


def part_of(counts: Sequence[int], chunk_size: int, part: tuple[float, float]) -> NDArray[np.int64]:
    """Take a share of the jets of files, such as ``(0.0, 0.7)`` for training; disjoint shares have no jet in common.

    The shares are of a fixed random order of small chunks, so that each has jets from everywhere in the files.

    Args:
        counts: Jets in every file.
        chunk_size: Most jets in a chunk.
        part: First and last share, between 0 and 1.

    Shapes:
        - **output**: rows ``(file, start, stop)`` in the files' order, :math:`(C, 3)`
    """
    if part == (0.0, 1.0):
        return chunks_of(counts, chunk_size)
    total = sum(counts)
    small = chunks_of(counts, max(1, min(chunk_size, total // 200)))
    mixed = small[np.random.default_rng(0).permutation(len(small))]
    chosen = cut(mixed, round(part[0] * total), round(part[1] * total))
    return merged(chosen, chunk_size)


def merged(chunks: NDArray[np.int64], chunk_size: int | None = None) -> NDArray[np.int64]:
    """Sort chunks by file and place, and join neighbours as long as they stay within ``chunk_size``."""
    rows: list[list[int]] = []
    for file, start, stop in chunks[np.lexsort((chunks[:, 1], chunks[:, 0]))].tolist():
        touching = bool(rows) and rows[-1][0] == file and rows[-1][2] == start
        if touching and (chunk_size is None or stop - rows[-1][1] <= chunk_size):
            rows[-1][2] = stop
        else:
            rows.append([file, start, stop])
    return np.array(rows, np.int64).reshape(-1, 3)


def batch_edges(num_jets: int, batch_size: int, num_shards: int, shard: int, *, equal_steps: bool) -> NDArray[np.int64]:
    r"""Where the batches of one shard begin and end in a sequence of jets.

    With ``equal_steps`` every shard has the same number of full batches, and the jets after the last of them, fewer
    than ``num_shards`` batches, are left out. Without it every jet is in one batch: the shards' numbers of jets differ
    by at most one, and each is divided evenly, so that all shards have equally many batches if only there are as many
    jets.

    Shapes:
        - **output**: :math:`(S + 1)` for :math:`S` batches

    Example:
        >>> [batch_edges(11, 2, 2, shard, equal_steps=True).tolist() for shard in (0, 1)]
        [[0, 2, 4], [4, 6, 8]]
        >>> [batch_edges(11, 2, 2, shard, equal_steps=False).tolist() for shard in (0, 1)]
        [[0, 1, 3, 5], [5, 7, 9, 11]]
    """
    if equal_steps:
        steps = num_jets // (batch_size * num_shards)
        return (shard * steps + np.arange(steps + 1, dtype=np.int64)) * batch_size
    first, last = num_jets * shard // num_shards, num_jets * (shard + 1) // num_shards
    most = -(-num_jets // num_shards)
    steps = min(-(-most // batch_size), last - first)
    return first + (last - first) * np.arange(steps + 1, dtype=np.int64) // max(steps, 1)
