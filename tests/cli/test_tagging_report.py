from __future__ import annotations

import json
import math
from pathlib import Path

import lightning as L
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch_geometric.data import Batch

from pyg_liesym.cli.files import finite
from pyg_liesym.cli.tagging_report import TaggingReport, first_jets, read_card, write_card
from pyg_liesym.metrics.robustness import Drift
from pyg_liesym.systems.tagging import JetTagging


class Energy(nn.Module):
    """Logits from the jet's energy; as many as classes."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(4, num_classes)

    def forward(self, x: None, p4: torch.Tensor, *, batch: torch.Tensor, batch_size: int) -> torch.Tensor:
        return self.linear(p4.new_zeros(batch_size, 4).index_add(0, batch, p4))


class Loader:
    """Three batches of 20 jets of two constituents."""

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes

    def __len__(self) -> int:
        return 3

    def __iter__(self):
        generator = torch.Generator().manual_seed(0)
        for _ in range(3):
            p = torch.randn(40, 3, generator=generator)
            batch = Batch(
                p4=torch.cat([p.norm(dim=1, keepdim=True), p], 1), batch=torch.arange(20).repeat_interleave(2)
            )
            batch.y, batch._num_graphs = torch.arange(20) % self.num_classes, 20
            yield batch


def run(folder: Path, num_classes: int, robustness_jets: int) -> set[str]:
    trainer = L.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False, default_root_dir=folder,
        callbacks=[TaggingReport(robustness_jets)],
    )  # fmt: skip
    torch.manual_seed(0)
    trainer.test(JetTagging(Energy(num_classes)), Loader(num_classes), verbose=False)
    return {path.name for path in folder.iterdir()}


def test_scores_pictures_and_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(tmp_path, 2, robustness_jets=30)
    assert found == {
        "test_scores.safetensors", "roc.png", "scores.png", "calibration.png",
        "mass_sculpting.png", "robustness.json", "robustness.png"
    }  # fmt: skip
    scores = load_file(tmp_path / "test_scores.safetensors")
    assert {name: list(value.shape) for name, value in scores.items()} == {
        "logits": [60, 2], "label": [60], "mass": [60], "pt": [60]
    }  # fmt: skip
    (drifts,) = read_card(tmp_path / "robustness.json").values()
    kinds = {drift.transformation for drift in drifts}
    assert kinds == {"boost", "boost along the beams", "rotation", "rotation about the beams"}
    printed = capsys.readouterr().out
    assert "signal efficiency of 0.3" in printed
    assert str(tmp_path) in printed


def test_several_classes_leave_scores_alone(tmp_path: Path) -> None:
    assert run(tmp_path, 3, robustness_jets=0) == {"test_scores.safetensors"}


def test_a_card_comes_back(tmp_path: Path) -> None:
    drifts = {"a": [Drift("boost", 1.0, 0.9, -0.1, math.nan, 0.1, 0.2, 0.3)], "b": []}
    write_card(tmp_path, drifts)
    text = (tmp_path / "robustness.json").read_text()
    assert "NaN" not in text
    assert json.loads(text)["a"][0]["auc_change_error"] is None
    (back,) = read_card(tmp_path / "robustness.json")["a"]
    assert math.isnan(back.auc_change_error)
    assert back._replace(auc_change_error=0.0) == drifts["a"][0]._replace(auc_change_error=0.0)


def test_numbers_that_json_has_no_word_for() -> None:
    assert finite({"a": math.inf, "b": math.nan, "c": 1.5, "d": 3, "e": "x"}) == {
        "a": None, "b": None, "c": 1.5, "d": 3, "e": "x"
    }  # fmt: skip


def test_first_jets_are_no_more_batches_than_needed() -> None:
    assert len(first_jets(Loader(2), 21)) == 2
    assert len(first_jets(Loader(2), 1000)) == 3
