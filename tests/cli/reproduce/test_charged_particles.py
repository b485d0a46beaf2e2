from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Trainer
from textbook_egnn import TextbookEGNN

from pyg_liesym.cli.reproduce import charged_particles
from pyg_liesym.cli.reproduce.charged_particles import ChargedParticlesForecast, liegnn_as_egnn
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.training import Clock
from pyg_liesym.datasets.bodies.charged_particles import ChargedParticles
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES

pytestmark = [
    # A run of one batch an epoch, and one that goes on in its own folder.
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty"),
]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(RECIPES, "charged", replace(RECIPES["charged"], systems={"train": 100, "val": 4, "test": 6}))
    charged_particles._splits.cache_clear()
    return tmp_path / "data"


def numbers(experiment: ChargedParticlesForecast, out: Path) -> dict[str, Any]:
    (run,) = run_experiment(experiment, Sitting(out=out, accelerator="cpu", progress=False))["runs"]
    found: dict[str, Any] = run["numbers"]
    return found


def test_linear_law_is_least_squares(root: Path, tmp_path: Path) -> None:
    result = numbers(ChargedParticlesForecast(("linear",), root=root), tmp_path / "runs")
    train, test = (ChargedParticles(str(root), split)._data for split in ("train", "test"))
    t, *_ = np.linalg.lstsq(
        train.vel.double().reshape(-1, 1).numpy(), (train.y - train.pos).double().flatten().numpy(), rcond=None
    )
    error = (test.pos + float(t[0]) * test.vel - test.y).double().square().mean()
    assert result["test_mse"] == pytest.approx(float(error), rel=1e-5)


def test_a_run_goes_on_where_it_stopped(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = ChargedParticlesForecast(("liegnn",), epochs=55, root=root)
    whole = numbers(experiment, tmp_path / "whole")

    def killed(self: Clock, trainer: Trainer, *_: object) -> None:
        if trainer.current_epoch == 52:
            raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(Clock, "on_train_epoch_start", killed)
        with pytest.raises(InterruptedError):
            numbers(experiment, tmp_path / "again")
    assert torch.load(tmp_path / "again" / "liegnn-seed1" / "last.ckpt", weights_only=True)["epoch"] == 49
    resumed = numbers(experiment, tmp_path / "again")
    for key in ("test_mse", "best_val_mse", "best_epoch", "parameters"):
        assert resumed[key] == pytest.approx(whole[key], rel=1e-6), key


def test_the_network_begins_as_the_textbook_does() -> None:
    torch.manual_seed(3)
    textbook = TextbookEGNN(1, 8, 2, edge_dim=1)
    torch.manual_seed(3)
    net = liegnn_as_egnn(1, 8, 2, 1)
    edges, attr = torch.tensor([[0, 1, 2], [1, 2, 0]]), torch.rand(3, 1)
    pos, vel = torch.rand(2, 3, 3)
    x = torch.rand(3, 1)
    torch.testing.assert_close(net(x, pos, edges, attr, vel)[1], textbook(x, pos, edges, attr, vel)[1])


def test_an_unknown_model(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no model egnn; there are liegnn, linear"):
        numbers(ChargedParticlesForecast(("egnn",), root=root), tmp_path)
