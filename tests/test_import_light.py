"""``import pyg_liesym`` stays light: what is heavy loads where it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import pyg_liesym

HEAVY = (
    "lightning",
    "pytorch_lightning",
    "uproot",
    "awkward",
    "matplotlib",
    "h5py",
    "xarray",
    "jplephem",
    "jsonargparse",
    "pythia8mc",
    "fastjet",
)


@pytest.mark.parametrize("statement", ["import pyg_liesym", "import pyg_liesym.lie", "import pyg_liesym.nn"])
def test_import_is_light(statement: str) -> None:
    code = f"import sys; {statement}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_a_worker_that_tags_does_not_load_lightning() -> None:
    code = "import sys, pyg_liesym.cli.tag_file; print('lightning' in sys.modules, 'pytorch_lightning' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_front_door_itself_loads_nothing() -> None:
    code = "import sys, pyg_liesym; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", pyg_liesym.__all__)
def test_headline_names_resolve(name: str) -> None:
    assert name in dir(pyg_liesym)
    assert getattr(pyg_liesym, name) is not None


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'LieAlgebras'"):
        pyg_liesym.LieAlgebras  # noqa: B018
