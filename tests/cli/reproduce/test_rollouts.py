from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pyg_liesym.cli.reproduce import bodies, rollouts
from pyg_liesym.cli.reproduce.bodies import Bodies
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.rolling import Moves, charged
from pyg_liesym.cli.reproduce.rollout_scores import scores
from pyg_liesym.cli.reproduce.rollouts import Rollouts
from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES, simulate_n_body
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.nn.models.egnn import EGNN
from pyg_liesym.testing.equivariance import assert_equivariant, randomize_parameters

pytestmark = pytest.mark.filterwarnings("ignore:The number of training batches")
SIMULATOR, STRAIGHT = Rollouts.known[:2]


def record_of(out: Path, **settings: Any) -> dict[str, dict[str, Any]]:
    sitting = Sitting(out=out, accelerator="cpu", progress=False)
    runs = run_experiment(Rollouts(("gravity",), num_systems=20, steps=3, seeds=(1,), **settings), sitting)["runs"]
    return {run["row"]: run["numbers"] for run in runs}


def test_bodies_are_seen_as_the_data_set_has_them(tmp_path: Path) -> None:
    data = NBody(str(tmp_path), "test", "charged", num_systems=3)._data
    pos, vel = data.pos.view(3, 5, 3), data.vel.view(3, 5, 3)
    seen = charged(pos, vel, data.charge.view(3, 5))
    torch.testing.assert_close(seen.x, data.x)
    torch.testing.assert_close(seen.edge_attr, data.edge_attr)
    first = 5 * torch.arange(3).repeat_interleave(20)
    assert torch.equal(seen.edge_index, data.edge_index + first)


def test_the_simulator_goes_on_and_straight_motion_keeps_all_but_the_energy(tmp_path: Path) -> None:
    found = record_of(tmp_path, models=(SIMULATOR, STRAIGHT))
    own, straight = found[SIMULATOR], found[STRAIGHT]
    assert own["median_3"] < 1e-8
    assert own["energy_3"] < 1e-3
    assert own["energy_3"] == pytest.approx(own["true_energy_3"], rel=0.1)
    assert straight["mse_1"] > 0.01
    assert straight["mse_3"] > straight["mse_2"] > straight["mse_1"]
    assert max(straight["angular_3"], straight["momentum_3"]) < 1e-5
    assert straight["energy_3"] > 0.05
    assert (tmp_path / "gravity.png").exists()


def test_networks_of_bodies_are_found_and_others_are_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="liesym reproduce bodies --systems"):
        record_of(tmp_path / "none", models=("egnn",), trained=tmp_path / "bodies")
    monkeypatch.setitem(RECIPES, "gravity", replace(RECIPES["gravity"], systems={"train": 100, "val": 4, "test": 20}))
    monkeypatch.setattr(rollouts, "SYSTEMS", {"train": 20, "val": 4})
    bodies._splits.cache_clear()
    small: dict[str, Any] = {"hidden": 8, "channels": 2, "edge_channels": 8, "num_steps": 2, "epochs": 5}
    models, sitting = ("second-order", "egnn"), Sitting(out=tmp_path / "bodies", accelerator="cpu", progress=False)
    before = run_experiment(Bodies(("gravity",), models, (1000,), (1,), root=tmp_path / "data", **small), sitting)
    found = record_of(tmp_path / "runs", models=Rollouts.known[2:], trained=tmp_path / "bodies", epochs=5)
    for run in before["runs"]:
        # The weights that were tested, on the systems that they were tested on.
        assert found[run["row"]]["mse_1"] == pytest.approx(run["numbers"]["test_mse"], rel=1e-4)
    assert found["second-order"]["mse_1"] == found["second-order, mean velocity"]["mse_1"]
    assert found["second-order"]["mse_2"] != found["second-order, mean velocity"]["mse_2"]
    # Momentum is kept where the layer keeps it.
    assert found["second-order, all times"]["momentum_3"] < 1e-5 < found["egnn, all times"]["momentum_3"]
    assert found["egnn, all times"]["parameters"] == 2 * before["runs"][1]["numbers"]["parameters"]


def test_a_forecast_without_numbers_is_infinitely_far_off() -> None:
    truth = simulate_n_body("gravity", "test", frames=(0, 10), num_systems=5, progress=False)
    pos, vel = torch.from_numpy(truth.pos).clone(), torch.from_numpy(truth.vel).clone()
    pos[0, 1], vel[1, 1] = torch.nan, torch.inf
    numbers = scores("gravity", truth, pos, vel)
    assert (numbers["lost_1"], numbers["median_1"]) == (0.2, 0.0)
    assert numbers["mse_1"] == float("inf")
    assert numbers["energy_1"] < 1e-3 < numbers["energy_1_high"] == float("inf")


def test_moves_keep_what_space_keeps() -> None:
    first, second = (EGNN(1, 8, None, 2, edge_dim=2, velocity=True) for _ in range(2))
    net = randomize_parameters(Moves(first, second, 0.5).double(), generator=torch.Generator().manual_seed(0))
    pos, vel, charge = torch.randn(3, 1, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    charge = charge[..., 0].sign()

    def run(q: Tensor, p: Tensor) -> Tensor:
        seen = charged(q, p, charge)
        _, later, faster = net(*seen, p[0])
        return torch.stack([later, faster])

    g = LieAlgebra.rotation(3).sample(1, generator=torch.Generator().manual_seed(0))[0]
    assert_equivariant(run, [pos, vel], [g, g], [g])
    moved = run(pos + 2.0, vel) - run(pos, vel)
    torch.testing.assert_close(moved[0], torch.full_like(moved[0], 2.0))
    torch.testing.assert_close(moved[1], torch.zeros_like(moved[1]))


def test_refuses_what_there_is_not() -> None:
    with pytest.raises(ValueError, match="there is no model 'segnn'"):
        list(Rollouts(models=("segnn",)).jobs())
