"""A file is whole under its name, or it is not there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pyg_liesym.writing import sweep, whole_file


def test_the_file_appears_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.txt"
    with whole_file(path) as unfinished:
        unfinished.write_text("whole")
        assert not path.exists()
        assert unfinished.parent == path.parent
        assert not unfinished.match(f"*{path.suffix}")
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail_halfway() -> None:
        with whole_file(path) as unfinished:
            unfinished.write_text("half")
            raise error

    with pytest.raises(error):
        fail_halfway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_killed_processes_have_left_is_swept(tmp_path: Path) -> None:
    for name in ("a.txt", "b[1].txt"):
        code = "import os, sys; from pyg_liesym.writing import whole_file\nwith whole_file(sys.argv[1]): os._exit(1)"
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=False, timeout=60)
    assert len(list(tmp_path.iterdir())) == 2
    sweep(tmp_path, {"b[1].txt"})
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".a.txt.")
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o002])
def test_permissions_are_those_of_any_new_file(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "a.safetensors"
    before = os.umask(umask)
    try:
        with whole_file(path) as unfinished:
            save_file({"a": torch.ones(2)}, unfinished)  # makes its files readable for the owner alone
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


FULL_DISK = """
import resource, signal, sys
from pyg_liesym.writing import sweep, whole_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with whole_file(sys.argv[1]) as unfinished:
    unfinished.write_bytes(b"0" * 1001)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")
def test_no_room_is_an_error_and_no_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "a.bin")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []
