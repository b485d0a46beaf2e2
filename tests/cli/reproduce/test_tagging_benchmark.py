from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pyg_liesym.cli.reproduce import jets_tagging, tagging_benchmark
from pyg_liesym.cli.reproduce.tagging_benchmark import reproduce_tagging
from pyg_liesym.cli.tagging_report import SCORES
from pyg_liesym.datasets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.systems.pretrained import load_tagger
from pyg_liesym.systems.tagging import JetTagging

SAMPLE = Path(jets_tagging.__file__).parents[2] / "datasets" / "samples" / "jets.root"
TINY = {"hidden_channels": 4, "num_layers": 1}


def options(out: Path, **changed: Any) -> dict[str, Any]:
    return {
        "train": [str(SAMPLE)], "test": [str(SAMPLE)], "models": ("liegnn@discovered", "liegnn", "lorentznet"),
        "sizes": {"liegnn@discovered": TINY, "liegnn": TINY, "lorentznet": TINY},
        "out": out, "seeds": (0, 1), "repeated": ("liegnn@discovered", "liegnn"), "num_train": 96, "num_val": 40,
        "num_test": 200, "max_constituents": 4, "epochs": 2, "batch_size": 32, "accelerator": "cpu", "threads": 1,
        "checkpoint_every": 2, "robustness_jets": 20, "progress": False, **changed,
    }  # fmt: skip


@pytest.fixture
def lorentz(tmp_path: Path) -> Path:
    for seed in (0, 1):
        DiscoveredSymmetry.of(LieAlgebra.lorentz(), seed=seed).save(tmp_path / "metric" / f"seed{seed}")
    return tmp_path / "metric"


def test_tables_pictures_and_no_repetition(
    lorentz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    result = reproduce_tagging(**options(out, discovered=lorentz))
    rows = {row["model"]: row for row in result["table"]}
    assert {name: row["seeds"] for name, row in rows.items()} == {
        "liegnn@discovered": [0, 1], "liegnn": [0, 1], "lorentznet": [0]
    }  # fmt: skip
    assert all(0 <= row["auc"] <= 1 and row["auc_error"] > 0 and row["jets_per_second"] > 0 for row in rows.values())
    # Lorentz's own metric is Minkowski's on the sphere of build_tagger
    (same, *others) = result["differences"]
    assert (same["model"], same["reference"], same["equal"]) == ("liegnn@discovered", "liegnn", True)
    assert same["auc_difference"] == pytest.approx(0, abs=1e-3)
    assert {row["reference"] for row in others} == {"lorentznet"}
    assert {path.name for path in out.iterdir()} >= {"table.md", "roc.png", "robustness.json", "robustness.png"}
    assert json.loads((out / "result.json").read_text()) == result
    run = json.loads((out / "liegnn-seed0" / "result.json").read_text())
    assert run["num_train"] == 96
    assert run["rejection_30_passed"] >= 0
    shown = capsys.readouterr().out
    assert "| lorentznet |" in shown
    assert "lorentznet-seed0: epoch 1 of 2, " in shown
    assert "2 runs left: liegnn@discovered seed 1 (0 min), liegnn seed 1 (0 min)" in shown
    assert "0 runs left" in shown
    tagger = load_tagger(out / "liegnn@discovered-seed1" / "tagger.safetensors")
    assert tagger.classes == ("QCD", "Tbqq")
    assert tagger.max_constituents == 4
    assert "on 96 jets for 2 epochs; AUC" in tagger.description
    scores = load_file(out / "liegnn@discovered-seed1" / SCORES)
    (batch,) = PackedLoader(Jets(files=str(SAMPLE), max_constituents=4)[96:296], batch_size=200)
    torch.testing.assert_close(tagger(batch), scores["logits"].softmax(-1), atol=1e-5, rtol=1e-4)

    monkeypatch.setattr("lightning.Trainer.fit", None)
    assert reproduce_tagging(**options(out, discovered=lorentz)) == result
    with pytest.raises(ValueError, match=r"of a run with another epochs: choose another `out`"):
        reproduce_tagging(**options(out, discovered=lorentz, epochs=3))
    copy = tmp_path / "copy.root"
    copy.write_bytes(SAMPLE.read_bytes())
    with pytest.raises(ValueError, match=r"of a run with another train, test: choose another `out`"):
        reproduce_tagging(**options(out, discovered=lorentz, train=[str(copy)], test=[str(copy)]))


def test_sittings_add_up_to_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = {"models": ("liegnn",), "repeated": (), "robustness_jets": 0}
    whole = reproduce_tagging(**options(tmp_path / "whole", **one))
    for _ in range(3):
        assert reproduce_tagging(**options(tmp_path / "parts", **one, hours=0.0))["table"] == []
        shown = capsys.readouterr().out
        assert "goes on with liegnn, seed 0" in shown
        assert "of training left" in shown
    parts = reproduce_tagging(**options(tmp_path / "parts", **one))
    timeless = [{**row, "jets_per_second": None} for row in (*whole["table"], *parts["table"])]
    assert timeless[0] == timeless[1]


def test_a_run_killed_in_its_validation_repeats_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"models": ("liegnn",), "repeated": (), "robustness_jets": 0, "num_train": 128, "checkpoint_every": 2}
    whole = reproduce_tagging(**options(tmp_path / "whole", **one))
    steps, score = [], JetTagging.on_validation_epoch_end

    def killed_once(self: JetTagging) -> None:
        steps.append(self.trainer.global_step)
        if len(steps) == 1:
            raise InterruptedError
        score(self)

    monkeypatch.setattr(JetTagging, "on_validation_epoch_end", killed_once)
    with pytest.raises(InterruptedError):
        reproduce_tagging(**options(tmp_path / "parts", **one))
    parts = reproduce_tagging(**options(tmp_path / "parts", **one))
    assert steps == [4, 4, 8]
    assert parts["table"][0]["auc"] == whole["table"][0]["auc"]


def test_runs_that_diverge_are_named_and_the_others_done(
    tmp_path: Path, diverging: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    diverging("lorentznet")
    result = reproduce_tagging(
        **options(tmp_path, models=("lorentznet", "liegnn"), repeated=(), num_val=0, epochs=1, robustness_jets=0)
    )
    assert [row["model"] for row in result["table"]] == ["liegnn"]
    assert result["diverged"] == ["lorentznet, seed 0"]
    assert "Diverged, and in no table: lorentznet, seed 0." in (tmp_path / "table.md").read_text()
    assert "lorentznet, seed 0: the training has diverged: the loss of step 0 is nan" in capsys.readouterr().out
    assert not (tmp_path / "lorentznet-seed0" / "result.json").exists()


def test_the_metric_is_discovered_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging_benchmark, "LieGAN", functools.partial(LieGAN, max_steps=20))
    reproduce_tagging(
        **options(
            tmp_path, models=("liegnn@discovered",), seeds=(3,), num_train=160, num_val=0, epochs=1, robustness_jets=0
        )
    )
    found = DiscoveredSymmetry.load(tmp_path / "discovered" / "seed3")
    run = json.loads((tmp_path / "liegnn@discovered-seed3" / "result.json").read_text())
    assert run["metric"] == found.metric.J.tolist()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"num_train": 10**6}, ValueError, r"but 1000000 \+ 40 are asked for"),
        ({"num_test": 10**6}, ValueError, "hold 3864 jets that are not for the training, but 1000000 are asked for"),
        ({"num_train": None, "num_test": None}, ValueError, "hold 0 jets that are not for the training, but 1 are"),
        ({"test": [str(SAMPLE), str(SAMPLE)]}, ValueError, "are among the files of the training and of the test"),
        ({"models": ("liegnn@found",)}, ValueError, "'liegnn@found'"),
        ({"models": ("liegnn@discovered",), "discovered": Path("nowhere")}, FileNotFoundError, "nowhere/seed0"),
        ({"models": ("transformer",)}, ValueError, "transformer"),
        ({"models": ("liegnn+thin",)}, ValueError, r"the variant 'liegnn\+thin' has no `sizes`"),
    ],
)
def test_what_cannot_be_run(changed: dict[str, Any], error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        reproduce_tagging(**options(tmp_path, **changed))
