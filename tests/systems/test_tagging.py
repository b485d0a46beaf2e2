from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch
from torch import nn
from torch_geometric.data import Batch

from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.lie.metric import minkowski
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.checkpoint import start_from
from pyg_liesym.systems.data import JetsData
from pyg_liesym.systems.pretrained import save_tagger
from pyg_liesym.systems.system import TrainingDiverged
from pyg_liesym.systems.tagging import JetTagging
from pyg_liesym.systems.training_range import RANGES

HERE = Path(__file__).parent

pytestmark = [
    # Some trainings here have nothing to validate on.
    pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`"),
    # A run that goes on in another folder.
    pytest.mark.filterwarnings("ignore:The dirpath has changed"),
]


class Once:
    """A loader of one batch, or of one several times."""

    def __init__(self, batch: Batch, times: int = 1) -> None:
        self.batches = [batch] * times

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Any:
        return iter(self.batches)


class Dropping(nn.Module):
    """Logits from the jet's momentum, through dropout."""

    def __init__(self, num_classes: int = 2) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 16), nn.SiLU(), nn.Dropout(0.5), nn.Linear(16, num_classes))
        self.seen: list[Any] = []

    def forward(self, x: Any, p4: torch.Tensor, *, batch: torch.Tensor, batch_size: int) -> torch.Tensor:
        self.seen.append(x)
        return self.layers(p4.new_zeros(batch_size, 4).index_add(0, batch, p4) / 1000)


def trainer(folder: Path, epochs: int, **options: Any) -> L.Trainer:
    settings: dict[str, Any] = {
        "limit_train_batches": 4,
        "limit_val_batches": 2,
        "limit_test_batches": 4,
        "callbacks": [L.pytorch.callbacks.ModelCheckpoint(folder, save_last=True, filename="{epoch}", save_top_k=-1)],
        **options,
    }
    return L.Trainer(
        accelerator="cpu", max_epochs=epochs, logger=False, enable_progress_bar=False, enable_model_summary=False,
        num_sanity_val_steps=0, default_root_dir=folder, **settings
    )  # fmt: skip


def system(seed: int = 0) -> JetTagging:
    L.seed_everything(seed, verbose=False)
    return JetTagging(LieGNN(0, 8, 2, 2, metric=minkowski(), readout="mean"))


def toy_batch(weight: bool = False, classes: int = 2) -> Batch:
    generator = torch.Generator().manual_seed(0)
    counts = torch.tensor([2, 1, 3, 2])
    batch = Batch(p4=torch.randn(8, 4, generator=generator), batch=torch.arange(4).repeat_interleave(counts))
    batch.y, batch._num_graphs = torch.arange(4) % classes, 4
    if weight:
        batch.weight = torch.tensor([1.0, 3.0, 0.5, -1.0])
    return batch


def test_scores_are_those_of_all_jets_together(tmp_path: Path) -> None:
    data = JetsData(max_constituents=6, batch_size=50)
    tagger = system()
    (scores,) = trainer(tmp_path, 1).test(tagger, data, verbose=False)
    batches = [batch for _, batch in zip(range(4), data.test_dataloader(), strict=False)]
    logits = torch.cat([tagger(batch) for batch in batches]).detach()
    label = torch.cat([batch.y for batch in batches])
    expected = tagging_summary(logits, label)
    assert {name: scores[f"test_{name}"] for name in expected} == pytest.approx(expected, nan_ok=True)
    torch.testing.assert_close(tagger.test_scores["logits"], logits)
    masses = [
        float((total[0] ** 2 - (total[1:] ** 2).sum()).sqrt())
        for batch in batches
        for jet in range(batch.num_graphs)
        for total in [batch.p4[batch.batch == jet].double().sum(0)]
    ]
    assert tagger.test_scores["mass"].tolist() == pytest.approx(masses, rel=1e-4)
    probabilities = tagger.eval().predict_step(batches[0], 0)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(50))


def test_predictions_come_in_the_order_of_the_jets(tmp_path: Path) -> None:
    data = JetsData(max_constituents=6, batch_size=50)
    tagger = system().eval()
    found = trainer(tmp_path, 1, limit_predict_batches=3).predict(tagger, data)
    expected = [torch.softmax(tagger(batch), 1) for _, batch in zip(range(3), data.test_dataloader(), strict=False)]
    torch.testing.assert_close(torch.cat(found), torch.cat(expected).detach())


def run_with_dropout(folder: Path, resume: Path | None, seed: int, **options: Any) -> JetTagging:
    """Four epochs of five batches, with a checkpoint of every epoch and of every third step."""
    L.seed_everything(seed, verbose=False)
    tagger = JetTagging(Dropping(), lr=1e-2)
    data = JetsData(max_constituents=6, batch_size=32)
    loader = PackedLoader(data.dataset("train")[:170], 32, shuffle=True, drop_last=True, seed=5)
    steps = L.pytorch.callbacks.ModelCheckpoint(
        folder / "steps", filename="{step}", every_n_train_steps=3, save_top_k=-1
    )
    epochs = L.pytorch.callbacks.ModelCheckpoint(folder / "epochs", filename="{epoch}", save_top_k=-1)
    settings = {"limit_train_batches": None, "callbacks": [steps, epochs], **options}
    trainer(folder, 4, **settings).fit(tagger, loader, data.val_dataloader(), ckpt_path=resume and str(resume))
    return tagger


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[torch.Tensor]]:
    """An uninterrupted run: its checkpoints and its weights."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, list(run_with_dropout(folder, None, seed=0).parameters())


@pytest.mark.parametrize("checkpoint", ["epochs/epoch=1.ckpt", "steps/step=3.ckpt", "steps/step=12.ckpt"])
def test_a_resumed_run_equals_an_uninterrupted_one(
    checkpoint: str, whole: tuple[Path, list[torch.Tensor]], tmp_path: Path
) -> None:
    resumed = run_with_dropout(tmp_path, whole[0] / checkpoint, seed=1)
    for value, expected in zip(resumed.parameters(), whole[1], strict=True):
        assert torch.equal(value, expected)


def test_a_run_killed_in_an_epoch_goes_on(whole: tuple[Path, list[torch.Tensor]], tmp_path: Path) -> None:
    class Kill(L.Callback):
        def on_train_batch_end(self, trainer: L.Trainer, *args: Any) -> None:
            if trainer.global_step == 8:
                raise InterruptedError

    saving = L.pytorch.callbacks.ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=3, save_top_k=-1)
    with pytest.raises(InterruptedError):
        run_with_dropout(tmp_path, None, seed=0, callbacks=[saving, Kill()])
    resumed = run_with_dropout(tmp_path / "again", tmp_path / "step=6.ckpt", seed=1)
    for value, expected in zip(resumed.parameters(), whole[1], strict=True):
        assert torch.equal(value, expected)


def test_a_run_in_double_precision_goes_on_in_it(tmp_path: Path) -> None:
    whole = run_with_dropout(tmp_path, None, seed=0, precision="64-true")
    resumed = run_with_dropout(tmp_path / "again", tmp_path / "steps" / "step=18.ckpt", seed=1, precision="64-true")
    for value, expected in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert value.dtype == torch.float64
        assert torch.equal(value, expected)


def test_a_checkpoint_within_an_epoch_knows_the_jets_of_all_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pyg_liesym.systems.training_range.gather_rows", lambda rows: torch.cat([rows, torch.full_like(rows, 1e4)])
    )
    tagger = JetTagging(Dropping())
    tagger.seen.add(torch.tensor([[5.0, 3.0, 4.0, 0.0]]), torch.tensor([0]), 1)
    saved: dict[str, Any] = {}
    tagger.on_save_checkpoint(saved)
    assert saved[RANGES]["pT"] == (5.0, 1e4)


def test_a_checkpoint_knows_the_jets_of_its_training(whole: tuple[Path, list[torch.Tensor]], tmp_path: Path) -> None:
    train = JetsData(max_constituents=6, batch_size=32).dataset("train")[:170]
    sums = torch.stack([jet.p4.double().sum(0) for jet in train])  # 10 of them are left out of an epoch
    pt = sums[:, 1:3].norm(dim=1)
    first = torch.load(whole[0] / "steps" / "step=3.ckpt", weights_only=True)
    epochs = [torch.load(path, weights_only=True) for path in sorted((whole[0] / "epochs").iterdir())]
    low, high = epochs[0][RANGES]["pT"]
    assert min(abs(pt - low)) < 1e-9
    assert min(abs(pt - high)) < 1e-9
    assert int(((pt < low) | (pt > high)).sum()) <= 10
    assert all(content[RANGES] == epochs[0][RANGES] for content in epochs)
    assert low <= first[RANGES]["pT"][0] < first[RANGES]["pT"][1] <= high
    resumed = run_with_dropout(tmp_path, whole[0] / "steps" / "step=3.ckpt", seed=1)
    saved: dict[str, Any] = {}
    resumed.on_save_checkpoint(saved)
    assert saved[RANGES] == epochs[0][RANGES]


def test_two_processes_score_as_one(tmp_path: Path) -> None:
    specification = importlib.util.spec_from_file_location("ddp_training", HERE / "ddp_training.py")
    assert specification is not None
    assert specification.loader is not None
    training = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(training)
    training.run(tmp_path, 1)
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "ddp_training.py"), str(tmp_path), "2"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / f"{devices}.json").read_text()) for devices in (1, 2))
    assert len(one["label"]) == len(two["label"]) == 41
    assert two["mass"] == pytest.approx(one["mass"])
    assert two["label"] == one["label"]
    assert torch.tensor(two["logits"]).flatten().tolist() == pytest.approx(
        torch.tensor(one["logits"]).flatten().tolist(), rel=1e-6
    )
    assert two["scores"] == pytest.approx(one["scores"], nan_ok=True)
    assert set(one["ranges"]) == {"pT", "mass", "constituents"}
    assert two["ranges"] == one["ranges"]


def test_the_loss_is_weighted(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = JetTagging(Dropping()).eval()
    monkeypatch.setattr(tagger, "log", lambda *args, **kwargs: None)
    monkeypatch.setattr(JetTagging, "current_epoch", 0)
    monkeypatch.setattr(JetTagging, "global_rank", 0)
    batch = toy_batch(weight=True)
    each = [-torch.log_softmax(row, 0)[y] for row, y in zip(tagger(batch), batch.y, strict=True)]
    expected = sum(w * loss for w, loss in zip(batch.weight, each, strict=True)) / 5.5
    torch.testing.assert_close(tagger.training_step(batch, 0), expected)
    torch.testing.assert_close(tagger.training_step(toy_batch(), 0), sum(each) / 4)


def test_the_loss_of_validation_and_test_is_weighted(tmp_path: Path) -> None:
    net = Dropping().eval()
    for weighted in (True, False):
        batch = toy_batch(weight=weighted)
        (scores,) = trainer(tmp_path, 1).test(JetTagging(net), Once(batch), verbose=False)
        logits = JetTagging(net).eval()(batch).detach()
        each = torch.nn.functional.cross_entropy(logits, batch.y, reduction="none")
        weight = batch.weight if weighted else torch.ones(4)
        assert scores["test_loss"] == pytest.approx(float((weight * each).sum() / weight.abs().sum()), rel=1e-5)


def test_training_randomness_leaves_the_outer_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    tagger = JetTagging(Dropping())
    monkeypatch.setattr(tagger, "log", lambda *args, **kwargs: None)
    monkeypatch.setattr(JetTagging, "current_epoch", 0)
    monkeypatch.setattr(JetTagging, "global_rank", 0)
    torch.manual_seed(0)
    first = tagger.training_step(toy_batch(), 0)
    outer = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(outer, torch.rand(1))
    assert torch.equal(first, tagger.training_step(toy_batch(), 0))
    assert not torch.equal(first, tagger.training_step(toy_batch(), 1))


def test_ten_classes_particles_and_transforms(tmp_path: Path) -> None:
    net = Dropping(10)
    calls: list[str] = []

    def transform(batch: Batch) -> Batch:
        calls.append("transform")
        return batch

    def augment(batch: Batch) -> Batch:
        calls.append("augment")
        return batch

    tagger = JetTagging(net, classes=[f"c{k}" for k in range(10)], transform=transform, augment=augment)
    batch = toy_batch(classes=10)
    batch.x = torch.ones(8, 3)
    (scores,) = trainer(tmp_path, 1).test(tagger, Once(batch), verbose=False)
    assert torch.equal(net.seen[-1], batch.x)
    assert math.isnan(scores["test_rejection_c1"])
    assert scores["test_rejection_c1_passed"] <= 1
    assert calls == ["transform"]
    trainer(tmp_path, 1, limit_val_batches=0).fit(tagger, Once(batch))
    assert calls[1:] == ["augment", "transform"]


@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("lion", "Lion")])
def test_optimisers(name: Any, kind: str, tmp_path: Path) -> None:
    tagger = JetTagging(Dropping(), optimizer=name, schedule="constant", lr=1e-3, weight_decay=0.3)
    run = trainer(tmp_path, -1, max_steps=2, limit_val_batches=0)
    run.fit(tagger, Once(toy_batch()))
    (optimizer,) = run.optimizers
    assert type(optimizer).__name__ == kind
    assert optimizer.param_groups[0]["weight_decay"] == 0.3
    assert optimizer.param_groups[0]["lr"] == 1e-3


def test_jets_without_a_class_are_predicted_and_not_scored(tmp_path: Path) -> None:
    batch = toy_batch()
    batch.y = torch.tensor([0, -1, 1, -1])
    tagger = JetTagging(Dropping())
    assert torch.isfinite(tagger.predict_step(batch, 0)).all()
    batch.batch[batch.batch == 3] = 2
    assert torch.equal(torch.isnan(tagger.predict_step(batch, 0)).all(1), torch.arange(4) == 3)
    with pytest.raises(ValueError, match="but 2 jets have none"):
        trainer(tmp_path, 1).test(tagger, Once(batch), verbose=False)


def test_a_training_that_diverges_says_so_before_it_is_saved_or_scored(tmp_path: Path) -> None:
    class Diverging(Dropping):
        def forward(self, *args: Any, **kwargs: Any) -> torch.Tensor:
            return super().forward(*args, **kwargs) * (torch.nan if len(self.seen) > 60 else 1.0)

    tagger = JetTagging(Diverging())
    save = L.pytorch.callbacks.ModelCheckpoint(tmp_path, every_n_train_steps=100, save_top_k=-1)
    loop = trainer(tmp_path, 1, limit_train_batches=120, callbacks=[save])
    with pytest.raises(TrainingDiverged, match="diverged: the loss of step 99 is nan"):
        loop.fit(tagger, Once(toy_batch(), 120))
    assert not list(tmp_path.glob("*.ckpt"))
    with pytest.raises(TrainingDiverged, match="4 of 4 jets no finite score"):
        trainer(tmp_path, 1).test(tagger, Once(toy_batch()), verbose=False)


def test_settings_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'sgd'"):
        JetTagging(Dropping(), optimizer="sgd")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_epochs or max_steps"):
        trainer(tmp_path, -1, limit_val_batches=0).fit(JetTagging(Dropping()), Once(toy_batch()))


def test_a_training_starts_from_a_tagger_unless_it_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    first = system(1)
    arguments = {"in_channels": 0, "hidden_channels": 8, "out_channels": 2, "num_layers": 2, "readout": "mean"}
    file = save_tagger(
        tmp_path / "first.safetensors", first.net, "LieGNN", {**arguments, "metric": minkowski()},
        classes=("QCD", "Tbqq"),
    )  # fmt: skip
    further = JetTagging(system(2).net, start=str(file))
    batch = toy_batch()
    assert not torch.allclose(further(batch), first(batch))
    once = {"limit_val_batches": 0, "limit_train_batches": 2}
    rate = {"lr": 0.0, "weight_decay": 0.0}
    further = JetTagging(system(2).net, **rate, start=str(file))
    trainer(tmp_path / "a", 1, **once).fit(further, Once(batch, 2))
    torch.testing.assert_close(further(batch), first(batch), rtol=0, atol=0)

    third = system(3)
    other = JetTagging(third.net, **rate)
    trainer(tmp_path / "b", 1, **once).fit(other, Once(batch, 2))
    expected = other(batch)
    resumed = JetTagging(system(4).net, **rate, start=str(tmp_path / "gone.safetensors"))
    trainer(tmp_path / "c", 2, **once).fit(resumed, Once(batch, 2), ckpt_path=str(tmp_path / "b" / "last.ckpt"))
    torch.testing.assert_close(resumed(batch), expected, rtol=0, atol=0)
    trained = JetTagging(system(5).net, start=str(file))
    trainer(tmp_path / "d", 1, **once).fit(trained, Once(batch, 2))
    assert not torch.allclose(trained(batch), first(batch))


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (
            lambda: LieGNN(0, 8, 2, 3, metric=minkowski(), readout="mean"),
            "its weights are none to begin the network with: it has no convs",
        ),
        (lambda: build_tagger("particlenet"), "its weights are none to begin the network with: it has no convs"),
        (lambda: build_tagger("liegnn-fast", edge_channels=16, metric=torch.eye(4)), "another J than the network"),
        (lambda: build_tagger("liegnn-fast", edge_channels=8, fractions=["jet"]), "cannot hold that of"),
    ],
)
def test_what_a_training_cannot_start_from_is_refused(net: Any, words: str) -> None:
    network = net()
    before = [value.clone() for value in network.parameters()]
    with pytest.raises(ValueError, match=f"a training cannot start from top-invariant: .*{words}"):
        start_from(network, "top-invariant")
    assert all(torch.equal(value, old) for value, old in zip(network.parameters(), before, strict=True))
    with pytest.raises(FileNotFoundError, match="there is no tagger 'tpo'"):
        start_from(network, "tpo")
