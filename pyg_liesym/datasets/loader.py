"""Batches straight from the storage of an in-memory dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
from torch_geometric.data import Batch, InMemoryDataset

from pyg_liesym.datasets.packed_graphs import PackedGraphs


class PackedLoader(DataLoader[Any]):
    r"""Batches of an :class:`~torch_geometric.data.InMemoryDataset`, gathered from its storage in one step a feature.

    The batches equal those of :class:`torch_geometric.loader.DataLoader`, key by key; but no graph becomes a Python
    object, which for small graphs is most of that loader's time. The dataset's ``transform`` is therefore not called.
    Graphs that are more than a :class:`~torch_geometric.data.Data` of dense tensors (a subclass with an ``__inc__``
    of its own, strings, sparse tensors, …) are collated by PyG itself, and gain nothing.

    Where ``torch.distributed`` runs, every rank gets its share of the graphs, see :class:`EpochSampler`.
    :meth:`state_dict` and :meth:`load_state_dict` let a training go on within an epoch; Lightning calls them.

    Args:
        dataset: The graphs, or another loader's ``dataset``, of which trainers make a loader with a sampler of theirs.
        batch_size: Graphs in a batch.
        shuffle: Whether to draw a new order for every epoch, from ``seed`` and the number of the epoch alone, so that a
            resumed run goes on in the order of an uninterrupted one.
        seed: Seed of the orders.
        **kwargs: Of :class:`torch.utils.data.DataLoader` (``drop_last``, ``num_workers``, …).

    Raises:
        ValueError: If the dataset has a ``transform``, or, when its length is asked for, fewer graphs than there are
            ranks.

    Example:
        >>> from pyg_liesym.datasets.packing import pack
        >>> class Two(InMemoryDataset):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.data, self.slices = pack(torch.tensor([2, 1]), {"pos": torch.eye(3)}, {"y": torch.ones(2)})
        >>> next(iter(PackedLoader(Two(), batch_size=2))).batch
        tensor([0, 0, 1])
    """

    def __init__(
        self,
        dataset: InMemoryDataset | PackedGraphs,
        batch_size: int = 1,
        *,
        shuffle: bool = False,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        graphs = dataset if isinstance(dataset, PackedGraphs) else PackedGraphs(dataset)
        self._position = {"epoch": 0, "batches": 0}
        self._resumed: dict[str, int] | None = None
        if kwargs.get("sampler") is None and kwargs.get("batch_sampler") is None:
            kwargs["sampler"] = EpochSampler(len(graphs), seed, shuffle=shuffle)
        super().__init__(graphs, batch_size, **{"collate_fn": _as_it_is, **kwargs})

    def __len__(self) -> int:
        size, world = len(self.dataset), _rank_and_world()[1]  # type: ignore[arg-type]
        if isinstance(self.sampler, EpochSampler) and 0 < size < world:
            raise ValueError(too_few(size, world))
        return super().__len__()

    def state_dict(self) -> dict[str, int]:
        """The epoch, and the number of its batches that were handed out."""
        return dict(self._position)

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Let the next pass over that epoch begin after the batches that were handed out."""
        self._resumed = dict(state)
        if isinstance(self.sampler, EpochSampler):
            self.sampler.set_epoch(state["epoch"])

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        # A generator: nothing is drawn before the first batch is asked for, when a trainer has set the epoch.
        sampler, resumed = self.sampler, self._resumed
        self._resumed = None
        done = 0
        if isinstance(sampler, EpochSampler):
            if resumed is not None and resumed["epoch"] == sampler.epoch and resumed["batches"] < len(self):
                done = resumed["batches"]
            sampler.skip = done * int(self.batch_size or 1)
            self._position["epoch"] = sampler.epoch
        for batch in super().__iter__():
            done += 1
            self._position["batches"] = done
            yield batch


class EpochSampler(DistributedSampler[int]):
    r"""An order that depends on the seed and the number of the epoch alone, dealt out to the ranks like cards.

    Rank r of R takes every R-th item of the order from the r-th on. Of a shuffled order all ranks take equally many,
    and fewer than R items are left out of an epoch; otherwise every item comes exactly once, and some ranks have one
    more.

    Args:
        size: Number of items.
        seed: Seed of the orders.
        shuffle: Whether to draw orders at all.

    Example:
        >>> len(list(EpochSampler(5))), list(EpochSampler(5, shuffle=False))
        (5, [0, 1, 2, 3, 4])
    """

    def __init__(self, size: int, seed: int = 0, *, shuffle: bool = True) -> None:
        # The base class would ask for a process group now; it is the base so that trainers do not replace us.
        self.size, self.seed, self.shuffle = size, seed, shuffle
        self.epoch, self.skip = 0, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next; trainers call this, and a pass moves on by itself."""
        self.epoch = epoch

    def __len__(self) -> int:
        rank, world = _rank_and_world()
        return self.size // world if self.shuffle else len(range(rank, self.size, world))

    def __iter__(self) -> Iterator[int]:
        rank, world = _rank_and_world()
        order = torch.arange(self.size)
        if self.shuffle:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
            order = torch.randperm(self.size, generator=generator)
        self.epoch += 1
        first, self.skip = self.skip, 0
        yield from order[rank::world][first : len(self)].tolist()


def too_few(num: int, world: int) -> str:
    """The message that a split is too small for so many processes."""
    return (
        f"a split has {num} graphs, but {world} processes each need at least one: give it more (files or a larger "
        "share) or use fewer devices"
    )


def _rank_and_world() -> tuple[int, int]:
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()


def _as_it_is(batch: Batch) -> Batch:
    return batch
