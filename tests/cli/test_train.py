from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pyg_liesym.cli.main import main
from pyg_liesym.cli.prediction_report import PREDICTIONS
from pyg_liesym.cli.settings import NAMES
from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.io.root_writer import write_jets
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.loader import PackedLoader
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry
from pyg_liesym.lie.algebra import LieAlgebra
from pyg_liesym.systems.checkpoint import find_tagger
from pyg_liesym.systems.pretrained import load_tagger

pytestmark = [
    # The logger that Lightning falls back to is as good as any.
    pytest.mark.filterwarnings("ignore:Starting from v1.9.0, `tensorboardX`"),
    # Scoring a checkpoint makes a new folder of logs, beside that of the training.
    pytest.mark.filterwarnings("ignore:The dirpath has changed"),
]

CONFIGS = Path(__file__).parents[2] / "pyg_liesym" / "cli" / "configs"
SAMPLE = Path(__file__).parents[2] / "pyg_liesym" / "datasets" / "samples" / "jets.root"
TINY = [
    "--trainer.accelerator=cpu",
    "--trainer.limit_train_batches=2",
    "--trainer.limit_val_batches=2",
    "--trainer.limit_test_batches=2",
    "--trainer.limit_predict_batches=1",
    "--trainer.num_sanity_val_steps=0",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
    "--trainer.max_epochs=1",
    "--trainer.log_every_n_steps=1",
]
ORBITS = ["--config", str(CONFIGS / "orbits.yaml"), *TINY, "--data.init_args.num_orbits=4"]
JETS = ["--config", str(CONFIGS / "jets.yaml"), *TINY, "--data.init_args.max_constituents=5"]


@pytest.fixture(autouse=True)
def _old_names_of_jsonargparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """LightningCLI still calls them."""
    monkeypatch.setenv("JSONARGPARSE_DEPRECATION_WARNINGS", "off")


def liesym(folder: Path, command: str, *words: str) -> None:
    main([command, *words, f"--trainer.default_root_dir={folder}"])


def checkpoints(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in folder.rglob("*.ckpt")}


def saved_metric(checkpoint: Path) -> torch.Tensor:
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)["state_dict"]
    return state["net.metric.J"][0]


@pytest.mark.parametrize(("words", "score"), [(ORBITS, "test_mse"), (JETS, "test_auc")], ids=["orbits", "jets"])
def test_fit_then_test(words: list[str], score: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    liesym(tmp_path, "fit", *words)
    assert set(checkpoints(tmp_path)) == {"best", "last"}
    assert list(tmp_path.rglob("config.yaml"))
    liesym(tmp_path, "test", *words, "--ckpt_path", str(checkpoints(tmp_path)["best"]))
    output = capsys.readouterr()
    (number,) = re.findall(rf"^{score} +(\S+)$", output.out, re.MULTILINE)
    assert len(number.lstrip("0.")) <= 6
    assert "Tip:" not in output.err
    left = {path.name for path in tmp_path.rglob("*.png")} | {path.name for path in tmp_path.rglob("*.safetensors")}
    pictures = {f"{name}.png" for name in ("roc", "scores", "calibration", "mass_sculpting", "robustness")}
    assert left == (pictures | {"test_scores.safetensors"} if words is JETS else set())


def test_the_packaged_tagger_is_trained_further(tmp_path: Path) -> None:
    words = ["--config", "tagger", *TINY, "--data.max_constituents=5", "--model.start=top"]
    liesym(tmp_path / "still", "fit", *words, "--model.lr=0", "--model.weight_decay=0", "--model.schedule=constant")
    jets = next(iter(PackedLoader(Jets(files=str(SAMPLE), max_constituents=5)[:40], batch_size=40)))
    packaged = load_tagger()
    still = find_tagger(str(checkpoints(tmp_path / "still")["last"]))
    torch.testing.assert_close(still(jets), packaged(jets))
    liesym(tmp_path / "on", "fit", *words)
    on = find_tagger(str(checkpoints(tmp_path / "on")["last"]))
    assert not torch.allclose(on(jets), packaged(jets))
    assert (on.classes, on.max_constituents) == (packaged.classes, 5)


def test_predictions_and_the_last_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        liesym(tmp_path, "predict", *JETS, "--ckpt_path", "last")
    assert "there is no checkpoint last*.ckpt below" in capsys.readouterr().err
    liesym(tmp_path, "fit", *JETS)
    last = checkpoints(tmp_path)["last"]
    stream = ["--data=StreamingJetData", "--data.max_constituents=5", "--data.batch_size=30"]
    words = [*JETS, *stream, f"--data.predict_files={SAMPLE}", "--trainer.limit_predict_batches=3"]
    liesym(tmp_path, "predict", *words, "--ckpt_path", "last")
    assert f"predict with {last}" in capsys.readouterr().out
    (file,) = tmp_path.rglob(PREDICTIONS)
    found = load_file(file)
    count = len(found["entry"])
    assert 80 < count <= 90
    assert found["entry"].tolist() == list(range(count))
    main(["tag", str(SAMPLE), str(tmp_path / "scores.h5"), "--model", str(last)])
    with h5py.File(tmp_path / "scores.h5") as content:
        scores = np.stack([content[f"score_{name}"][:count] for name in ("QCD", "Tbqq")], axis=1)
    np.testing.assert_allclose(found["predictions"], scores, rtol=1e-4, atol=1e-6)
    content = read_jets(SAMPLE, ("QCD", "Tbqq"))
    write_jets(tmp_path / "mev.root", replace(content, p4=content.p4 * np.float32(1000)), ("QCD", "Tbqq"))
    capsys.readouterr()
    main(["tag", str(tmp_path / "mev.root"), str(tmp_path / "scores.h5"), "--model", str(last)])
    assert "unlike those that the tagger was trained on" in (warning := capsys.readouterr().err)
    assert "look like MeV" in warning
    state = torch.load(last, weights_only=True)
    del state["jet_tagging_ranges"]
    torch.save(state, last)
    main(["tag", str(SAMPLE), str(tmp_path / "scores.h5"), "--model", str(last)])
    assert "does not say what the jets of its training were like" in capsys.readouterr().err


def test_forecasts_are_written(tmp_path: Path) -> None:
    liesym(tmp_path, "predict", *ORBITS, "--trainer.limit_predict_batches=2", "--data.init_args.batch_size=3")
    (file,) = tmp_path.rglob(PREDICTIONS)
    found = load_file(file)
    assert found["predictions"].shape == (24, 2)
    assert found["entry"].tolist() == [graph for graph in range(6) for _ in range(4)]


def test_files_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        liesym(tmp_path, "fit", *JETS, "--data.files", str(tmp_path / "*.root"))
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("liesym fit: ")
    assert "*.root" in error


def test_arrays_of_ones_own(tmp_path: Path) -> None:
    states = np.random.default_rng(0).normal(size=(600, 4, 2))
    for name in ("x", "y"):
        np.save(tmp_path / f"{name}.npy", states)
    config = ["--config", str(CONFIGS / "orbits.yaml"), *TINY]
    arrays = ["--data", "VectorData", "--data.x", str(tmp_path / "x.npy"), "--data.y", str(tmp_path / "y.npy")]
    liesym(tmp_path / "run", "fit", *config, *arrays)
    assert set(checkpoints(tmp_path / "run")) == {"best", "last"}


def test_a_metric_that_is_learned(tmp_path: Path) -> None:
    metric = ["--model.init_args.net.init_args.metric=learned", "--model.init_args.net.init_args.dim=2"]
    liesym(tmp_path, "fit", *ORBITS, *metric)
    state = torch.load(checkpoints(tmp_path)["best"], weights_only=True)["state_dict"]
    assert state["net.metric.weight"].shape == (2, 2)


def test_a_metric_that_was_discovered(tmp_path: Path) -> None:
    DiscoveredSymmetry.of(LieAlgebra.lorentz()).save(tmp_path / "found")
    name = "--model.init_args.net.init_args.metric"
    words = [f"{name}=pyg_liesym.discovery.load_metric", f"{name}.init_args.path={tmp_path / 'found'}"]
    liesym(tmp_path, "fit", *JETS, *words)
    metric = saved_metric(checkpoints(tmp_path)["best"]).double()
    assert LieAlgebra.lorentz().invariant_metric().cosine(metric) == pytest.approx(1.0)


def test_a_misspelt_option_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        liesym(tmp_path, "fit", *JETS, "--model.init_args.net.init_args.hiden_channels=3")
    assert "hiden_channels" in capsys.readouterr().err


@pytest.mark.parametrize(("words", "loss"), [(ORBITS, "val_mse"), (JETS, "val_loss")], ids=["orbits", "jets"])
def test_best_last_and_early_stopping_without_being_asked(
    words: list[str], loss: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def fit(self: Any, *args: Any, **kwargs: Any) -> None:
        seen.extend(self.callbacks)

    monkeypatch.setattr("lightning.Trainer.fit", fit)
    liesym(tmp_path, "fit", *words, "--trainer.callbacks=null")
    (stopping,) = (callback for callback in seen if type(callback).__name__ == "EarlyStopping")
    (checkpoint,) = (callback for callback in seen if type(callback).__name__ == "ModelCheckpoint")
    assert stopping.monitor == checkpoint.monitor == loss
    assert sum(type(callback).__name__ == "LastCheckpoint" for callback in seen) == 2
    seen.clear()
    stopping = "--trainer.callbacks={class_path: EarlyStopping, init_args: {monitor: other, patience: 3}}"
    liesym(tmp_path, "fit", *words, stopping, "--trainer.limit_val_batches=0")
    assert [callback.patience for callback in seen if type(callback).__name__ == "EarlyStopping"] == [3]


def test_transforms_and_optimiser_from_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("lightning.Trainer.fit", lambda self, model, **kwargs: seen.append(model))
    name = "--model.init_args"
    liesym(
        tmp_path, "fit", *JETS, f"{name}.transform=pyg_liesym.transforms.AddReferenceVectors",
        f"{name}.transform.init_args.references=[time]", f"{name}.augment=pyg_liesym.transforms.RandomBoost",
        f"{name}.augment.init_args.max_rapidity=0.5", f"{name}.optimizer=lion", f"{name}.classes=[QCD,top]",
    )  # fmt: skip
    (model,) = seen
    assert repr(model.transform) == "AddReferenceVectors(['time'])"
    assert repr(model.augment) == "RandomBoost(0.5, along_beams=False)"
    assert (model.optimizer, model.classes) == ("lion", ("QCD", "top"))


@pytest.mark.parametrize("begun", [False, True])
def test_jets_of_ten_classes(begun: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Journey: files of JetClass, a tagger of the classes that they name, its scores; also from the packaged one."""
    classes = [f"class{index}" for index in range(10)]
    jets = read_jets(SAMPLE, ("QCD", "Tbqq")).select(np.arange(300))
    file = write_jets(tmp_path / "ten.root", replace(jets, label=np.arange(300) % 10), classes)
    words, net = [f"--data.files={file}", "--trainer.callbacks=null"], "--model.init_args.net.init_args"
    if begun:
        words, many = ["--config=tagger", "--model.start=top", *TINY, *words], f"{net}.num_classes=10"
    else:
        words, many = [*JETS, *words], f"{net}.out_channels=10"
    with pytest.raises(SystemExit):
        liesym(tmp_path / "two", "fit", *words)
    said = capsys.readouterr().err
    assert re.search("jets of 10 classes, .*class0.*, and a network that tells 2 apart: build it with as many", said)
    assert "Traceback" not in said
    liesym(tmp_path, "fit", *words, many)
    assert "val_rejection_class9" in next(tmp_path.rglob("metrics.csv")).read_text()
    main(["tag", str(file), str(tmp_path / "scores.h5"), "--model", str(checkpoints(tmp_path)["best"])])
    with h5py.File(tmp_path / "scores.h5") as content:
        assert set(content) == {f"score_{name}" for name in classes}
        assert sum(content[name][:] for name in content) == pytest.approx(1, abs=1e-5)
    new = file.rename(tmp_path / "new.root")  # the files of the training are elsewhere now
    best = checkpoints(tmp_path)["best"]
    settings = [f"--config={best.parents[1] / 'config.yaml'}", f"--ckpt-path={best}"]
    given = "--data.predict_files" if begun else "--data.files"
    liesym(tmp_path / "predicted", "predict", *settings, f"{given}={new}")
    assert len(load_file(next((tmp_path / "predicted").rglob(PREDICTIONS)))["predictions"][0]) == 10


KILLER = """
import os, signal
from lightning import Callback

class At(Callback):
    \"\"\"Sends this process a signal in the middle of an epoch.\"\"\"

    def __init__(self, epoch: int, name: str = "SIGKILL") -> None:
        self.epoch, self.signal = epoch, signal.Signals[name]

    def on_train_batch_end(self, trainer, *args) -> None:
        if trainer.current_epoch == self.epoch:
            os.kill(os.getpid(), self.signal)
"""


@pytest.fixture
def run(tmp_path: Path, in_a_process: Callable[..., Any]) -> Callable[..., Any]:
    """``liesym`` in a process of its own, with the module ``killer`` at hand."""
    (tmp_path / "killer.py").write_text(KILLER)
    program, end = "from pyg_liesym.cli.main import main\nmain()\n", f"--trainer.default_root_dir={tmp_path / 'run'}"
    return lambda *words: in_a_process(program, *words, end)


def epochs_of(folder: Path) -> dict[str, int]:
    return {name: torch.load(path, weights_only=True)["epoch"] for name, path in checkpoints(folder).items()}


def test_a_killed_training_loses_an_epoch_at_most_and_keeps_one_best(tmp_path: Path, run: Callable[..., Any]) -> None:
    """With a rate of zero no epoch is better than the first, and yet the last is there."""
    words = ["fit", *JETS, "--trainer.max_epochs=6", "--model.init_args.lr=0", "--model.init_args.schedule=constant"]
    killed = run(*words, "--trainer.callbacks+=killer.At", "--trainer.callbacks.epoch=4")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert epochs_of(tmp_path) == {"best": 0, "last": 3}
    resumed = run(*words, "--ckpt_path", "last")
    assert resumed.returncode == 0, resumed.stderr
    assert "last.ckpt" in resumed.stdout
    assert epochs_of(tmp_path) == {"best": 0, "last": 5}
    assert len(list(tmp_path.rglob("*.ckpt"))) == 2


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_is_told_from_success(name: str, status: int, tmp_path: Path, run: Callable[..., Any]) -> None:
    at = ["--trainer.callbacks+=killer.At", "--trainer.callbacks.epoch=1", f"--trainer.callbacks.name={name}"]
    ended = run("fit", *JETS, "--trainer.max_epochs=3", *at)
    assert ended.returncode == status, ended.stderr
    assert epochs_of(tmp_path)["last"] == 0


def test_a_stream_told_to_end_keeps_its_place(tmp_path: Path, run: Callable[..., Any]) -> None:
    stream = ["--data=StreamingJetData", "--data.max_constituents=5", "--data.batch_size=30"]
    words = ["fit", *JETS, *stream, "--trainer.max_epochs=2"]
    at = ["--trainer.callbacks+=killer.At", "--trainer.callbacks.epoch=1", "--trainer.callbacks.name=SIGTERM"]
    assert run(*words, *at).returncode == 143
    state = torch.load(checkpoints(tmp_path)["last"], weights_only=True)
    assert (state["epoch"], state["global_step"]) == (1, 3)  # two steps an epoch, and one of the second
    assert run(*words, "--ckpt_path", "last").returncode == 0
    assert torch.load(checkpoints(tmp_path)["last"], weights_only=True)["global_step"] == 4


def test_the_best_of_a_moved_folder_stays(tmp_path: Path) -> None:
    still = ["--trainer.max_epochs=1", "--model.init_args.lr=0", "--model.init_args.schedule=constant"]
    liesym(tmp_path / "a", "fit", *JETS, *still)
    (tmp_path / "a").rename(tmp_path / "b")
    liesym(tmp_path / "b", "fit", *JETS, *still, "--trainer.max_epochs=2", "--ckpt_path", "last")
    assert epochs_of(tmp_path) == {"best": 0, "last": 1}


@pytest.mark.parametrize("words", [ORBITS, JETS], ids=["orbits", "jets"])
def test_processes_are_started_with_the_words_that_were_typed(words: list[str], tmp_path: Path) -> None:
    """Trainers start the program again, which has to be one that was started by words."""
    program = tmp_path / "liesym"
    program.write_text("from pyg_liesym.cli.main import main\nmain()\n")
    words = [*words, "--trainer.devices", "2", "--trainer.strategy=ddp", f"--trainer.default_root_dir={tmp_path}"]
    done = subprocess.run([sys.executable, str(program), "fit", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(checkpoints(tmp_path)) == {"best", "last"}


class Bomb:
    """Its pickle writes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
@pytest.mark.parametrize("name", ["last", "best", None])
def test_a_checkpoint_cannot_run_code(
    command: str, name: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{name or 'other'}.ckpt"
    torch.save({"state_dict": {}, "epoch": Bomb(tmp_path / "code was run")}, path)
    with pytest.raises(SystemExit, match="2"):
        liesym(tmp_path, command, *JETS, "--ckpt_path", name or str(path))
    assert f"{path} holds more than tensors and plain values" in capsys.readouterr().err
    assert not (tmp_path / "code was run").exists()


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/a.ckpt", "https://a.b/c.ckpt", "s3://a/b.ckpt", "registry:a"])
def test_a_checkpoint_is_a_local_file(address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        liesym(tmp_path, "test", *JETS, "--ckpt_path", address)
    assert "a checkpoint is read from a local file" in capsys.readouterr().err


def test_the_newest_whole_checkpoint_is_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    liesym(tmp_path, "fit", *JETS)
    last = checkpoints(tmp_path)["last"]
    newer = last.with_name("last-v1.ckpt")
    newer.write_bytes(last.read_bytes()[:-1000])
    liesym(tmp_path, "validate", *JETS, "--ckpt_path", "last")
    output = capsys.readouterr()
    assert f"{newer} is damaged and left aside" in output.err
    assert f"validate with {last}" in output.out
    for path in tmp_path.rglob("*.ckpt"):
        path.write_bytes(b"PK")
    with pytest.raises(SystemExit, match="2"):
        liesym(tmp_path, "fit", *JETS, "--ckpt_path", "last")
    assert "begin anew without" in capsys.readouterr().err


def test_settings_of_the_package_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    main(["init", "jets"])
    assert (tmp_path / "jets.yaml").read_bytes() == (CONFIGS / "jets.yaml").read_bytes()
    with pytest.raises(SystemExit, match="2"):  # never over a file that is there
        main(["init", "jets"])
    for number, config in enumerate([["--config", "jets"], ["--config=jets"], ["--config", "jets.yaml"]]):
        liesym(tmp_path / str(number), "fit", *config, *TINY, "--data.init_args.max_constituents=5")
        assert set(checkpoints(tmp_path / str(number))) == {"best", "last"}


def test_every_packaged_settings_has_a_name() -> None:
    assert {path.stem for path in CONFIGS.glob("*.yaml")} == set(NAMES)


def test_no_bars_in_a_pipe(tmp_path: Path, run: Callable[..., Any]) -> None:
    words = [word for word in JETS if "progress" not in word]
    done = run("fit", *words)
    assert done.returncode == 0, done.stderr
    assert "it/s" not in done.stdout + done.stderr
    assert "Epoch" not in done.stdout
