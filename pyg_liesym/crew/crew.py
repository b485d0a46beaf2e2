"""What a crew is: it does the same work for many tasks, and tells how each went."""

from __future__ import annotations

import pickle
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


class WorkerError(ChildProcessError):
    """A process ended before its work was done, or what went wrong in it, in its own words."""


@dataclass(frozen=True)
class Outcome:
    """How a task went.

    Args:
        index: Which task it was.
        value: What the work returned.
        error: What it raised; None if it was done.
    """

    index: int
    value: Any = None
    error: Exception | None = None

    def result(self) -> Any:
        """What the work returned.

        Raises:
            Exception: What it raised.
        """
        if self.error is not None:
            raise self.error
        return self.value


class Crew(ABC):
    """Does the same work for many tasks.

    What is done does not depend on who does it: a task is its arguments, and a task whose process or machine is lost
    is begun anew. Work should therefore write files whole or not at all (:func:`~pyg_liesym.writing.whole_file`).
    """

    @abstractmethod
    def do(
        self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], report: Callable[[int], Any] = lambda _: None
    ) -> Iterator[Outcome]:
        """Call ``work(*task, report=...)`` for every task, and give out how each went, in the order in which they end.

        An exception of one task is its outcome, and the others go on. Whoever does not ask for all outcomes ends the
        rest of the tasks.

        Args:
            work: A function that other processes can import, or a ``functools.partial`` of one.
            tasks: The arguments of every call, begun in this order.
            report: Called here with whatever numbers the work reports; from a cluster when a task is done.

        Yields:
            One outcome a task.
        """


class Here(Crew):
    """Does one task after the other in this process.

    Example:
        >>> from functools import partial
        >>> def double(number, report):
        ...     report(1)
        ...     return 2 * number
        >>> [outcome.value for outcome in Here().do(double, [(1,), (2,)])]
        [2, 4]
    """

    def do(
        self, work: Callable[..., Any], tasks: Sequence[tuple[Any, ...]], report: Callable[[int], Any] = lambda _: None
    ) -> Iterator[Outcome]:
        """See :meth:`Crew.do`."""
        for index, task in enumerate(tasks):
            try:
                outcome = Outcome(index, work(*task, report=report))
            except Exception as error:
                outcome = Outcome(index, error=error)
            yield outcome

    def __repr__(self) -> str:
        return "Here()"


def portable(error: Exception) -> tuple[Exception, str]:
    """An exception that can be sent to another process, and where it came from, in words.

    One that cannot becomes a `RuntimeError` with its name and its message.
    """
    words = "".join(traceback.format_exception(error))
    try:  # some can be sent but not received: those that are not built from `args`
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}"), words
    return error, words
