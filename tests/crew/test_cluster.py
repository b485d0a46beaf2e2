"""A Dask cluster does the same as a loop, whatever becomes of its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyg_liesym.crew.cluster import _outcome, connected
from pyg_liesym.crew.crew import Crew, Here, WorkerError
from pyg_liesym.crew.hiring import hire
from pyg_liesym.crew.processes import Processes

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster(copied_workers: None) -> Iterator[Crew]:
    with hire("local", 2) as crew:
        yield crew


def work(folder: Path, number: int, *, report: Callable[[int], Any]) -> tuple[int, int]:
    """Fails in all ways at the numbers that are named after them."""
    attempts = folder / f"{number}"
    attempts.open("a").write(f"{os.getpid()}\n")
    count = len(attempts.read_text().splitlines())
    report(1)
    if number == 3:
        raise ValueError("3 is no good")
    if number == 4 and count < 3:
        raise OSError("the disk is away")
    if number == 5 and count < 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number, count


def threads(*, report: Callable[[int], Any]) -> str | None:
    return os.environ.get("OMP_NUM_THREADS")


def test_a_lost_worker(cluster: Crew, tmp_path: Path) -> None:
    outcomes = list(cluster.do(work, [(tmp_path, n) for n in (0, 1, 2, 5, 6, 7)]))
    assert sorted(one.index for one in outcomes) == list(range(6))
    assert sorted(one.result()[0] for one in outcomes) == [0, 1, 2, 5, 6, 7]
    assert len((tmp_path / "5").read_text().splitlines()) >= 2


def test_other_users_of_dask_keep_their_scheduler(cluster: Crew) -> None:
    """A client that is everybody's, and closed after another, left xarray without any."""
    import dask
    from distributed import default_client

    assert dask.config.get("scheduler", None) is None
    with pytest.raises(ValueError, match="No clients found"):
        default_client()


def test_a_bad_file_and_a_disk_that_comes_back(cluster: Crew, tmp_path: Path) -> None:
    reported: list[int] = []
    outcomes = {one.index: one for one in cluster.do(work, [(tmp_path, n) for n in range(5)], reported.append)}
    assert [outcomes[n].result() for n in (0, 1, 2, 4)] == [(0, 1), (1, 1), (2, 1), (4, 3)]
    with pytest.raises(ValueError, match="3 is no good") as caught:
        outcomes[3].result()
    assert "in work" in str(caught.value.__cause__)
    assert (tmp_path / "3").read_text().count("\n") == 1, "what is wrong with a file is not tried again"
    assert sum(reported) == 5


def test_a_task_that_loses_every_worker_is_an_outcome(cluster: Crew, tmp_path: Path) -> None:
    (lost,) = cluster.do(vanish, [(tmp_path,)])
    with pytest.raises(WorkerError, match="4 workers were lost at this task"):
        lost.result()


def vanish(folder: Path, *, report: Callable[[int], Any]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_how_many_were_lost_is_what_the_scheduler_allows() -> None:
    from distributed import KilledWorker

    class Lost:
        def result(self) -> None:
            raise KilledWorker("task", None, 6)

    with pytest.raises(WorkerError, match="7 workers were lost at this task"):
        _outcome(0, Lost())[0].result()


def test_one_thread_a_worker(cluster: Crew) -> None:
    (outcome,) = cluster.do(threads, [()])
    assert outcome.result() == "1"


@pytest.mark.parametrize(("number", "kind"), [(None, Here), (1, Here), (2, Processes)])
def test_without_dask(number: int | None, kind: type[Crew]) -> None:
    with hire(None, number) as crew:
        assert isinstance(crew, kind)


@pytest.mark.parametrize(
    ("dask", "number", "error", "message"),
    [
        (None, 0, ValueError, "num_workers must be at least 1, got 0"),
        ("tcp://nowhere:1", 2, ValueError, "has workers of its own: leave out num_workers"),
        ("/no/scheduler.json", None, OSError, "there is no file /no/scheduler.json, as"),
        ("tcp://127.0.0.1:1", None, OSError, "no Dask scheduler answers at tcp://127.0.0.1:1: expected"),
        ("what is this", None, OSError, "no Dask scheduler answers at what is this: expected"),
    ],
)
def test_wrong_turns(
    dask: str | None, number: int | None, error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyg_liesym.crew.cluster._SECONDS", 1)
    with pytest.raises(error, match=message), hire(dask, number):
        pass


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'pyg-liesym\[dask\]'"), connected("local", 1):
        pass


def test_dask_is_not_loaded_before_it_is_asked_for() -> None:
    code = "import sys, pyg_liesym.crew.hiring; print('distributed' in sys.modules, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout == "False False\n"
