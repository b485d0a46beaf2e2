"""Work shared by several processes that end when the one that started them does."""

from __future__ import annotations

import ctypes
import multiprocessing
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

_GRACE = 1.0
"""Seconds that a process has to leave things tidy before it is killed."""
_PR_SET_PDEATHSIG = 1


class WorkerError(ChildProcessError):
    """A process ended before its work was done, or what went wrong in it, in its own words."""


def share_out(
    work: Callable[..., None], tasks: Sequence[tuple[Any, ...]], num_workers: int, report: Callable[[int], Any]
) -> None:
    """Call ``work(*task, report=...)`` for every task, in processes of their own.

    Whatever ends the call, Ctrl-C among it, ends the processes within a second. If this process is killed outright,
    the kernel ends them at once on Linux; elsewhere each ends when it next reports.

    Args:
        work: Must be importable, as ``spawn`` asks for, and report now and then.
        tasks: The arguments of every call, begun in this order.
        num_workers: Number of processes.
        report: Called here with whatever number the work has reported there.

    Raises:
        WorkerError: If a process ended by itself.
        Exception: What a call has raised.
    """
    context = multiprocessing.get_context("spawn")
    workers: dict[Connection, BaseProcess] = {}
    try:
        for _ in range(min(num_workers, len(tasks))):
            here, there = context.Pipe()
            workers[here] = context.Process(target=_serve, args=(work, there), daemon=True)
            workers[here].start()
            there.close()
        _hand_out(workers, list(tasks), report)
    finally:
        _end(list(workers.values()))


def _hand_out(
    workers: dict[Connection, BaseProcess], tasks: list[tuple[Any, ...]], report: Callable[[int], Any]
) -> None:
    at_work: list[Any] = list(workers)
    while at_work:
        connection: Any
        for connection in wait(at_work):
            try:
                said = connection.recv()
                if said is None and tasks:
                    connection.send(tasks.pop(0))
                elif said is None:
                    at_work.remove(connection)
            except (EOFError, OSError) as error:
                workers[connection].join(_GRACE)
                raise WorkerError(
                    f"one of {len(workers)} processes ended with the exit code {workers[connection].exitcode}, perhaps "
                    "for want of memory; what was finished is kept: begin again, with fewer processes"
                ) from error
            if isinstance(said, int):
                report(said)
            elif said is not None:
                mistake, words = said
                raise mistake from WorkerError(words)


def _serve(work: Callable[..., None], connection: Connection) -> None:
    """What a process does: asks for tasks until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the first process decides
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an unfinished file vanishes
    _end_with_parent()
    with suppress(EOFError, BrokenPipeError):
        while True:
            connection.send(None)
            task = connection.recv()
            try:
                work(*task, report=connection.send)
            except BrokenPipeError:
                raise
            except Exception as error:
                connection.send((error, traceback.format_exc()))


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():  # it was quicker
        sys.exit(0)


def _end(workers: list[BaseProcess]) -> None:
    for worker in workers:
        worker.terminate()
    latest = time.monotonic() + _GRACE
    for worker in workers:
        worker.join(max(latest - time.monotonic(), 0))
    for worker in workers:
        worker.kill()
        worker.join()
