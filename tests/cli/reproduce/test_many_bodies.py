from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pyg_liesym.cli.reproduce import many_bodies
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.many_bodies import ManyBodies
from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")
SMALL: dict[str, Any] = {"hidden": 8, "channels": 2, "edge_channels": 8, "num_steps": 2, "epochs": 2, "seeds": (1,)}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ten bodies, and a hundredth of the steps."""

    def ten(root: str, split: Any, kind: Any, **options: Any) -> NBody:
        return NBody(root, split, kind, num_bodies=10, frames=(0, 1), progress=False, **options)

    monkeypatch.setattr(many_bodies, "NBody", ten)
    many_bodies._splits.cache_clear()
    yield
    many_bodies._splits.cache_clear()


def test_every_network_beside_motion_straight_on(few: None, tmp_path: Path) -> None:
    experiment = ManyBodies(systems=(12, 4, 6), edges=0.3, batch_size=4, root=tmp_path / "data", **SMALL)
    record = run_experiment(experiment, Sitting(out=tmp_path / "runs", accelerator="cpu", progress=False))
    found = {run["row"]: run["numbers"] for run in record["runs"]}
    assert list(found) == ["virtual", "near", "egnn", "straight"]
    test = NBody(str(tmp_path / "data"), "test", "many_charged", num_bodies=10, frames=(0, 1), num_systems=6, edges=0.3)
    pos, vel, y = test._data.pos, test._data.vel, test._data.y
    straight = float((pos + found["straight"]["time"] * vel - y).square().mean())
    assert found["straight"]["test_mse"] == pytest.approx(straight)
    assert 0.05 < found["straight"]["time"] < 0.15
    assert found["virtual"]["parameters"] > found["near"]["parameters"]


@pytest.mark.parametrize("name", ["virtual", "near"])
def test_ours_keep_turns_and_translations(name: str) -> None:
    net = randomize_parameters(
        ManyBodies(num_steps=2).networks()[name]().double(), generator=torch.Generator().manual_seed(0)
    )
    pos, vel, charge = torch.randn(3, 6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    target = torch.arange(6).repeat_interleave(2)
    edges = torch.stack([(target + 1 + torch.arange(12) % 2) % 6, target])
    x = torch.stack([charge[:, 1], charge[:, 0].sign()], dim=1)
    attr = torch.ones(12, 2, dtype=torch.float64)
    g = LieAlgebra.rotation(3).sample(1, generator=torch.Generator().manual_seed(0))[0].double()
    move = lambda p: p @ g.mT + 2.0  # noqa: E731
    assert_equivariant(lambda p, v: net(x, p, edges, attr, v)[1], [pos, vel], [move, g], [move])


def test_refuses_what_there_is_not() -> None:
    with pytest.raises(ValueError, match="there is no model gnn"):
        list(ManyBodies(models=("gnn",)).jobs())
