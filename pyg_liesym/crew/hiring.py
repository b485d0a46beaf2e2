"""Who does the work of a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyg_liesym.crew.cluster import connected
from pyg_liesym.crew.crew import Crew, Here
from pyg_liesym.crew.processes import Processes


@contextmanager
def hire(dask: str | None = None, num_workers: int | None = None) -> Iterator[Crew]:
    """Whoever does the same work for many tasks, until the end of the ``with`` block.

    Args:
        dask: Address of a Dask scheduler, the file that it has written (``….json``), or ``local`` for one with workers
            on this machine. If not given, there is no Dask: this process, or processes of it.
        num_workers: Number of processes (default: 1; of ``local`` one a core).

    Raises:
        ImportError: If Dask is asked for and not installed.
        OSError: If no scheduler answers.
        ValueError: If the number is not positive, or is given to a cluster that has its own.

    Example:
        >>> with hire() as crew:
        ...     crew
        Here()
    """
    if num_workers is not None and num_workers < 1:
        raise ValueError(f"num_workers must be at least 1, got {num_workers}")
    if dask is not None:
        with connected(dask, num_workers) as cluster:
            yield cluster
    else:
        yield Here() if num_workers in (None, 1) else Processes(num_workers)
