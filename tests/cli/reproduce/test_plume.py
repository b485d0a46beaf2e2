from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from safetensors.torch import load_file

from pyg_liesym.cli.reproduce.plume import reproduce_plume
from pyg_liesym.cli.reproduce.plume_protocol import PlumeProtocol
from pyg_liesym.cli.reproduce.plume_run import Course, forecaster_of
from pyg_liesym.cli.reproduce.plume_symmetry import report_symmetry, turn_error
from pyg_liesym.cli.reproduce.plume_table import markdown, tabulate
from pyg_liesym.datasets.smoke_plume import SmokePlume
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


def options(folder: Path, **changed: Any) -> dict[str, Any]:
    return {
        "settings": ("rotation",), "models": ("strict", "rsteer", "mlp"), "root": folder / "data",
        "out": folder / "out", "seeds": (0, 1), "protocol": TINY, "progress": False, **changed,
    }  # fmt: skip


def test_tables_pictures_and_no_repetition(
    plumes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = reproduce_plume(**options(plumes))
    rows = {row["model"]: row for row in result["rotation"]}
    assert list(rows) == ["strict", "rsteer", "mlp"]
    assert all(row["seeds"] == [0, 1] and row["test_rmse_domain"] > 0 for row in rows.values())
    assert rows["strict"]["ratios"] == []
    assert rows["strict"]["relaxation"] == 0 < rows["rsteer"]["relaxation"]
    out = plumes / "out"
    assert {path.name for path in out.iterdir()} == {"rotation", "rotation.png", "table.md", "result.json"}
    run = json.loads((out / "rotation" / "rsteer-seed1" / "result.json").read_text())
    assert [point["step"] for point in run["course"]] == [2, 4]
    assert run["parameters"] <= 400
    assert run["val_rmse"] == min(point["val_rmse"] for point in run["course"])
    kept = load_file(out / "rotation" / "mlp-seed0" / "forecast.safetensors")
    assert kept["truth"].shape == kept["forecast"].shape == (2, 2, 8, 8)
    assert "| rsteer |" in capsys.readouterr().out

    monkeypatch.setattr("lightning.Trainer.fit", None)
    assert reproduce_plume(**options(plumes)) == result
    with pytest.raises(ValueError, match=r"of a run with another lr: choose another `out`"):
        reproduce_plume(**options(plumes, protocol=replace(TINY, lr=0.1)))


def test_sittings_add_up_to_one_run(
    plumes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = {"models": ("rsteer",), "seeds": (0,)}
    whole = reproduce_plume(**options(plumes, **one))
    again = options(plumes, **one, out=plumes / "parts")
    assert reproduce_plume(**again, hours=0.0) == {}
    # the time is up as soon as there is a checkpoint
    until = Course.on_train_epoch_start
    with monkeypatch.context() as patch:

        def impatient(self: Course, *args: Any) -> None:
            self.until = 0.0
            until(self, *args)

        patch.setattr(Course, "on_train_epoch_start", impatient)
        assert reproduce_plume(**again) == {}
    with pytest.raises(ValueError, match="of a run with another penalty"):
        reproduce_plume(**{**again, "protocol": replace(TINY, penalty=1.0)})
    assert "goes on with rotation/rsteer-seed0" in capsys.readouterr().out
    parts = reproduce_plume(**again)
    timeless = [{**row, "seconds": None} for row in (*whole["rotation"], *parts["rotation"])]
    assert timeless[0] == timeless[1]


def test_graded_levels(plumes: Path) -> None:
    reproduce_plume(**options(plumes, settings=("graded",), models=("rsteer", "strict"), seeds=(0,), levels=(0, 9)))
    found = json.loads((plumes / "out" / "symmetry.json").read_text())
    assert found["levels"] == [0, 9]
    assert found["learned"]["strict"] == pytest.approx([0, 0], abs=1e-6)
    assert found["learned"]["rsteer, untrained"] == pytest.approx([0, 0], abs=1e-6)
    assert min(found["learned"]["rsteer"]) > 0
    assert min(found["data"]) > 0
    assert (plumes / "out" / "symmetry.png").exists()
    assert "| data |" in (plumes / "out" / "table.md").read_text()


def test_a_training_that_ended_is_not_taken_up_again(plumes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between the training and its tests, for which patience leaves rounds over."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    call = options(plumes, models=("convnet",), seeds=(1,), protocol=replace(TINY, patience=1, epochs=12, lr=0.1))
    whole = reproduce_plume(**{**call, "out": plumes / "whole"})
    with monkeypatch.context() as patch:
        patch.setattr(L.Trainer, "test", stopped)
        with pytest.raises(KeyboardInterrupt):
            reproduce_plume(**call)
    monkeypatch.setattr(L.Trainer, "fit", lambda *_, **__: pytest.fail("trained again"))
    again = reproduce_plume(**call)
    assert again["rotation"][0]["test_rmse_future"] == whole["rotation"][0]["test_rmse_future"]


def test_ranks_of_levels(tmp_path: Path) -> None:
    errors = {0: 0.1, 1: 0.3, 2: 0.2}
    runs = [
        {"level": level, "turn_error": error, "untrained": 0.0, "relaxation": 0.0, "course": []}
        for level, error in errors.items()
    ]
    report_symmetry(tmp_path, {0: 0.0, 1: 0.5, 2: 0.9}, {"convnet": runs})
    ranks = json.loads((tmp_path / "symmetry.json").read_text())["rank_correlation"]
    assert ranks == {"convnet": pytest.approx(0.5), "convnet, untrained": None}


def test_tables_of_other_settings_are_kept(plumes: Path) -> None:
    for setting in ("wind", "rotation"):
        reproduce_plume(**options(plumes, settings=(setting,), models=("convnet",), seeds=(0,)))
    text = (plumes / "out" / "table.md").read_text()
    assert "### wind" in text
    assert "### rotation" in text
    assert set(json.loads((plumes / "out" / "result.json").read_text())) >= {"wind", "rotation"}


def test_the_wind_breaks_two_symmetries(plumes: Path) -> None:
    """One data set, two tables: networks that relax rotations, and those that relax scalings."""
    own = options(plumes, settings=("wind", "wind-scale"), models=("strict", "rgroup"), seeds=(0,))
    found = reproduce_plume(**own, own={"wind": {"budget": 900}, "wind-scale": {"budget": 900}})
    assert [[row["model"] for row in found[table]] for table in ("wind", "wind-scale")] == 2 * [["strict", "rgroup"]]
    assert found["wind"][0]["parameters"] != found["wind-scale"][0]["parameters"]
    runs = [json.loads((plumes / "out" / table / "strict-seed0" / "settings.json").read_text()) for table in found]
    assert [run["setting"] for run in runs] == ["wind", "wind"]
    text = (plumes / "out" / "table.md").read_text()
    assert "### wind\n" in text
    assert "### wind-scale\n" in text


def test_the_error_of_turns_is_zero_for_strict_networks_alone(plumes: Path) -> None:
    data = SmokePlumeData(str(plumes), "graded", 2, 2, 2, 8, 4, frames=40)
    errors = {}
    for name in ("strict", "convnet"):
        torch.manual_seed(0)
        errors[name] = turn_error(forecaster_of(name, "rotation", TINY, (1.0, 1.0))[0], data)
    assert errors["strict"] < 1e-6 < 1e-2 < errors["convnet"]


def test_the_table_compares_seed_by_seed() -> None:
    def run(seed: int, rmse: float) -> dict[str, Any]:
        return {
            "seed": seed, "parameters": 1234, "test_rmse_future": rmse, "val_rmse": 1.0, "relaxation": 0.5,
            "seconds": 2.0,
        }  # fmt: skip

    rows = tabulate({"strict": [run(0, 1.0), run(1, 2.0)], "rsteer": [run(1, 1.0), run(2, 5.0)]}, "strict")
    assert rows[1]["ratios"] == [0.5]
    assert rows[0]["test_rmse_future"] == 1.5
    assert rows[0]["test_rmse_domain"] is None
    text = markdown("rotation", rows, "strict")
    assert "| strict | 1 234 | 1.5000 ± 0.7071 | – | 1.0000 ± 0.0000 | – |" in text
    assert "| 0.500 |" in text
    own = {"strict": [run(0, 1.0)], "riesz": [run(0, 2.0)], "rriesz": [run(0, 1.0)]}
    rows = tabulate(own, "strict", {"rriesz": "riesz"})
    assert [row["ratios"] for row in rows] == [[], [2.0], [0.5]]
    assert "| 0.500 (/ riesz) |" in markdown("scale", rows, "strict")


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no network 'rsteer' for scale"):
        reproduce_plume(("scale",), ("rsteer",), tmp_path, tmp_path)
