from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pyg_liesym.cli.reproduce import jets_tagging
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.tagging_front import TaggingFront, training_speeds
from pyg_liesym.cli.reproduce.tagging_jets import TaggingJets
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.nn.models.taggers import build_tagger

SAMPLE = str(Path(jets_tagging.__file__).parents[2] / "datasets" / "samples" / "jets.root")
JETS = TaggingJets((SAMPLE,), (SAMPLE,), num_train=64, num_val=0, num_test=200, max_constituents=4)
THIN = {"thin": {"edge_channels": 2, "num_layers": 1}}


def front(**changed: Any) -> TaggingFront:
    return TaggingFront(**{"variants": THIN, "data": JETS, "timed_jets": 4, "turns": 2, **changed})


def test_front_table_and_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sitting = Sitting(out=tmp_path, accelerator="cpu", progress=False)
    record = run_experiment(front(), sitting)
    rows = {row["row"]: row for row in record["front"]}
    assert list(rows) == ["liegnn", "liegnn-fast", "liegnn-fast-thin"]
    assert rows["liegnn-fast-thin"]["parameters"] < rows["liegnn-fast"]["parameters"] < rows["liegnn"]["parameters"]
    assert all(row["training_jets_per_second"] > 0 for row in rows.values())
    assert max(rows.values(), key=lambda row: row["auc"])["on_front"]
    assert rows[record["knee"]]["on_front"]
    assert (tmp_path / "front.png").stat().st_size > 2000

    monkeypatch.setattr("lightning.Trainer.fit", None)
    again = run_experiment(front(), sitting)
    assert [row["auc"] for row in again["front"]] == [row["auc"] for row in record["front"]]


def test_a_sitting_that_ends_early_times_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = run_experiment(front(), Sitting(out=tmp_path, hours=0.0))
    assert (record["front"], record["knee"]) == ([], None)
    assert "not on the front" in capsys.readouterr().out


def test_what_diverged_is_not_on_the_front(tmp_path: Path, diverging: Callable[[str], None]) -> None:
    diverging("liegnn")
    record = run_experiment(front(seeds=(0,)), Sitting(out=tmp_path, accelerator="cpu", progress=False))
    assert [row["row"] for row in record["front"]] == ["liegnn-fast", "liegnn-fast-thin"]


def test_taggers_of_other_kinds(tmp_path: Path) -> None:
    """Each by its name, and no variants if none are asked for."""
    asked = front(taggers=("vector-liegnn",), variants={}, seeds=(0,))
    record = run_experiment(asked, Sitting(out=tmp_path, accelerator="cpu", progress=False))
    assert [row["row"] for row in record["front"]] == ["vector-liegnn"]
    assert record["knee"] == "vector-liegnn"


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
