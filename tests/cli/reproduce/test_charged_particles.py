from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pyg_liesym.cli.reproduce.charged_particles import reproduce_charged_particles
from pyg_liesym.datasets.charged_particles import ChargedParticles

pytestmark = [
    # A run of one batch an epoch, and one that goes on in its own folder.
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty"),
]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    monkeypatch.setattr("pyg_liesym.datasets.charged_particles.SPLITS", {"train": 100, "val": 4, "test": 6})
    return {"root": tmp_path / "data", "out": tmp_path / "runs"}


def written(folders: dict[str, Path], name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folders["out"] / name / "result.json").read_text())
    return result


def test_linear_law_is_least_squares(folders: dict[str, Path]) -> None:
    result = reproduce_charged_particles("linear", **folders)
    train, test = (ChargedParticles(str(folders["root"]), split)._data for split in ("train", "test"))
    t, *_ = np.linalg.lstsq(
        train.vel.double().reshape(-1, 1).numpy(), (train.y - train.pos).double().flatten().numpy(), rcond=None
    )
    error = (test.pos + float(t[0]) * test.vel - test.y).double().square().mean()
    assert result["test_mse"] == pytest.approx(float(error), rel=1e-5)
    assert written(folders, "linear-seed1") == result


def test_a_run_goes_on_where_it_stopped(folders: dict[str, Path], tmp_path: Path) -> None:
    whole = reproduce_charged_particles("liegnn", epochs=55, **folders)
    again = {**folders, "out": tmp_path / "again"}
    reproduce_charged_particles("liegnn", epochs=50, **again)
    resumed = reproduce_charged_particles("liegnn", epochs=55, **again)
    for key in ("test_mse", "best_val_mse", "best_epoch", "parameters"):
        assert resumed[key] == pytest.approx(whole[key], rel=1e-6), key
    assert written(again, "liegnn-seed1") == resumed
    assert torch.load(again["out"] / "liegnn-seed1" / "last.ckpt", weights_only=True)["epoch"] == 49


def test_the_textbook_network_runs_beside_it(folders: dict[str, Path]) -> None:
    result = reproduce_charged_particles("egnn", epochs=5, seed=3, **folders)
    assert result["best_epoch"] == 4
    assert result["test_mse"] > 0
    assert written(folders, "egnn-seed3") == result
