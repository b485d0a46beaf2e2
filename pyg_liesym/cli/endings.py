"""How a command ends when it is told to: one exit status for each signal."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


@contextmanager
def endings(command: str) -> Iterator[None]:
    """Let Ctrl-C end a command with status 130 and SIGTERM with 143, after it has tidied up.

    SIGTERM is an exception like Ctrl-C, so that temporary files go. A trainer takes the signal for itself, ends between
    two steps, and leaves with whatever status it likes; what comes out of here is that of the signal all the same.

    Args:
        command: Whose name stands before the sentence that it was stopped.

    Raises:
        SystemExit: With the status of the signal.
    """
    told: list[int] = []
    owner = os.getpid()

    def terminate(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a process forked from this one
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        told.append(number)
        if signal.getsignal(number) is terminate:  # else somebody has taken it over, and will end in a moment
            raise SystemExit(TERMINATED)

    ours = threading.current_thread() is threading.main_thread()  # Python allows no other to set a handler
    before = signal.signal(signal.SIGTERM, terminate) if ours else None
    try:
        yield
    except KeyboardInterrupt as error:
        raise _interrupted(command) from error
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # which a trainer makes an exit with 1 of
            raise _interrupted(command) from error
        if told:
            raise SystemExit(TERMINATED) from error
        raise
    finally:
        if ours:
            signal.signal(signal.SIGTERM, before)


def _interrupted(command: str) -> SystemExit:
    sys.stderr.write(f"\nliesym {command}: stopped\n")
    return SystemExit(INTERRUPTED)
