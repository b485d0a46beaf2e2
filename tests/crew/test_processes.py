"""Processes that end with the one that started them, whatever ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pyg_liesym.crew.crew import WorkerError
from pyg_liesym.crew.processes import ATTEMPTS, Processes

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
SOON = 5.0
"""Seconds within which everything must have ended; a second of them is granted to the processes."""


def note(folder: Path, number: int, *, report: Callable[[int], Any]) -> int:
    (folder / f"{number}.{os.getpid()}").touch()
    report(number)
    return number


def fail(folder: Path, number: int, *, report: Callable[[int], Any]) -> int:
    if number == 1:
        raise KeyError(f"no {number}")
    return note(folder, number, report=report)


class Awkward(Exception):
    """Can be sent to another process, but not received: it is not built from `args`."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__(f"{file}, line {line}")


def trip(number: int, *, report: Callable[[int], Any]) -> int:
    if number == 0:
        raise Awkward("events.root", 3)
    return number


def vanish(folder: Path, number: int, *, report: Callable[[int], Any]) -> None:
    note(folder, number, report=report)
    os.kill(os.getpid(), signal.SIGKILL)


def leave(folder: Path, number: int, *, report: Callable[[int], Any]) -> None:
    note(folder, number, report=report)
    os._exit(0)


def stumble(folder: Path, number: int, *, report: Callable[[int], Any]) -> int:
    """Is lost the first time that it comes to number 1."""
    report(1)
    if number == 1 and not (folder / "lost").exists():
        (folder / "lost").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_every_task_is_done_once(tmp_path: Path) -> None:
    reported: list[int] = []
    outcomes = list(Processes(2).do(note, [(tmp_path, number) for number in range(7)], reported.append))
    assert sorted(outcome.index for outcome in outcomes) == list(range(7))
    assert sorted(reported) == list(range(7))
    assert [outcome.result() for outcome in sorted(outcomes, key=lambda one: one.index)] == list(range(7))
    done = [path.name.split(".") for path in tmp_path.iterdir()]
    assert sorted(int(number) for number, _ in done) == list(range(7))
    pids = {int(pid) for _, pid in done}
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2
    assert not any(map(is_alive, pids))


def test_no_tasks() -> None:
    assert list(Processes(2).do(note, [])) == []


def test_what_goes_wrong_is_an_outcome_and_the_others_go_on(tmp_path: Path) -> None:
    good, bad = sorted(Processes(2).do(fail, [(tmp_path, number) for number in range(2)]), key=lambda one: one.index)
    assert good.result() == 0
    with pytest.raises(KeyError, match="no 1") as caught:
        bad.result()
    assert "in fail" in str(caught.value.__cause__)


def test_an_exception_that_cannot_be_received_is_told_in_words() -> None:
    bad, good = sorted(Processes(1).do(trip, [(0,), (1,)]), key=lambda one: one.index)
    with pytest.raises(RuntimeError, match=r"^Awkward: events\.root, line 3$") as caught:
        bad.result()
    assert "in trip" in str(caught.value.__cause__)
    assert good.result() == 1


@pytest.mark.parametrize(("work", "code"), [(vanish, -signal.SIGKILL), (leave, 0)])
def test_a_process_that_ends_each_time_is_noticed(tmp_path: Path, work: Callable[..., None], code: int) -> None:
    (outcome,) = Processes(1).do(work, [(tmp_path, 0)])
    with pytest.raises(WorkerError, match=rf"a process ended with the exit code {code}, .* begin again"):
        outcome.result()
    assert len(list(tmp_path.iterdir())) == ATTEMPTS


def test_a_task_that_loses_its_process_once_is_begun_anew(tmp_path: Path) -> None:
    reported: list[int] = []
    outcomes = list(Processes(2).do(stumble, [(tmp_path, number) for number in range(4)], reported.append))
    assert sorted(outcome.result() for outcome in outcomes) == [0, 1, 2, 3]
    assert sum(reported) == 4


def test_whoever_stops_asking_ends_the_rest(tmp_path: Path) -> None:
    outcomes = Processes(1).do(note, [(tmp_path, number) for number in range(50)])
    next(outcomes)
    outcomes.close()
    assert len(list(tmp_path.iterdir())) < 50


# The work does not give Python a chance to handle a signal, as an event generator in C++ does not.
SCRIPT = """
import ctypes, os, sys
from pathlib import Path
from pyg_liesym.crew.processes import Processes

def work(folder, number, *, report):
    (folder / str(os.getpid())).touch()
    ctypes.PyDLL(None).sleep(120)

if __name__ == "__main__":
    list(Processes(2).do(work, [(Path(sys.argv[1]), number) for number in range(5)]))
"""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent to take note does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def running(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process group of its own, of which nothing is left at the end."""
    command = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        yield command
    finally:
        command.kill()
        command.communicate()


def until(happened: Callable[[], Any], seconds: float) -> bool:
    latest = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > latest:
            return False
        time.sleep(0.05)
    return True


@on_linux
@pytest.mark.parametrize("everybody", [False, True], ids=["one", "group"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_they_end_with_the_first_process(tmp_path: Path, name: str, everybody: bool) -> None:
    script, folder = tmp_path / "script.py", tmp_path / "pids"
    script.write_text(SCRIPT)
    folder.mkdir()
    number = signal.Signals[name]
    with running([sys.executable, str(script), str(folder)]) as command:
        assert until(lambda: len(list(folder.iterdir())) == 2, 60), "they did not begin"
        pids = [int(path.name) for path in folder.iterdir()]
        assert all(map(is_alive, pids))
        os.killpg(command.pid, number) if everybody else os.kill(command.pid, number)
        assert until(lambda: command.poll() is not None, SOON)
        assert until(lambda: not any(map(is_alive, pids)), SOON)
    assert command.returncode == -number


def group(leader: int) -> list[int]:
    """The living processes of a group."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, number = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(number) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


@on_linux
@pytest.mark.skipif(
    not all(map(find_spec, ("pythia8mc", "fastjet", "vector"))), reason="the extra `jets` is not installed"
)
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_the_command_stops_and_goes_on(tmp_path: Path, name: str) -> None:
    from pyg_liesym.datasets.io.root import read_jets  # loads torch, which the processes of the other tests do without

    words = [sys.executable, "-c", "from pyg_liesym.cli.main import main; main()", "simulate", "jets"]
    words += ["--folder", str(tmp_path), "--chunk-size", "4", "--detector", "none", "--num-workers", "2"]
    number = signal.Signals[name]
    with running([*words, "--num-jets", "400"]) as command:
        assert until(lambda: list(tmp_path.glob("*.root")), 120), "it did not begin"
        assert len(group(command.pid)) >= 3
        os.kill(command.pid, number)
        assert until(lambda: command.poll() is not None, SOON)
        assert until(lambda: not group(command.pid), SOON)
    assert command.returncode in (128 + number, -number)  # a shell shows both as the former
    assert number != signal.SIGINT or command.returncode == 130
    files = list(tmp_path.glob("*.root"))
    assert 1 <= len(files) < 50
    assert all(len(read_jets(path, ("QCD", "Tbqq"))) == 4 for path in files)
