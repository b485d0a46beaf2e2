from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyg_liesym.cli.endings import endings

PROGRAM = """
import os, signal, sys
from lightning import Callback, Trainer
from pyg_liesym.cli.main import main

class At(Callback):
    def on_train_batch_end(self, trainer, module, outputs, batch, number):
        if number == 5:
            os.kill(os.getpid(), signal.Signals[sys.argv[1]])

made = Trainer.__init__
def init(self, *args, callbacks, **kwargs):
    made(self, *args, callbacks=[*callbacks, At()], **kwargs)
Trainer.__init__ = init
main(sys.argv[2:])
"""


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_discovery_that_was_stopped_says_so(
    name: str, status: int, tmp_path: Path, in_a_process: Callable[..., Any]
) -> None:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(400, 2)))
    words = ["discover", str(tmp_path / "x.npy"), "--out", str(tmp_path / "out")]
    words += ["--method", "liegan", "--liegan.max-steps", "300"]
    ended = in_a_process(PROGRAM, name, *words)
    assert ended.returncode == status, ended.stderr
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in ended.stderr


def test_a_forecast_that_was_stopped_leaves_nothing(tmp_path: Path, in_a_process: Callable[..., Any]) -> None:
    np.save(tmp_path / "flow.npy", np.random.default_rng(0).normal(size=(12, 2, 8, 8)))
    words = ["forecast", str(tmp_path / "flow.npy"), "--out", str(tmp_path / "out"), "--steps", "300"]
    ended = in_a_process(PROGRAM, "SIGTERM", *words)
    assert ended.returncode == 143, ended.stderr
    assert not (tmp_path / "out").exists()
    assert "Traceback" not in ended.stderr


def test_it_tidies_up_when_told_to_end() -> None:
    before, tidied = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            tidied.append(True)

    with pytest.raises(SystemExit) as ended, endings("tag"):
        work()
    assert ended.value.code == 143
    assert tidied
    assert signal.getsignal(signal.SIGTERM) is before


def test_whoever_takes_the_signal_ends_in_his_own_time() -> None:
    done = []

    def train() -> None:
        ours = signal.getsignal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda number, frame: ours(number, frame))
        os.kill(os.getpid(), signal.SIGTERM)
        done.append(True)
        raise SystemExit  # with a status of 0

    with pytest.raises(SystemExit) as ended, endings("fit"):
        train()
    assert ended.value.code == 143
    assert done


def test_a_forked_process_dies_of_the_signal() -> None:
    with endings("simulate"):
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM


def test_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, endings("tag"):
        raise KeyboardInterrupt
    assert ended.value.code == 130
    assert capsys.readouterr().err == "\nliesym tag: stopped\n"


def test_other_statuses_are_left_alone() -> None:
    with pytest.raises(SystemExit, match="2"), endings("tag"):
        raise SystemExit(2)
