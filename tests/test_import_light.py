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


MODULES = {
    "pyg_liesym": ("torch", *HEAVY),
    "pyg_liesym.lie": HEAVY,
    "pyg_liesym.nn": HEAVY,
    "pyg_liesym.cli.tag_file": ("lightning", "pytorch_lightning"),  # what a worker loads that tags
}


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """What is there after each module has been imported, one after another in one process."""
    code = f"import importlib, sys\nfor name in {list(MODULES)}: importlib.import_module(name); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return {name: set(line.split()) for name, line in zip(MODULES, done.stdout.splitlines(), strict=True)}


@pytest.mark.parametrize("name", MODULES)
def test_import_is_light(name: str, loaded: dict[str, set[str]]) -> None:
    assert name in loaded[name]
    assert not loaded[name] & set(MODULES[name])


@pytest.mark.parametrize("name", pyg_liesym.__all__)
def test_headline_names_resolve(name: str) -> None:
    assert name in dir(pyg_liesym)
    assert getattr(pyg_liesym, name) is not None


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="no attribute 'LieAlgebras'"):
        pyg_liesym.LieAlgebras  # noqa: B018
