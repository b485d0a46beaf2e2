from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from safetensors.torch import load_file

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.plume import Plume, _beside_twins
from pyg_liesym.cli.reproduce.plume_run import PlumeProtocol, forecaster_of
from pyg_liesym.cli.reproduce.plume_symmetry import learned_against_data, turn_error
from pyg_liesym.cli.reproduce.training import Clock
from pyg_liesym.datasets.flows.smoke_plume import SmokePlume
from pyg_liesym.systems.field_data import SmokePlumeData

TINY = PlumeProtocol(
    resolution=8, frames=40, history=2, horizon=1, test_horizon=2, budget=400, widths={"mlp": 1}, num_layers=2,
    epochs=2, steps=2, batch_size=4, val_windows=4, test_windows=4,
)  # fmt: skip


@pytest.fixture
def plumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Waves in place of simulated plumes; those of ``graded`` do not turn with the side."""

    def process(self: SmokePlume) -> None:
        x, t = torch.arange(8.0), torch.arange(float(self.frames))
        wave = torch.sin(0.8 * x - 0.4 * t[:, None] + torch.arange(40.0)[:, None, None])
        self.save(wave[:, :, None, None].expand(-1, -1, 2, 8, -1))

    monkeypatch.setattr(SmokePlume, "raw_file_names", [])
    monkeypatch.setattr(SmokePlume, "download", lambda self: None)
    monkeypatch.setattr(SmokePlume, "process", process)
    return tmp_path


def plume(folder: Path, **changed: Any) -> Plume:
    own: dict[str, Any] = {
        "tables": ("rotation",), "models": ("strict", "rsteer", "mlp"), "root": folder / "data", "seeds": (0, 1),
        "protocol": TINY,
    }  # fmt: skip
    return Plume(**{**own, **changed})


def sitting(out: Path, **changed: Any) -> Sitting:
    return Sitting(**{"out": out, "accelerator": "cpu", "progress": False, **changed})


def test_tables_pictures_and_no_repetition(
    plumes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = plumes / "out"
    record = run_experiment(plume(plumes), sitting(out))
    rows = {row["row"]: row for row in record["table"]}
    assert list(rows) == ["strict", "rsteer", "mlp"]
    assert all(row["seeds"] == [0, 1] and row["test_rmse_domain"]["mean"] > 0 for row in rows.values())
    assert {one["first"] for one in record["comparisons"]} == {"rsteer", "mlp"}
    assert rows["strict"]["relaxation"]["mean"] == 0 < rows["rsteer"]["relaxation"]["mean"]
    assert {path.name for path in out.iterdir()} == {"rotation", "rotation.png", "table.md", "result.json"}
    run = json.loads((out / "rotation" / "rsteer-seed1" / "result.json").read_text())["numbers"]
    assert [point["step"] for point in run["course"]] == [2, 4]
    assert run["parameters"] <= 400
    assert run["val_rmse"] == min(point["val_rmse"] for point in run["course"])
    kept = load_file(out / "rotation" / "mlp-seed0" / "forecast.safetensors")
    assert kept["truth"].shape == kept["forecast"].shape == (2, 2, 8, 8)
    assert "| rsteer |" in capsys.readouterr().out

    monkeypatch.setattr("lightning.Trainer.fit", None)
    assert run_experiment(plume(plumes), sitting(out))["table"] == record["table"]
    with pytest.raises(ValueError, match=r"runs with another lr: choose another `out`"):
        run_experiment(plume(plumes, protocol=replace(TINY, lr=0.1)), sitting(out))


def test_sittings_add_up_to_one_run(
    plumes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = plume(plumes, models=("rsteer",), seeds=(0,))
    whole = run_experiment(one, sitting(plumes / "whole"))
    parts = sitting(plumes / "parts")
    assert run_experiment(one, replace(parts, hours=0.0))["runs"] == []
    # the time is up as soon as there is a checkpoint
    until = Clock.on_train_epoch_start
    with monkeypatch.context() as patch:

        def impatient(self: Clock, *args: Any) -> None:
            self.bench = replace(self.bench, until=0.0)
            until(self, *args)

        patch.setattr(Clock, "on_train_epoch_start", impatient)
        assert run_experiment(one, parts)["runs"] == []
    with pytest.raises(ValueError, match="runs with another penalty"):
        run_experiment(replace(one, protocol=replace(TINY, penalty=1.0)), parts)
    assert "goes on with rotation/rsteer-seed0" in capsys.readouterr().out
    first, second = (record["runs"][0]["numbers"] for record in (whole, run_experiment(one, parts)))
    assert first.pop("training_seconds") > 0
    assert second.pop("training_seconds") > 0
    assert first == second


def test_graded_levels(plumes: Path) -> None:
    own = plume(plumes, tables=("graded",), models=("rsteer", "strict"), seeds=(0,), levels=(0, 9))
    found = run_experiment(own, sitting(plumes / "out"))["graded"]
    assert found["levels"] == [0, 9]
    assert found["learned"]["strict"] == pytest.approx([0, 0], abs=1e-6)
    assert found["learned"]["rsteer, untrained"] == pytest.approx([0, 0], abs=1e-6)
    assert min(found["learned"]["rsteer"]) > 0
    assert min(found["data"]) > 0
    assert (plumes / "out" / "symmetry.png").exists()


def test_a_training_that_ended_is_not_taken_up_again(plumes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between the training and its tests, for which patience leaves rounds over."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    one = plume(plumes, models=("convnet",), seeds=(1,), protocol=replace(TINY, patience=1, epochs=12, lr=0.1))
    whole = run_experiment(one, sitting(plumes / "whole"))
    with monkeypatch.context() as patch:
        patch.setattr(L.Trainer, "test", stopped)
        with pytest.raises(KeyboardInterrupt):
            run_experiment(one, sitting(plumes / "out"))
    monkeypatch.setattr(L.Trainer, "fit", lambda *_, **__: pytest.fail("trained again"))
    again = run_experiment(one, sitting(plumes / "out"))
    assert again["table"][0]["test_rmse_future"] == whole["table"][0]["test_rmse_future"]


def test_ranks_of_levels() -> None:
    errors = {0: 0.1, 1: 0.3, 2: 0.2}
    runs = {level: {"turn_error": error, "untrained": 0.0, "relaxation": 0.0} for level, error in errors.items()}
    ranks = learned_against_data({0: 0.0, 1: 0.5, 2: 0.9}, {"convnet": runs})["rank_correlation"]
    assert ranks == {"convnet": pytest.approx(0.5), "convnet, untrained": None}


def test_tables_of_other_calls_are_kept(plumes: Path) -> None:
    for table in ("wind", "rotation"):
        own = plume(plumes, tables=(table,), models=("convnet",), seeds=(0,), own={})
        record = run_experiment(own, sitting(plumes / "out"))
    assert [row["table"] for row in record["table"]] == ["wind", "rotation"]
    text = (plumes / "out" / "table.md").read_text()
    assert "### wind" in text
    assert "### rotation" in text


def test_the_wind_breaks_two_symmetries(plumes: Path) -> None:
    """One data set, two tables: networks that relax rotations, and those that relax scalings."""
    rules = {"wind": {"budget": 900}, "wind-scale": {"budget": 900}}
    own = plume(plumes, tables=("wind", "wind-scale"), models=("strict", "rgroup"), seeds=(0,), own=rules)
    record = run_experiment(own, sitting(plumes / "out"))
    rows = {(row["table"], row["row"]): row for row in record["table"]}
    assert list(rows) == [(table, model) for table in rules for model in ("strict", "rgroup")]
    assert rows["wind", "strict"]["parameters"] != rows["wind-scale", "strict"]["parameters"]
    assert {run["settings"]["setting"] for run in record["runs"]} == {"wind"}


def test_the_error_of_turns_is_zero_for_strict_networks_alone(plumes: Path) -> None:
    data = SmokePlumeData(str(plumes), "graded", 2, 2, 2, 8, 4, frames=40)
    errors = {}
    for name in ("strict", "convnet"):
        torch.manual_seed(0)
        errors[name] = turn_error(forecaster_of(name, "rotation", TINY, (1.0, 1.0))[0], data)
    assert errors["strict"] < 1e-6 < 1e-2 < errors["convnet"]


def test_networks_are_compared_with_their_twins_seed_by_seed() -> None:
    def run(model: str, seed: int, rmse: float) -> dict[str, Any]:
        return {"row": model, "seed": seed, "numbers": {"test_rmse_future": rmse, "test_rmse_domain": rmse}}

    runs = [run("strict", 0, 1.0), run("strict", 1, 2.0), run("rsteer", 1, 1.0), run("rsteer", 2, 5.0)]
    found = _beside_twins("rotation", runs)
    assert [(one["first"], one["second"], one["values"]) for one in found[:1]] == [("rsteer", "strict", [0.5])]
    scale = [run("strict", 0, 1.0), run("riesz", 0, 2.0), run("rriesz", 0, 1.0)]
    values = {(one["first"], one["second"]): one["values"] for one in _beside_twins("scale", scale)}
    assert values == {("riesz", "strict"): [2.0], ("rriesz", "riesz"): [0.5]}


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no network 'rsteer' for scale"):
        run_experiment(Plume(("scale",), ("rsteer",), root=tmp_path), Sitting(out=tmp_path))
