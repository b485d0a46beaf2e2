from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pyg_liesym.cli.reproduce import jets_tagging
from pyg_liesym.cli.reproduce.tagging_front import reproduce_tagging_front, training_speeds
from pyg_liesym.datasets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.nn.models.taggers import build_tagger

SAMPLE = [str(Path(jets_tagging.__file__).parents[2] / "datasets" / "samples" / "jets.root")]
OPTIONS: dict[str, Any] = {
    "train": SAMPLE, "test": SAMPLE, "num_train": 64, "num_test": 200, "max_constituents": 4, "seeds": (0, 1),
    "variants": {"thin": {"edge_channels": 2, "num_layers": 1}}, "timed_jets": 4, "turns": 2, "accelerator": "cpu",
    "threads": 1, "progress": False,
}  # fmt: skip


def test_front_table_and_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = reproduce_tagging_front(**OPTIONS, out=tmp_path)
    rows = {row["model"]: row for row in result["table"]}
    assert list(rows) == ["liegnn", "liegnn-fast", "liegnn-fast+thin"]
    assert rows["liegnn-fast+thin"]["parameters"] < rows["liegnn-fast"]["parameters"] < rows["liegnn"]["parameters"]
    assert all(row["seeds"] == [0, 1] and row["training_jets_per_second"] > 0 for row in rows.values())
    best = max(rows.values(), key=lambda row: row["auc"])
    assert best["on_front"]
    assert rows[result["knee"]]["on_front"]
    assert json.loads((tmp_path / "front.json").read_text()) == result
    assert (tmp_path / "front.png").stat().st_size > 2000
    assert "| knee |" in (tmp_path / "front.md").read_text()
    assert "| knee |" in capsys.readouterr().out

    monkeypatch.setattr("lightning.Trainer.fit", None)
    again = reproduce_tagging_front(**OPTIONS, out=tmp_path)
    assert [row["auc"] for row in again["table"]] == [row["auc"] for row in result["table"]]


def test_a_sitting_that_ends_early_times_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = reproduce_tagging_front(**OPTIONS, out=tmp_path, hours=0.0)
    assert result == {"table": [], "knee": None}
    assert "the front waits for liegnn, liegnn-fast, liegnn-fast+thin" in capsys.readouterr().out
    assert not (tmp_path / "front.md").exists()


def test_what_diverged_is_not_on_the_front(tmp_path: Path, diverging: Callable[[str], None]) -> None:
    diverging("liegnn")
    result = reproduce_tagging_front(**{**OPTIONS, "seeds": (0,)}, out=tmp_path)
    assert [row["model"] for row in result["table"]] == ["liegnn-fast", "liegnn-fast+thin"]


def test_timing_leaves_the_networks_as_they_are() -> None:
    nets = {
        "small": build_tagger("liegnn-fast", hidden_channels=4, edge_channels=4, num_layers=1),
        "large": build_tagger("liegnn-fast", hidden_channels=64, edge_channels=64, num_layers=6),
    }
    weights = [parameter.clone() for net in nets.values() for parameter in net.parameters()]
    jets = next(iter(PackedLoader(Jets(files=SAMPLE)[:8], batch_size=8)))
    speeds = training_speeds(nets, jets, 3, torch.device("cpu"))
    assert set(speeds) == {"small", "large"}
    assert all(speed > 0 for speed in speeds.values())
    after = [parameter for net in nets.values() for parameter in net.parameters()]
    assert all(torch.equal(a, b) and b.grad is None for a, b in zip(weights, after, strict=True))
