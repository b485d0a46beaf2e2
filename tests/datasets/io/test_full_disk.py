"""On a disk that fills up every writer says so, and leaves no file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")

# One program writes all of them: to load what it needs takes longer than to write.
WRITERS = {
    "scores.root": "write_scores(path)",
    "scores.h5": "write_scores(path)",
    "scores.parquet": "write_scores(path)",
    "jets.root": "save_jets(path, JETS, JetSchema())",
    "jets.h5": "save_jets(path, JETS, JetSchema())",
    "packed.safetensors": 'save_packed(path, *pack(torch.tensor([50_000]), {"pos": torch.rand(50_000, 3)}, {}))',
}
PROGRAM = """
import resource, signal, sys
import numpy as np, torch
from importlib import resources
from pathlib import Path
from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.score_writer import score_writer
from pyg_liesym.datasets.packing import pack, save_packed

JETS = open_jet_file(str(resources.files("pyg_liesym.datasets") / "samples" / "jets.root")).read(0, 600)
SCORES = np.random.default_rng(0).random((40_000, 2)).astype(np.float32)

def write_scores(path):
    with score_writer(path, ("QCD", "Tbqq")) as writer:
        for start in range(0, len(SCORES), 5000):
            writer.extend(SCORES[start : start + 5000])

def try_all(name, write):
    folder = Path(sys.argv[1])
    write(folder / name)
    whole = (folder / name).stat().st_size
    (folder / f"full {name}").mkdir()
    for part in range(1, 12):
        limit = max(1, whole * part // 12 - (part == 11))
        target = folder / f"full {name}" / f"{part}{Path(name).suffix}"
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            write(target)
        except Exception as error:
            said = f"{type(error).__name__} {error}".replace("\\n", " ")
        else:
            said = "success"
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        print(name, said, flush=True)

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("full disk")
    calls = "".join(f"try_all({name!r}, lambda path: {call})\n" for name, call in WRITERS.items())
    words = [sys.executable, "-c", PROGRAM + calls, str(folder)]
    return folder, subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", WRITERS)
def test_no_room_is_an_error_and_no_file(name: str, written: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, done = written
    said = [line for line in done.stdout.splitlines() if line.startswith(f"{name} ")]
    assert len(said) == 11, done.stderr
    assert not [line for line in said if line.endswith(" success")]
    assert list((folder / f"full {name}").iterdir()) == []
