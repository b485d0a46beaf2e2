from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from pyg_liesym.cli import demo as module
from pyg_liesym.cli.demo import demo
from pyg_liesym.cli.reproduce.jets_tagging import SmallTagger, train_tagger
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.simulation.gravity import simulate_orbits
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo with a few orbits, jets and steps."""
    trainer = module._trainer

    def orbits(kind: Any, split: Any = "train", **options: Any) -> Any:
        return simulate_orbits(kind, split, **{**options, "num_orbits": 6})

    def tagger(metric: Any, train: Jets, test: Jets, network: SmallTagger, **options: Any) -> Any:
        return train_tagger(metric, train[:64], test[:100], network, **{**options, "epochs": 1})

    monkeypatch.setattr(module, "simulate_orbits", orbits)
    monkeypatch.setattr(module, "LieGAN", functools.partial(LieGAN, max_steps=20, progress=False))
    monkeypatch.setattr(module, "train_tagger", tagger)
    monkeypatch.setattr(module, "_trainer", lambda max_epochs: trainer(max_epochs=1, enable_progress_bar=False))


@pytest.mark.usefixtures("tiny")
def test_a_report_of_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = demo(tmp_path / "report", seed=1)
    folder = tmp_path / "report"
    page = (folder / "index.html").read_text(encoding="utf-8")
    pictures = {path.name for path in folder.glob("*.png")}
    assert pictures >= {"orbits-basis.png", "orbits-rollout.png", "jets-metric-compared.png", "jets-roc.png"}
    assert all(f'src="{name}"' in page for name in pictures)
    assert DiscoveredSymmetry.load(folder / "orbits").algebra.n == 2
    assert DiscoveredSymmetry.load(folder / "jets").algebra.dim == 7
    assert json.loads((folder / "summary.json").read_text()) == summary
    assert set(summary["auc"]) == set(summary["boost_error"]) == {"discovered J", "Minkowski", "J = I"}
    assert summary["boost_error"]["Minkowski"] < 1e-8 < summary["boost_error"]["J = I"]
    printed = capsys.readouterr().out
    assert [f"[{step}/4]" in printed for step in (1, 2, 3, 4)] == [True] * 4
    assert f"{folder / 'index.html'}" in printed
    assert "jets: AUC of LieGNN, Minkowski" in printed
