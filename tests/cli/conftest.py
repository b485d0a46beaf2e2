"""Commands in processes of their own, which signals may end."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import NamedTuple

import pytest

BEGINNING = """
import os, sys
for number, name in enumerate(("stdout", "stderr"), 1):
    os.dup2(os.open({folder!r} + "/" + name, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
os.environ["JSONARGPARSE_DEPRECATION_WARNINGS"] = "off"
sys.path.insert(0, {folder!r})
sys.argv = {words!r}
"""


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def in_a_process(tmp_path: Path, copied_processes: ForkServerContext) -> Callable[..., Ended]:
    """Runs a program in a copied process; ``tmp_path`` is on its path."""

    def run(program: str, *words: str) -> Ended:
        script = tmp_path / "program.py"
        script.write_text(BEGINNING.format(folder=str(tmp_path), words=[str(script), *words]) + program)
        process = copied_processes.Process(target=runpy.run_path, args=(str(script), None, "__main__"))
        process.start()
        process.join(300)
        assert process.exitcode is not None, "it did not end"
        return Ended(process.exitcode, *((tmp_path / name).read_text() for name in ("stdout", "stderr")))

    return run
