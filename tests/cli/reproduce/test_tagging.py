from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pyg_liesym.cli.reproduce import jets_tagging, tagging
from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.tagging import TaggerNetwork, Tagging
from pyg_liesym.cli.reproduce.tagging_jets import TaggingJets
from pyg_liesym.cli.reproduce.tagging_run import TaggerTraining
from pyg_liesym.cli.reproduce.training import Clock
from pyg_liesym.cli.tagging_report import SCORES
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.discovery.liegan import LieGAN
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.metrics.areas import auc
from pyg_liesym.systems.pretrained import load_tagger
from pyg_liesym.systems.tagging import JetTagging
from pyg_liesym.systems.training_range import SeenRange

SAMPLE = Path(jets_tagging.__file__).parents[2] / "datasets" / "samples" / "jets.root"
TINY = {"hidden_channels": 4, "num_layers": 1}


JETS = TaggingJets((str(SAMPLE),), (str(SAMPLE),), num_train=96, num_val=40, num_test=200, max_constituents=4)
TRAINING = TaggerTraining(epochs=2, batch_size=32)


def benchmark(**changed: Any) -> Tagging:
    own: dict[str, Any] = {
        "models": ("liegnn-discovered", "liegnn", "lorentznet"), "seeds": (0, 1),
        "repeated": ("liegnn-discovered", "liegnn"), "data": JETS, "training": TRAINING, "robustness_jets": 20,
        "networks": {
            "liegnn-discovered": TaggerNetwork("liegnn", discovered=True, sizes=TINY),
            "liegnn": TaggerNetwork("liegnn", sizes=TINY), "lorentznet": TaggerNetwork("lorentznet", sizes=TINY),
        },
    }  # fmt: skip
    return Tagging(**{**own, **changed})


def sitting(out: Path, **changed: Any) -> Sitting:
    return Sitting(**{"out": out, "accelerator": "cpu", "checkpoint_every": 2, "progress": False, **changed})


@pytest.fixture
def lorentz(tmp_path: Path) -> Path:
    for seed in (0, 1):
        DiscoveredSymmetry.of(LieAlgebra.lorentz(), seed=seed).save(tmp_path / "metric" / f"seed{seed}" / "symmetry")
    return tmp_path / "metric"


def test_tables_pictures_and_no_repetition(
    lorentz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    record = run_experiment(benchmark(discovered=lorentz), sitting(out, progress=True))
    rows = {row["row"]: row for row in record["table"]}
    assert {name: row["seeds"] for name, row in rows.items()} == {
        "liegnn-discovered": [0, 1], "liegnn": [0, 1], "lorentznet": [0]
    }  # fmt: skip
    assert all(0 <= row["auc"]["mean"] <= 1 and row["auc"]["error"] > 0 for row in rows.values())
    assert all(row["jets_per_second"]["mean"] > 0 for row in rows.values())
    # Lorentz's own metric is Minkowski's on the sphere of build_tagger
    (same, *others) = record["comparisons"]
    assert (same["first"], same["second"]) == ("liegnn-discovered", "liegnn")
    assert same["mean"] == pytest.approx(0, abs=1e-3)
    assert {row["second"] for row in others} == {"lorentznet"}
    assert {path.name for path in out.iterdir()} >= {"table.md", "roc.png", "robustness.json", "robustness.png"}
    assert json.loads((out / "result.json").read_text()) == record
    run = json.loads((out / "liegnn-seed0" / "result.json").read_text())
    assert run["settings"]["data"]["num_train"] == 96
    assert run["numbers"]["rejection_30_passed"] >= 0
    shown = capsys.readouterr().out
    assert "| lorentznet |" in shown
    assert "lorentznet-seed0: epoch 1 of 2, " in shown
    tagger = load_tagger(out / "liegnn-discovered-seed1" / "tagger.safetensors")
    assert tagger.classes == ("QCD", "Tbqq")
    assert tagger.max_constituents == 4
    assert "on 96 jets for 2 epochs; AUC" in tagger.description
    (trained,) = PackedLoader(Jets(files=str(SAMPLE), max_constituents=4)[:96], batch_size=96)
    seen = SeenRange()
    seen.add(trained.p4, trained.batch, 96)
    assert tagger.ranges == seen.ranges()
    scores = load_file(out / "liegnn-discovered-seed1" / SCORES)
    (batch,) = PackedLoader(Jets(files=str(SAMPLE), max_constituents=4)[96:296], batch_size=200)
    torch.testing.assert_close(tagger(batch), scores["logits"].softmax(-1), atol=1e-5, rtol=1e-4)

    monkeypatch.setattr("lightning.Trainer.fit", None)
    assert run_experiment(benchmark(discovered=lorentz), sitting(out))["table"] == record["table"]
    with pytest.raises(ValueError, match=r"runs with another training: choose another `out`"):
        run_experiment(benchmark(discovered=lorentz, training=replace(TRAINING, epochs=3)), sitting(out))
    copy = tmp_path / "copy.root"
    copy.write_bytes(SAMPLE.read_bytes())
    other = replace(JETS, train=(str(copy),), test=(str(copy),))
    with pytest.raises(ValueError, match=r"runs with another data: choose another `out`"):
        run_experiment(benchmark(discovered=lorentz, data=other), sitting(out))


ONE: dict[str, Any] = {"models": ("liegnn",), "repeated": (), "robustness_jets": 0}


def test_sittings_add_up_to_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = run_experiment(benchmark(**ONE), sitting(tmp_path / "whole"))
    count = Clock.on_train_batch_end

    def impatient(self: Clock, *given: Any) -> None:
        self.bench = replace(self.bench, until=0.0)
        count(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Clock, "on_train_batch_end", impatient)
        for _ in range(3):
            assert run_experiment(benchmark(**ONE), sitting(tmp_path / "parts", progress=True))["table"] == []
            shown = capsys.readouterr().out
            assert "goes on with liegnn-seed0" in shown
            assert "of training left" in shown
    parts = run_experiment(benchmark(**ONE), sitting(tmp_path / "parts"))
    first, second = (record["runs"][0]["numbers"] for record in (whole, parts))
    for numbers in (first, second):
        for time_dependent in ("jets_per_second", "training_seconds"):
            del numbers[time_dependent]
    assert [seen for seen, _ in first["learning_curve"]] == [96, 192]
    assert first == second
    jets = Jets(files=str(SAMPLE), max_constituents=4)
    (batch,) = PackedLoader(jets[len(jets) - 40 :], batch_size=40)
    best = auc(load_tagger(tmp_path / "whole" / "liegnn-seed0" / "tagger.safetensors")(batch)[:, 1], batch.y)
    assert max(value for _, value in first["learning_curve"]) == pytest.approx(best.value, abs=1e-6)


def test_a_run_killed_in_its_validation_repeats_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = benchmark(**ONE, data=replace(JETS, num_train=128))
    whole = run_experiment(own, sitting(tmp_path / "whole"))
    steps, score = [], JetTagging.on_validation_epoch_end

    def killed_once(self: JetTagging) -> None:
        steps.append(self.trainer.global_step)
        if len(steps) == 1:
            raise InterruptedError
        score(self)

    monkeypatch.setattr(JetTagging, "on_validation_epoch_end", killed_once)
    with pytest.raises(InterruptedError):
        run_experiment(own, sitting(tmp_path / "parts"))
    parts = run_experiment(own, sitting(tmp_path / "parts"))
    assert steps == [4, 4, 8]
    assert parts["table"][0]["auc"] == whole["table"][0]["auc"]
    curves = [record["runs"][0]["numbers"]["learning_curve"] for record in (parts, whole)]
    assert curves[0] == curves[1]


def test_runs_that_diverge_are_named_and_the_others_done(
    tmp_path: Path, diverging: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    diverging("lorentznet")
    own = {**ONE, "models": ("lorentznet", "liegnn"), "seeds": (0,), "data": replace(JETS, num_val=0)}
    record = run_experiment(benchmark(**own, training=replace(TRAINING, epochs=1)), sitting(tmp_path))
    assert [row["row"] for row in record["table"]] == ["liegnn"]
    assert record["diverged"] == ["lorentznet-seed0"]
    assert "Diverged, and in no table: lorentznet-seed0." in (tmp_path / "table.md").read_text()
    assert "lorentznet-seed0: the training has diverged: the loss of step 0 is nan" in capsys.readouterr().out
    assert not (tmp_path / "lorentznet-seed0" / "result.json").exists()


def test_the_metric_is_discovered_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "LieGAN", functools.partial(LieGAN, max_steps=20))
    own = {**ONE, "models": ("liegnn-discovered",), "seeds": (3,), "data": replace(JETS, num_train=160, num_val=0)}
    record = run_experiment(benchmark(**own, training=replace(TRAINING, epochs=1)), sitting(tmp_path))
    found = DiscoveredSymmetry.load(tmp_path / "discovered" / "seed3" / "symmetry")
    assert record["runs"][0]["numbers"]["metric"] == found.metric.J.tolist()


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"data": replace(JETS, num_train=10**6)}, ValueError, r"but 1000000 \+ 40 are asked for"),
        (
            {"data": replace(JETS, num_test=10**6)},
            ValueError,
            "hold 3864 jets that are not for the training, but 1000000 are asked for",
        ),
        (
            {"data": replace(JETS, num_train=None, num_test=None)},
            ValueError,
            "hold 0 jets that are not for the training, but 1 are",
        ),
        (
            {"data": replace(JETS, test=(str(SAMPLE), str(SAMPLE)))},
            ValueError,
            "are among the files of the training and of the test",
        ),
        ({"models": ("liegnn-discovered",), "discovered": Path("nowhere")}, FileNotFoundError, "nowhere/seed0"),
        ({"models": ("transformer",)}, ValueError, "transformer"),
    ],
)
def test_what_cannot_be_run(changed: dict[str, Any], error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        run_experiment(benchmark(**changed), sitting(tmp_path))


def test_a_run_starts_from_a_tagger_and_says_from_which(tmp_path: Path) -> None:
    sizes = {"edge_channels": 16}
    still: dict[str, Any] = {
        "models": ("further",), "repeated": (), "seeds": (0,), "robustness_jets": 0,
        "training": TaggerTraining(epochs=1, batch_size=32, lr=1e-12, schedule="constant"),
    }  # fmt: skip
    further = TaggerNetwork("liegnn-fast", sizes=sizes, start="top-invariant")
    run_experiment(benchmark(**still, networks={"further": further}), sitting(tmp_path))
    run = json.loads((tmp_path / "further-seed0" / "result.json").read_text())
    assert run["settings"]["start"] == load_tagger("top-invariant").fingerprint()
    (batch,) = PackedLoader(Jets(files=str(SAMPLE), max_constituents=4)[96:296], batch_size=200)
    scores = load_file(tmp_path / "further-seed0" / SCORES)
    torch.testing.assert_close(load_tagger("top-invariant")(batch), scores["logits"].softmax(-1), atol=1e-5, rtol=1e-4)
    elsewhere = {"further": TaggerNetwork("liegnn-fast", sizes=sizes)}
    with pytest.raises(ValueError, match="runs with another"):
        run_experiment(benchmark(**still, networks=elsewhere), sitting(tmp_path))
