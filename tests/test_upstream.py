"""The patch for PyTorch Geometric applies, passes its own tests there, and computes what this package computes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
import torch_geometric
from textbook_egnn import TextbookEGNN
from torch import Tensor

from pyg_liesym.nn import EGNNConv
from pyg_liesym.nn.message.edges import complete_graph
from pyg_liesym.testing.equivariance import randomize_parameters

PATCH = Path(__file__).parents[1] / "docs" / "upstream" / "egnn.patch"
EDITED = ["torch_geometric/nn/conv/__init__.py", "torch_geometric/nn/models/__init__.py"]
OURS = {"edge_nn.2": "edge_map.phi_e.1", "node_nn.0": "phi_h.0", "node_nn.2": "phi_h.2"}
OURS |= {"pos_nn.0": "edge_map.phi_x.0", "pos_nn.2": "edge_map.phi_x.2", "attn_nn.0": "edge_map.phi_m.0"}
OURS |= {"vel_nn.0": "phi_v.0", "vel_nn.2": "phi_v.2"}

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


@pytest.fixture
def conv_class(tree: Path) -> Iterator[type[torch.nn.Module]]:
    """The layer of the patch, beside the installed ones."""
    name = "torch_geometric.nn.conv.egnn_conv"
    spec = spec_from_file_location(name, tree / f"{name.replace('.', '/')}.py")
    assert spec is not None
    assert spec.loader is not None
    assert name not in sys.modules, "PyTorch Geometric has the layer: the patch has done its work"
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module.EGNNConv
    del sys.modules[name]


def inputs(hidden: int) -> tuple[Tensor, ...]:
    """Features, positions, velocities, edges and their attributes of two graphs of which one is a lone node."""
    edge_index = complete_graph(5).edge_index
    shapes = (6, hidden), (6, 3), (6, 3), (edge_index.size(1), 2)
    x, pos, vel, edge_attr = (torch.randn(shape, dtype=torch.float64) for shape in shapes)
    return x, pos, vel, edge_index, edge_attr


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


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("velocity", [False, True])
@pytest.mark.parametrize("pos_aggr", ["mean", "sum"])
def test_it_computes_what_our_layer_computes(
    conv_class: type[torch.nn.Module], attention: bool, velocity: bool, pos_aggr: str
) -> None:
    x, pos, vel, edge_index, edge_attr = inputs(4)
    theirs = conv_class(4, 4, 7, edge_dim=2, attention=attention, velocity=velocity, pos_aggr=pos_aggr).double()
    randomize_parameters(theirs)
    ours = EGNNConv(
        4, 4, hidden_channels=7, edge_channels=7, edge_dim=2, gate=attention, velocity=velocity,
        pos_aggr="mean" if pos_aggr == "mean" else "sum",
    ).double()  # fmt: skip
    state = theirs.state_dict()
    first, bias = state.pop("edge_nn.0.weight"), state.pop("edge_nn.0.bias")
    names = [name.rpartition(".") for name in state]
    entries = {f"{OURS[module]}.{kind}": state[f"{module}.{kind}"] for module, _, kind in names}
    parts = zip(("lin_target", "lin_source", "lin_edge"), first.split([4, 4, 3], dim=1), strict=True)
    entries |= {f"edge_map.{part}.weight": weight for part, weight in parts} | {"edge_map.lin_target.bias": bias}
    assert ours.load_state_dict(entries, strict=False) == (["metric.J"], [])
    arguments = x, pos, edge_index, edge_attr, vel if velocity else None
    for theirs_out, ours_out in zip(theirs(*arguments), ours(*arguments), strict=True):
        torch.testing.assert_close(theirs_out, ours_out, rtol=0, atol=1e-12)


def test_it_computes_what_the_textbook_computes(conv_class: type[torch.nn.Module]) -> None:
    x, pos, vel, edge_index, edge_attr = inputs(4)
    textbook = TextbookEGNN(4, 6, 3, edge_dim=2).double()
    randomize_parameters(textbook)
    expected = textbook(x, pos, edge_index, edge_attr, vel)
    h = textbook.embedding(x)
    for k in range(3):
        conv = conv_class(6, 6, edge_dim=2, velocity=True).double()
        for name, maps in ("edge", textbook.edge_mlps), ("node", textbook.node_mlps), ("pos", textbook.pos_mlps):
            conv.get_submodule(f"{name}_nn").load_state_dict(maps[k].state_dict())
        conv.get_submodule("vel_nn").load_state_dict(textbook.vel_mlps[k].state_dict())
        h, pos = conv(h, pos, edge_index, edge_attr, vel)
    torch.testing.assert_close((h, pos), expected, rtol=0, atol=1e-12)


def test_it_stands_alone() -> None:
    """What is given to PyTorch Geometric needs nothing of this package."""
    added = [line for line in PATCH.read_text(encoding="utf-8").splitlines() if line.startswith("+")]
    assert len(added) > 500
    assert not [line for line in added if "liesym" in line]
