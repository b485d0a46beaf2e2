"""The patch for PyTorch Geometric applies, passes its own tests there, and computes what this package computes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch_geometric

PATCH = Path(__file__).parents[1] / "docs" / "upstream" / "egnn.patch"
EDITED = ["torch_geometric/nn/conv/__init__.py", "torch_geometric/nn/models/__init__.py"]

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="a patch is applied by git")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed PyTorch Geometric with the patch on it: links, but for what the patch edits."""
    tree = tmp_path_factory.mktemp("upstream")
    installed = Path(torch_geometric.__file__).parent
    shutil.copytree(installed, tree / installed.name, copy_function=os.symlink)
    for name in EDITED:
        (tree / name).unlink()
        shutil.copy(installed.parent / name, tree / name)
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    # Neither the README nor the list of changes is installed.
    left_out = ["--exclude=README.md", "--exclude=CHANGELOG.md"]
    subprocess.run(["git", "apply", "--whitespace=error-all", *left_out, str(PATCH)], cwd=tree, check=True)
    return tree


def test_its_own_tests_and_its_example_run(tree: Path) -> None:
    small = ["--num_train=8", "--num_eval=4", "--batch_size=4", "--hidden_channels=4", "--num_layers=2", "--epochs=1"]
    script = (
        "import runpy, sys, pytest\n"
        "code = pytest.main(['-q', '-p', 'no:cacheprovider', '--rootdir=.', 'test'])\n"
        f"sys.argv = ['egnn_nbody.py', *{small}]\n"
        "runpy.run_path('examples/egnn_nbody.py', run_name='__main__')\n"
        "sys.exit(code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 31
    assert re.search(r"EGNN, Test MSE: \d+\.\d+\n$", done.stdout)


def test_it_computes_what_our_layer_and_the_textbook_compute(tree: Path) -> None:
    """In a process of its own, where the layer is part of PyTorch Geometric and no test after it meets it."""
    root = PATCH.parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tree), str(root)])}
    words = ["-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/upstream_comparison.py"]
    done = subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 passed" in done.stdout


def test_it_stands_alone() -> None:
    """What is given to PyTorch Geometric needs nothing of this package."""
    added = [line for line in PATCH.read_text(encoding="utf-8").splitlines() if line.startswith("+")]
    assert len(added) > 500
    assert not [line for line in added if "liesym" in line]
