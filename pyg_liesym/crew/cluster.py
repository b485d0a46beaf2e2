"""Work for a Dask cluster, on this machine or on many."""

from __future__ import annotations

import logging
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyg_liesym import __version__
from pyg_liesym.crew.crew import Crew, Outcome, WorkerError, portable

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
_RETRIES = 2
"""How often a task is begun anew that met an error of the system, such as a file server that does not answer."""
_SECONDS = 15


class Cluster(Crew):
    """The workers of a Dask cluster, one task a file or chunk.

    Dask begins the tasks of a lost worker anew, elsewhere, also those of which it had the result alone. Tasks that
    meet an error of the system are begun anew as well; what is wrong with a file is not. The workers need this version
    of the package, and the same paths.

    Args:
        client: Connected to the scheduler.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def do(
        self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], report: Callable[[int], Any] = lambda _: None
    ) -> Iterator[Outcome]:
        """See :meth:`Crew.do`."""
        from distributed import as_completed

        run = uuid.uuid4().hex[:8]
        indices = {
            self._client.submit(
                _attempt, __version__, work, task, key=f"liesym-{run}-{index}", pure=False, retries=_RETRIES
            ): index
            for index, task in enumerate(tasks)
        }
        try:
            for future in as_completed(list(indices), loop=self._client.loop):
                index = indices.pop(future)
                outcome, reported = _outcome(index, future)
                report(reported)
                future.release()
                yield outcome
        finally:
            self._client.cancel(list(indices))

    def __repr__(self) -> str:
        return f"Cluster({self._client!r})"


def _attempt(version: str, work: Callable[..., Any], task: tuple[Any, ...]) -> tuple[Any, Exception | None, str, int]:
    """What a worker does: the value, or what is wrong with the task, and what was reported."""
    reported = 0

    def report(number: int) -> None:
        nonlocal reported
        reported += number

    if version != __version__:
        raise ValueError(f"a worker has pyg_liesym {__version__}, the command {version}: install the same")
    try:
        return work(*task, report=report), None, "", reported
    except Exception as error:
        if isinstance(error, OSError | MemoryError) and not isinstance(error, FileNotFoundError):
            raise  # Dask begins the task anew
        return None, *portable(error), reported


def _outcome(index: int, future: Any) -> tuple[Outcome, int]:
    from distributed import KilledWorker

    try:
        value, error, words, reported = future.result()
    except KilledWorker as killed:  # as often as the configuration of the scheduler allows
        lost = f"{killed.allowed_failures + 1} workers were lost at this task, perhaps for want of memory"
        return Outcome(index, error=WorkerError(lost)), 0
    except Exception as raised:
        if future.status == "cancelled":
            raise ConnectionError("the Dask scheduler is gone; what was finished is kept: begin again") from raised
        return Outcome(index, error=raised), 0
    if error is not None:
        error.__cause__ = WorkerError(words)
    return Outcome(index, value, error), reported


@contextmanager
def connected(address: str, num_workers: int | None) -> Iterator[Cluster]:
    """Connect to a scheduler, or start one with workers on this machine.

    What else computes with Dask in this process goes on as before.

    Args:
        address: Of the scheduler, such as ``tcp://node17:8786``; the file that it has written, ``….json``; or
            ``local``.
        num_workers: Processes of a local one (default: one a core).

    Raises:
        ImportError: If Dask is not installed.
        OSError: If nobody answers.
        ValueError: If a number of workers is asked of a cluster that has its own, or the address is none.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ImportError("a cluster needs Dask: run `pip install 'pyg-liesym[dask]'`") from error
    if address == LOCAL:
        options: dict[str, Any] = {"n_workers": num_workers, "threads_per_worker": 1, "memory_limit": None}
        # What becomes of workers is said by the outcomes.
        with (
            LocalCluster(dashboard_address=":0", silence_logs=logging.CRITICAL, **options) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):
            yield Cluster(client)
        return
    if num_workers is not None:
        raise ValueError(f"the cluster at {address} has workers of its own: leave out num_workers")
    where = {"scheduler_file": address} if address.endswith(".json") else {"address": address}
    if "scheduler_file" in where and not Path(address).is_file():  # Dask would wait for it without end
        raise FileNotFoundError(f"there is no file {address}, as `dask scheduler --scheduler-file` writes it")
    try:
        client = Client(**where, timeout=_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {address}: expected an address such as tcp://node17:8786, the file of a "
            f"scheduler (….json), or local ({error})"
        ) from error
    # What a client logs of a lost connection, pages of it, is one sentence in the outcome.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with client:
        if not client.scheduler_info()["workers"]:
            sys.stderr.write(f"the scheduler at {address} has no workers yet: waiting for one\n")
        yield Cluster(client)
