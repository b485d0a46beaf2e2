"""Work shared by several processes that end when the one that started them does."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from pyg_liesym.crew.crew import Crew, Outcome, WorkerError, portable

ATTEMPTS = 4
"""How often a task is begun whose process is lost each time, as on a Dask cluster by default."""
_GRACE = 1.0
"""Seconds that a process has to leave things tidy before it is killed."""
_PR_SET_PDEATHSIG = 1


class Processes(Crew):
    """Several processes of this machine, each with one thread.

    Whatever ends the work, Ctrl-C among it, ends the processes within a second. If this process is killed outright,
    the kernel ends them at once on Linux; elsewhere each ends when it next reports. A process that is lost is replaced.
    They are started by ``spawn``, so that a script must begin under ``if __name__ == "__main__":``.

    Args:
        num_workers: Number of processes.
    """

    def __init__(self, num_workers: int) -> None:
        self.num_workers = num_workers

    def do(
        self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], report: Callable[[int], Any] = lambda _: None
    ) -> Iterator[Outcome]:
        """See :meth:`Crew.do`; a task whose process is lost four times has a :class:`WorkerError`."""
        todo = _Todo(work, tasks, report)
        try:
            for _ in range(min(self.num_workers, len(tasks))):
                todo.start()
            while todo.workers:
                yield from todo.listen()
        finally:
            _end([process for process, _ in todo.workers.values()])

    def __repr__(self) -> str:
        return f"Processes({self.num_workers})"


class _Todo:
    """The tasks that are left, and who is at which."""

    def __init__(
        self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], report: Callable[[int], Any]
    ) -> None:
        self.work, self.tasks, self.report = work, tasks, report
        self.workers: dict[Connection, tuple[BaseProcess, int | None]] = {}
        self.left = deque(range(len(tasks)))
        self.lost, self.idle = [0] * len(tasks), 0
        self.reported = [0] * len(tasks)

    def start(self) -> None:
        """Begin with one process more."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there,), daemon=True)
        self.workers[here] = process, None
        process.start()
        there.close()
        with suppress(BrokenPipeError):  # noticed when it is listened to
            here.send(self.work)

    def listen(self) -> Iterator[Outcome]:
        """Answer those who say something; give out what has come to an end."""
        connection: Any
        for connection in wait(list(self.workers)):
            process, index = self.workers[connection]
            try:
                said = connection.recv()
                if said is None:
                    self._hand_out(connection, process)
                    continue
            except (EOFError, OSError):
                yield from self._replace(connection)
                continue
            assert index is not None
            if isinstance(said, int):
                self.reported[index] += said
                self.report(said)
            else:
                value, error, words = said
                self.workers[connection] = process, None
                if error is not None:
                    error.__cause__ = WorkerError(words)
                yield Outcome(index, value, error)

    def _hand_out(self, connection: Connection, process: BaseProcess) -> None:
        if not self.left:
            del self.workers[connection]
            connection.close()
            process.join(_GRACE)
            return
        index = self.left[0]
        connection.send(self.tasks[index])
        self.workers[connection] = process, self.left.popleft()

    def _replace(self, connection: Connection) -> Iterator[Outcome]:
        """Another process for one that is lost, and its task once more."""
        process, index = self.workers.pop(connection)
        process.join(_GRACE)
        error = WorkerError(
            f"a process ended with the exit code {process.exitcode}, perhaps for want of memory; what was finished is "
            "kept: begin again, with fewer processes"
        )
        if index is None:
            self.idle += 1
            if self.idle == ATTEMPTS:
                raise error
        else:
            self.report(-self.reported[index])
            self.reported[index] = 0
            self.lost[index] += 1
            if self.lost[index] < ATTEMPTS:
                self.left.appendleft(index)
            else:
                yield Outcome(index, error=error)
        if self.left:
            self.start()


def _serve(connection: Connection) -> None:
    """What a process does: asks for tasks until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the first process decides
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that an unfinished file vanishes
    _end_with_parent()
    os.environ["OMP_NUM_THREADS"] = "1"
    with suppress(EOFError, BrokenPipeError):
        work = connection.recv()
        while True:
            connection.send(None)
            task = connection.recv()
            try:
                value = work(*task, report=connection.send)
            except BrokenPipeError:
                raise
            except Exception as error:
                connection.send((None, *portable(error)))
            else:
                connection.send((value, None, ""))


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
