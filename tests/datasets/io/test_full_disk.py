"""On a disk that fills up every writer says so, and leaves no file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file sizes")

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

def write(path):
    CALL

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
write(sys.argv[1])
whole = len(open(sys.argv[1], "rb").read())
for part in range(1, 12):
    limit = max(1, whole * part // 12 - (part == 11))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    target = f"{sys.argv[2]}/{part}{sys.argv[3]}"
    try:
        write(target)
    except OSError as error:
        print(part, "OSError", flush=True)
    except Exception as error:
        print(part, type(error).__name__, error, flush=True)
    else:
        print(part, "success", flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""


@pytest.mark.parametrize("name", WRITERS)
def test_no_room_is_an_error_and_no_file(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    words = [PROGRAM.replace("CALL", WRITERS[name]), str(tmp_path / name), str(folder), Path(name).suffix]
    done = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()
    assert len(said) == 11, done.stderr
    assert not [line for line in said if line.endswith("success")]
    assert list(folder.iterdir()) == []
