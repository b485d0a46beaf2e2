"""A loader over a stream of jets that knows its length, its epoch and its place."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from torch_geometric.data import Batch

from pyg_liesym.datasets.jets.stream_order import check_order
from pyg_liesym.datasets.jets.streaming import StreamingJets
from pyg_liesym.datasets.loader import too_few

_log = logging.getLogger(__name__)


class StreamingLoader:
    """Passes over :class:`~pyg_liesym.datasets.StreamingJets`, one after another or resumed in the middle.

    A pass moves on to the next epoch by itself; trainers that count epochs call ``sampler.set_epoch``, as Lightning
    does. The length is exact, so that a trainer need not fetch a batch ahead of the one it works on, which a state
    saved in between would miss. The state is the same on all ranks: rank 0 can save it for all.

    Args:
        jets: The stream.
        num_workers: Processes that read; 0 to read in this one.
        repeat: Whether all epochs are like the first, as a trainer's ``overfit_batches`` wants it.
        **kwargs: Of :class:`torch.utils.data.DataLoader` (``pin_memory``, ``prefetch_factor``, …).

    Example:
        >>> from importlib import resources
        >>> sample = resources.files("pyg_liesym.datasets") / "samples" / "jets.root"
        >>> loader = StreamingLoader(StreamingJets(str(sample), batch_size=1000))
        >>> batches = iter(loader)
        >>> first, state = next(batches), loader.state_dict()
        >>> resumed = StreamingLoader(StreamingJets(str(sample), batch_size=1000))
        >>> resumed.load_state_dict(state)
        >>> torch.equal(next(iter(resumed)).entry, next(batches).entry)
        True
    """

    def __init__(self, jets: StreamingJets, num_workers: int = 0, *, repeat: bool = False, **kwargs: Any) -> None:
        self.jets, self.num_workers, self.repeat, self.kwargs = jets, num_workers, repeat, kwargs
        self.epoch = 0
        self._state: dict[str, Any] | None = None
        self._place = (0, 0)

    @property
    def sampler(self) -> StreamingLoader:
        """Where Lightning looks for ``set_epoch``."""
        return self

    @property
    def batch_sampler(self) -> None:
        """None, as Lightning looks here too."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that comes next."""
        if self._state is not None and epoch != self._state["epoch"]:
            self._state = None
        self.epoch = epoch

    def __len__(self) -> int:
        if self.jets.num_jets < self.jets.world_size:
            raise ValueError(too_few(self.jets.num_jets, self.jets.world_size))
        return self.jets.num_batches(self.num_workers)

    def __iter__(self) -> Iterator[Batch]:
        state, self._state = self._state, None
        done = 0 if state is None else state["batches"]
        if state is not None:
            check_order(state["order"], self._order_key())
        if state is not None and done == len(self):
            done, self.epoch = 0, state["epoch"] + 1
        elif skipped := self.jets.num_skipped(self.num_workers):
            _log.info("%d of %d jets are left out of epoch %d", skipped, self.jets.num_jets, self.epoch)
        epoch = self.epoch
        self._place, self.epoch = (epoch, done), epoch + 1
        self.jets.set_epoch(0 if self.repeat else epoch)
        for number, batch in enumerate(self._loader(done), start=done + 1):
            self._place = (epoch, number)
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """The place in the pass that runs."""
        if self._state is not None:
            return self._state
        epoch, done = self._place
        return {"epoch": epoch, "batches": done, "order": self._order_key()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Let the next pass go on where another one was; if that is not possible, beginning it raises ValueError."""
        self._state, self.epoch = state, state["epoch"]

    def _order_key(self) -> dict[str, Any]:
        return {**self.jets.order_key(), "num_workers": self.num_workers}

    def _loader(self, done: int) -> DataLoader[Batch]:
        # Its own generator: the seeds it draws for its workers, which need none, must not change the trainer's.
        return DataLoader(
            _Rest(self.jets, max(self.num_workers, 1), done),
            batch_size=None,
            num_workers=self.num_workers,
            collate_fn=_as_it_is,
            generator=torch.Generator(),
            **self.kwargs,
        )


class _Rest(IterableDataset[Batch]):
    """What is left of a pass whose workers took turns until ``done`` batches were given out.

    Workers' numbers of batches differ by one at most. The worker whose turn is next becomes the first of the new ones.
    """

    def __init__(self, jets: StreamingJets, workers: int, done: int) -> None:
        self.jets, self.workers = jets, workers
        steps = [jets.num_steps(worker, workers) for worker in range(workers)]
        rounds, self.turn = divmod(done, workers)
        if rounds >= min(steps):
            longer = [worker for worker in range(workers) if steps[worker] > min(steps)]
            self.turn = [*longer, workers][done - min(steps) * workers]
            rounds = min(steps)
        self.done = [min(rounds + (worker < self.turn), steps[worker]) for worker in range(workers)]

    def __iter__(self) -> Iterator[Batch]:
        info = get_worker_info()
        worker = ((info.id if info else 0) + self.turn) % self.workers
        return self.jets.batches(worker, self.workers, self.done[worker])


def _as_it_is(batch: Batch) -> Batch:
    return batch
