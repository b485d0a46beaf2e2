"""Jets of any number of files as a stream of batches."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info
from torch_geometric.data import Batch

from pyg_liesym.datasets.io.files import PathLike, find_files
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.jet_files import open_jet_file
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.chunks import batch_edges, cut, merged, part_of
from pyg_liesym.datasets.jets.jet_batch import jet_batch
from pyg_liesym.datasets.jets.stream_order import check_order, fingerprint

StreamMode: TypeAlias = Literal["train", "exact"]


class StreamingJets(IterableDataset[Batch]):
    r"""Batches of jets straight from files that need not fit in memory.

    Files are cut into chunks. In training the chunks are put in a random order; ``buffer_size`` jets of neighbouring
    chunks are read together, mixed and given out. The order follows from the seed and the epoch alone, and the place
    in it is two numbers: ``state_dict`` and ``load_state_dict`` have them, so that
    ``torchdata.stateful_dataloader.StatefulDataLoader`` (with ``batch_size=None``) goes on after a stop exactly where
    it was. :class:`~pyg_liesym.datasets.jets.streaming_loader.StreamingLoader` is that loader with epochs.

    Ranks and their workers share the jets without loss or duplicates:

    - ``mode="train"``: all have equally many full batches; the surplus, fewer than ranks × workers batches and another
      one in every epoch, is left out, :meth:`num_skipped`.
    - ``mode="exact"``: every jet comes exactly once, for validation, test and prediction.

    Args:
        files: One or several paths or globs of files that
            :func:`~pyg_liesym.datasets.io.jet_files.open_jet_file` reads.
        schema: What to read from them; None for QCD and top jets.
        batch_size: Jets in a batch.
        mode: See above.
        part: A share of the jets, such as ``(0.0, 0.7)``; disjoint shares have no jet in common.
        max_constituents: Keep the hardest constituents of every jet up to this number; None for all.
        shuffle: Whether to mix; None for mixing in training only.
        chunk_size: Jets that are read at once.
        buffer_size: Jets that are mixed; a process holds twice as many at most.
        seed: Seed of the orders.
        rank: Number of this process among ``world_size``; by default those of ``torch.distributed``, if it has been
            initialised before.
        world_size: Number of processes.

    Shapes:
        A batch is what :func:`~pyg_liesym.datasets.jets.jet_batch.jet_batch` says; ``entry [B]`` counts the jets of all
        files, in their order.

    Raises:
        FileNotFoundError: If a path does not exist or a glob finds nothing.
        ValueError: If a file cannot be read, an argument is out of range, or there are too few jets for a batch each.

    Example:
        >>> from importlib import resources
        >>> sample = resources.files("pyg_liesym.datasets") / "samples" / "jets.root"
        >>> jets = StreamingJets(str(sample), batch_size=64)
        >>> len(list(jets)), jets.num_skipped()
        (62, 32)
    """

    def __init__(
        self,
        files: PathLike | Sequence[PathLike],
        schema: JetSchema | None = None,
        *,
        batch_size: int = 64,
        mode: StreamMode = "train",
        part: tuple[float, float] = (0.0, 1.0),
        max_constituents: int | None = None,
        shuffle: bool | None = None,
        chunk_size: int = 2000,
        buffer_size: int = 20_000,
        seed: int = 0,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        _check_arguments(mode, part, batch_size=batch_size, chunk_size=chunk_size, buffer_size=buffer_size)
        self.files = find_files(files)
        self.schema = JetSchema() if schema is None else schema
        self.batch_size, self.max_constituents, self.mode, self.part = batch_size, max_constituents, mode, part
        self.shuffle = mode == "train" if shuffle is None else shuffle
        self.chunk_size, self.buffer_size, self.seed = chunk_size, buffer_size, seed
        self.rank, self.world_size = _place(rank, world_size)
        self._opened = [open_jet_file(file, self.schema) for file in self.files]
        counts = [file.num_jets for file in self._opened]
        self._first_entry = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._chunks = part_of(counts, chunk_size, part)
        self.num_jets = int((self._chunks[:, 2] - self._chunks[:, 1]).sum())
        self.epoch = 0
        self._yielded = 0
        self._resuming = False

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next; without it every pass is the same."""
        self.epoch = epoch

    def num_batches(self, num_workers: int = 0) -> int:
        """Batches that this rank gives out in a pass with so many workers.

        Raises:
            ValueError: If that would be none in training.
        """
        workers = max(num_workers, 1)
        total = sum(self.num_steps(worker, workers) for worker in range(workers))
        if self.mode == "train" and not total:
            raise ValueError(
                f"{self.num_jets} jets are too few for {self.world_size} processes × {workers} workers × batches of "
                f"{self.batch_size}: make batch_size or num_workers smaller"
            )
        return total

    def num_skipped(self, num_workers: int = 0) -> int:
        """Jets that a pass of all ranks leaves out, fewer than ranks × workers batches."""
        if self.mode == "exact":
            return 0
        return self.num_jets % (self.world_size * max(num_workers, 1) * self.batch_size)

    def state_dict(self) -> dict[str, Any]:
        """The place in the pass that runs, and what it is a place in."""
        return {"epoch": self.epoch, "batches": self._yielded, "order": self.order_key()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass begin where another one was.

        Raises:
            ValueError: If that one had other jets, another order or gave out something else of the jets.
        """
        check_order(state["order"], self.order_key())
        self.epoch, self._yielded, self._resuming = state["epoch"], state["batches"], True

    def __iter__(self) -> Iterator[Batch]:
        self._yielded = self._yielded if self._resuming else 0
        self._resuming = False
        return self._counted(self._yielded)

    def batches(self, worker: int = 0, num_workers: int = 1, done: int = 0) -> Iterator[Batch]:
        """Give out one worker's batches of the epoch, without its first ``done`` ones."""
        edges, chunks = self._edges(worker, num_workers), self._chunks
        if self.shuffle:
            chunks = chunks[np.random.default_rng([self.seed, self.epoch]).permutation(len(chunks))]
        held = max(1, (self.buffer_size if self.shuffle else self.chunk_size) // self.batch_size)
        for first in range(done - done % held, len(edges) - 1, held):
            yield from self._buffer(chunks, edges[first : first + held + 1], max(done - first, 0))

    def order_key(self) -> dict[str, Any]:
        """What batches and their order depend on, beside the epoch and the number of workers, in numbers and words."""
        names = ("mode", "num_jets", "batch_size", "world_size", "shuffle", "chunk_size", "buffer_size", "seed")
        own = {name: getattr(self, name) for name in (*names, "max_constituents")}
        schema = dataclasses.asdict(self.schema)
        labels = self.schema.jet_labels
        schema["jet_labels"] = labels and sorted([value, name] for value, name in labels.items())
        of_jets = {name: list(value) if isinstance(value, tuple) else value for name, value in schema.items()}
        return {**own, "part": list(self.part), **of_jets, "files": self._fingerprint}

    @cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.files)

    def num_steps(self, worker: int = 0, num_workers: int = 1) -> int:
        """Batches of one worker of this rank."""
        return len(self._edges(worker, num_workers)) - 1

    def _edges(self, worker: int, workers: int) -> NDArray[np.int64]:
        shard, shards = self.rank * workers + worker, self.world_size * workers
        return batch_edges(self.num_jets, self.batch_size, shards, shard, equal_steps=self.mode == "train")

    def _counted(self, done: int) -> Iterator[Batch]:
        info = get_worker_info()
        worker, num_workers = (info.id, info.num_workers) if info else (0, 1)
        self.num_batches(num_workers)
        for batch in self.batches(worker, num_workers, done):
            self._yielded += 1
            yield batch

    def _buffer(self, chunks: NDArray[np.int64], edges: NDArray[np.int64], done: int) -> Iterator[Batch]:
        jets, entry = self._read(merged(cut(chunks, int(edges[0]), int(edges[-1])), self.chunk_size))
        order = np.arange(len(jets))
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch, int(edges[0])]).permutation(len(jets))
        for first, last in zip(edges[done:-1] - edges[0], edges[done + 1 :] - edges[0], strict=True):
            chosen = order[first:last]
            yield jet_batch(jets.select(chosen), self.schema.particle, entry[chosen])

    def _read(self, pieces: NDArray[np.int64]) -> tuple[JetArrays, NDArray[np.int64]]:
        parts, entries = [], []
        for index, start, stop in pieces.tolist():
            jets = self._opened[index].read(start, stop)
            parts.append(jets if self.max_constituents is None else jets.truncate(self.max_constituents))
            entries.append(self._first_entry[index] + np.arange(start, stop))
        return concatenate_jets(parts), np.concatenate(entries)


def _check_arguments(mode: str, part: tuple[float, float], **sizes: int) -> None:
    if mode not in ("train", "exact"):
        raise ValueError(f"mode must be 'train' or 'exact', got {mode!r}")
    if not 0 <= part[0] < part[1] <= 1:
        raise ValueError(f"part must be two growing numbers between 0 and 1, got {part}")
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")


def _place(rank: int | None, world_size: int | None) -> tuple[int, int]:
    distributed = torch.distributed
    if (rank is None) != (world_size is None):
        raise ValueError(f"rank and world_size belong together, got {rank} and {world_size}")
    if rank is None or world_size is None:
        there = distributed.is_available() and distributed.is_initialized()
        return (distributed.get_rank(), distributed.get_world_size()) if there else (0, 1)
    if not 0 <= rank < world_size:
        raise ValueError(f"rank must be in [0, world_size), got {rank} of {world_size}")
    return rank, world_size
