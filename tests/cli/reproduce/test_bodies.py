from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pyg_liesym.cli.reproduce import bodies
from pyg_liesym.cli.reproduce.bodies import Bodies
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")
SMALL: dict[str, Any] = {"hidden": 8, "channels": 2, "edge_channels": 8, "num_steps": 2, "epochs": 5, "seeds": (1,)}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for kind in ("charged", "gravity"):
        monkeypatch.setitem(RECIPES, kind, replace(RECIPES[kind], systems={"train": 100, "val": 4, "test": 6}))
    bodies._splits.cache_clear()
    return tmp_path / "data"


def straight_on(root: Path) -> float:
    """Error of motion without forces, 300 steps after the first frame."""
    test = NBody(str(root), "test", "gravity", frames=(0, 3))._data
    return float((test.pos + 0.3 * test.vel - test.y).square().mean())


def test_every_network_at_a_horizon_of_its_own(root: Path, tmp_path: Path) -> None:
    sitting = Sitting(out=tmp_path / "runs", accelerator="cpu", progress=False)
    record = run_experiment(Bodies(("gravity",), horizons=(300,), root=root, **SMALL), sitting)
    assert [run["row"] for run in record["runs"]] == ["second-order", "vectors", "egnn"]
    # The first begins where bodies move straight on, for the time that belongs to the horizon.
    assert record["runs"][0]["numbers"]["test_mse"] == pytest.approx(straight_on(root), rel=0.1)


def test_what_is_tested_are_the_averaged_weights(root: Path, tmp_path: Path) -> None:
    """A mean that forgets nothing is that of the start, where bodies move straight on."""
    sitting = Sitting(out=tmp_path / "runs", accelerator="cpu", progress=False)
    experiment = Bodies(("gravity",), ("second-order",), (300,), root=root, decay=1.0, **SMALL)
    (run,) = run_experiment(experiment, sitting)["runs"]
    # The mean begins with the weights behind the first step.
    assert run["numbers"]["test_mse"] == pytest.approx(straight_on(root), rel=2e-2)


@pytest.mark.parametrize("name", ["second-order", "vectors"])
def test_keeps_what_space_keeps_and_the_sign_of_all_charges(name: str) -> None:
    net = randomize_parameters(Bodies().networks()[name](1.0).double(), generator=torch.Generator().manual_seed(0))
    pos, vel, charge = torch.randn(3, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    target = torch.arange(5).repeat_interleave(4)
    source = (target + 1 + torch.arange(20) % 4) % 5
    edges = torch.stack([source, target])

    def run(p: torch.Tensor, v: torch.Tensor, sign: float = 1.0) -> torch.Tensor:
        q = sign * charge[:, :1].sign()
        squared = (p[source] - p[target]).square().sum(1, keepdim=True)
        attr = torch.cat([q[source] * q[target], squared], dim=1)
        return net(v.norm(dim=1, keepdim=True), p, edges, attr, v)[1]

    g = LieAlgebra.rotation(3).sample(1, generator=torch.Generator().manual_seed(0))[0]
    assert_equivariant(run, [pos, vel], [g, g], [g])
    torch.testing.assert_close(run(pos, vel, -1.0), run(pos, vel))


def test_refuses_what_there_is_not() -> None:
    with pytest.raises(ValueError, match="there is no model segnn"):
        list(Bodies(models=("segnn",)).jobs())
    with pytest.raises(ValueError, match="whole frames"):
        list(Bodies(horizons=(1050,)).jobs())
