from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import uproot

import pyg_liesym
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jet_batch import jet_batch
from pyg_liesym.metrics.areas import auc
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.pretrained import load_tagger, save_tagger

CLASSES = ("QCD", "H → bb")
COUNTS = [3, 1, 0, 500, 2, 7, 4]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    arguments = {"name": "liegnn-fast", "hidden_channels": 8}
    torch.manual_seed(0)
    net = build_tagger(**arguments)
    return save_tagger(tmp_path / "model.safetensors", net, "build_tagger", arguments, classes=CLASSES)


def jets(bad: bool = False) -> JetArrays:
    rng = np.random.default_rng(0)
    rows = sum(COUNTS)
    momentum = rng.normal(size=(rows, 3)) * 10
    momentum = momentum[np.argsort(-np.hypot(momentum[:, 0], momentum[:, 1]))]
    p4 = np.concatenate([np.linalg.norm(momentum, axis=1, keepdims=True), momentum], 1).astype(np.float32)
    p4[-1, 0] = np.nan if bad else p4[-1, 0]
    offsets = np.concatenate([[0], np.cumsum(COUNTS)])
    none = np.full(len(COUNTS), -1)
    return JetArrays(p4, np.zeros((rows, 2), np.float32), offsets, np.ones((len(COUNTS), 4), np.float32), none)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return save_jets(tmp_path / "in.root", jets(), JetSchema(labelled=False))


def scores_of(path: Path) -> dict[str, np.ndarray]:
    if path.suffix == ".root":
        return uproot.open(path)["scores"].arrays(library="np")
    if path.suffix == ".h5":
        with h5py.File(path) as content:
            return {name: content[name][:] for name in content}
    parquet = pytest.importorskip("pyarrow.parquet")
    return {name: column.to_numpy() for name, column in zip(*_columns(parquet.read_table(path)), strict=True)}


def _columns(table: object) -> tuple[list[str], list[object]]:
    return table.column_names, table.columns  # type: ignore[attr-defined]


@pytest.mark.parametrize("suffix", [".root", ".h5", ".parquet"])
def test_scores_lie_beside_the_jets(suffix: str, file: Path, model: Path, tmp_path: Path) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    out = tmp_path / f"scores{suffix}"
    main(["tag", str(file), str(out), "--model", str(model), "--chunk-size", "3", "--batch-size", "2"])
    found = scores_of(out)
    assert set(found) == {"score_QCD", "score_H___bb"}
    tagger, content = load_tagger(model), open_jet_file(file, JetSchema(labelled=False)).read()
    for number, count in enumerate(COUNTS):
        (expected,) = tagger(jet_batch(content.select(np.array([number])))).numpy()
        row = [found["score_QCD"][number], found["score_H___bb"][number]]
        assert found["score_QCD"].dtype == np.float32
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-6)
        assert np.isnan(row).all() == (count == 0)
        assert count == 0 or sum(row) == pytest.approx(1, abs=1e-5)
    assert len(np.unique(found["score_QCD"][[0, 1, 3, 4, 5, 6]])) == 6


@pytest.mark.parametrize("suffix", [".root", ".h5", ".parquet"])
def test_no_half_written_scores(suffix: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    bad = save_jets(tmp_path / "bad.root", jets(bad=True), JetSchema(labelled=False))
    before = set(tmp_path.iterdir())
    with pytest.raises(SystemExit, match="2"):
        main(["tag", str(bad), str(tmp_path / f"out{suffix}"), "--model", str(model), "--chunk-size", "2"])
    assert "part_energy has the value nan in jet 6" in capsys.readouterr().err
    assert set(tmp_path.iterdir()) == before


def test_wrong_turns(file: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = [str(file), str(tmp_path / "out.root"), "--model", str(model)]
    for words, message in (
        ([str(file), str(file), "--model", str(model)], "is among the files to read and would be written over"),
        ([str(file), str(tmp_path / "out.csv"), "--model", str(model)], "expected a file name that ends with .root"),
        ([str(file), str(tmp_path / "out.root"), "--model", "nothing"], "there is no tagger 'nothing'"),
        ([str(file), str(tmp_path / "out.root"), "--model", str(file)], "not a complete safetensors file"),
        ([str(tmp_path / "no.root"), str(tmp_path / "out.root"), "--model", str(model)], "no file matches"),
        ([*there, "--batch-size=-1"], "batch_size must be at least 1, got -1"),
        ([*there, "--device", "abacus"], "cannot compute on the device 'abacus', try cpu: "),
        ([*there, "--device", "cuda:99"], "cannot compute on the device 'cuda:99', try cpu: "),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["tag", *words])
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out.root").exists()


def test_the_packaged_tagger_works_right_after_installation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = Path(pyg_liesym.__file__).parent / "datasets" / "samples" / "jets.root"
    some = open_jet_file(sample).read(0, 300)
    file = save_jets(tmp_path / "in.root", some, JetSchema(labelled=False))
    main(["tag", str(file), str(tmp_path / "scores.root")])
    captured = capsys.readouterr()
    assert "300 jets scored" in captured.out
    assert "unlike those" not in captured.err
    found = scores_of(tmp_path / "scores.root")
    assert set(found) == {"score_QCD", "score_Tbqq"}
    np.testing.assert_allclose(found["score_QCD"] + found["score_Tbqq"], 1, atol=1e-5)
    assert (np.abs(found["score_Tbqq"] - 0.5) <= 0.5).all()
    # Far from chance, and the right way round: no measure of how good it is.
    assert auc(torch.from_numpy(found["score_Tbqq"]), torch.from_numpy(some.label)).value > 0.9


@pytest.mark.parametrize(
    ("scale", "kept", "message"),
    [
        (
            1000.0,
            200,
            r"pT 5\.5\d*e\+05 to 6\.\d*e\+05 GeV \(trained on 550 to 650\).*look like MeV; the tagger takes GeV",
        ),
        (0.5, 200, r"pT 275\.?\d* to 32\d\.?\d* GeV \(trained on 550 to 650\)"),
        (1.0, 2, r"constituents 2 to 2 \(trained on 3 to 153\)"),
    ],
)
def test_jets_unlike_those_of_the_training_get_a_warning(
    scale: float, kept: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = Path(pyg_liesym.__file__).parent / "datasets" / "samples" / "jets.root"
    some = open_jet_file(sample).read(0, 50).truncate(kept)
    odd = replace(some, p4=some.p4 * np.float32(scale))
    file = save_jets(tmp_path / "in.root", odd, JetSchema(labelled=False))
    main(["tag", str(file), str(tmp_path / "scores.root")])
    warning = capsys.readouterr().err
    assert re.search(r"liesym tag: 50 of 50 jets are unlike those that the tagger was trained on.*" + message, warning)
    assert ("MeV" in warning) == (scale == 1000.0)
    assert len(scores_of(tmp_path / "scores.root")["score_QCD"]) == 50


def test_export_to_onnx(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    out = tmp_path / "new" / "model.onnx"
    main(["export", str(model), str(out)])
    captured = capsys.readouterr()
    assert "logits of QCD, H → bb" in captured.out
    assert captured.err == ""
    assert out.stat().st_size > 1000
    assert list(out.parent.iterdir()) == [out]
    with pytest.raises(SystemExit, match="2"):
        main(["export", str(model), str(tmp_path / "model.root")])
    assert "ends with .onnx, got 'model.root'" in capsys.readouterr().err
