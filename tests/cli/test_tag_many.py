"""``liesym tag`` of many files: every jet has its scores once, in order, whatever becomes of processes and files."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import pyg_liesym
from pyg_liesym.cli.main import main
from pyg_liesym.cli.tag_file import Request, tag_file
from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.score_writer import read_scores
from pyg_liesym.datasets.jets.jet_batch import jet_batch
from pyg_liesym.nn.models.taggers import build_tagger
from pyg_liesym.systems.pretrained import load_tagger, save_tagger

SAMPLE = Path(pyg_liesym.__file__).parent / "datasets" / "samples" / "jets.root"
FILES, JETS = 8, 40


def tagger(path: Path, seed: int) -> Path:
    arguments = {"name": "liegnn-fast", "hidden_channels": 8}
    torch.manual_seed(seed)
    return save_tagger(path, build_tagger(**arguments), "build_tagger", arguments, classes=("QCD", "Tbqq"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tagger(tmp_path_factory.mktemp("model") / "model.safetensors", 0)


@pytest.fixture(scope="module")
def expected(model: Path) -> list[np.ndarray]:
    """The scores of every file, by a loop over jets of the same network."""
    net, source = load_tagger(model), open_jet_file(SAMPLE)
    reads = (source.read(JETS * number, JETS * number + JETS) for number in range(FILES))
    return [net(jet_batch(jets)).numpy() for jets in reads]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, source = tmp_path_factory.mktemp("jets"), open_jet_file(SAMPLE)
    for number in range(FILES):
        jets = source.read(JETS * number, JETS * number + JETS)
        save_jets(folder / f"{number}.root", jets, JetSchema(labelled=False))
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path / "in")
    return tmp_path


def check(out: Path, expected: list[np.ndarray], suffix: str = ".root", failed: tuple[int, ...] = ()) -> None:
    """Every file has all its scores, in the order of its jets, and nothing else lies there."""
    assert sorted(out.iterdir()) == [out / f"{n}{suffix}" for n in range(len(expected)) if n not in failed]
    for number, scores in enumerate(expected):
        if number not in failed:
            columns, note = read_scores(out / f"{number}{suffix}")
            found = np.stack([columns["score_QCD"], columns["score_Tbqq"]], 1)
            np.testing.assert_allclose(found, scores, rtol=1e-4, atol=1e-5)
            assert note["jets"] == JETS
            assert note["file"] == f"{number}.root"
    wrong = np.abs(expected[0] - expected[1]).max()
    assert wrong > 1e-3, "files in another order would pass"


@pytest.mark.parametrize("suffix", ["root", "h5", "parquet"])
def test_what_is_done_is_skipped_and_what_is_not_is_done(
    suffix: str, folder: Path, model: Path, expected: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    out = folder / "out"
    words = ["tag", str(folder / "in" / "*.root"), str(out), "--model", str(model), "--suffix", suffix]
    (folder / "in" / "8.root").write_text("junk")
    with pytest.raises(SystemExit, match="1"):
        main(words)
    captured = capsys.readouterr()
    assert captured.out == f"9 files, {FILES * JETS} jets scored, 0 skipped, 1 failed\nQCD, Tbqq in {out}\n"
    assert f"{folder / 'in' / '8.root'} is no file of jets: expected ROOT" in captured.err
    assert "the same command again does what is missing" in captured.err
    assert "(8 of 8 files)" in captured.err, "this tagger does not know the jets of its training"
    check(out, expected, f".{suffix}")
    (folder / "in" / "8.root").unlink()

    def again(*more: str) -> str:
        main([*words, *more])
        check(out, expected, f".{suffix}")
        return capsys.readouterr().out.partition("\n")[0]

    assert again() == f"8 files, 0 jets scored, {FILES} skipped, 0 failed"
    path = out / f"3.{suffix}"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    (out / f"4.{suffix}").unlink()
    os.utime(folder / "in" / "5.root")  # touched, of the same content
    assert again() == f"8 files, {2 * JETS} jets scored, 6 skipped, 0 failed"
    swap = folder / "swap"
    for old, new in (("6", swap), ("7", folder / "in" / "6.root"), (swap, folder / "in" / "7.root")):
        (folder / "in" / f"{old}.root" if isinstance(old, str) else old).rename(new)
    expected = [*expected[:6], expected[7], expected[6]]
    assert again() == f"8 files, {2 * JETS} jets scored, 6 skipped, 0 failed", "other jets of one size"


def test_another_tagger_scores_again(folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["tag", str(folder / "in"), str(folder / "out"), "--model", str(model)]
    words[1:2] = [str(folder / "in" / f"{n}.root") for n in range(2)]
    main(words)
    before = read_scores(folder / "out" / "0.root")[0]["score_QCD"]
    tagger(model.with_name("other.safetensors"), 1)
    words[-1] = str(model.with_name("other.safetensors"))
    capsys.readouterr()
    main(words)
    assert capsys.readouterr().out.startswith("2 files, 80 jets scored, 0 skipped, 0 failed\n")
    assert np.abs(read_scores(folder / "out" / "0.root")[0]["score_QCD"] - before).max() > 1e-3


@pytest.mark.parametrize("same", [False, True], ids=["replaced", "touched"])
def test_a_file_that_changes_while_it_is_read_has_no_scores(folder: Path, model: Path, same: bool) -> None:
    path, out, new = folder / "in" / "0.root", folder / "out" / "0.root", folder / "new.root"
    fingerprint = load_tagger(model).fingerprint()
    request = Request(str(model), fingerprint, None, None, "cpu", 64, JETS // 2, True, "run", False)

    def change(jets: int) -> None:
        shutil.copy(path if same else folder / "in" / "1.root", new)
        new.replace(path)

    if same:
        assert tag_file(path, out, request=request, report=change).num_jets == JETS
    else:
        with pytest.raises(ValueError, match=r"0\.root has changed while it was read: nothing was written"):
            tag_file(path, out, request=request, report=change)
    assert list(out.parent.iterdir()) == [out] * same


def test_wrong_turns(folder: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "in" / "0.h5").write_text("")
    both, one = str(folder / "in" / "0.*"), str(folder / "in" / "?.root")
    for words, message in (
        ([one, str(folder / "out.root")], "8 files are written to a folder, a file each; "),
        ([both, str(folder / "out")], "would both be written to"),
        ([one, str(folder / "in")], "is among the files to read and would be written over"),
        ([one, str(folder / "out"), "--num-workers", "0"], "num_workers must be at least 1, got 0"),
        ([one, str(folder / "out"), "--dask", "/no/file.json"], "there is no file /no/file.json"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["tag", *words, "--model", str(model)])
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert not (folder / "out").exists()


def workers() -> list[int]:
    """The processes of this one that Python has spawned and that compute: not the tracker of their resources."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            words = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if parent == os.getpid() and b"spawn_main" in words:
            found.append(int(stat.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_one_worker_killed(
    folder: Path, model: Path, expected: list[np.ndarray], capsys: pytest.CaptureFixture[str]
) -> None:
    """With workers as users have them, started afresh; other tests' are copies of one process."""
    pytest.importorskip("distributed")
    import dask

    out, killed = folder / "out", []

    def kill() -> None:
        latest = time.monotonic() + 120
        while time.monotonic() < latest and not killed:
            if list(out.glob("*.root")):  # somebody is at work
                killed.append(max(workers()))
                os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.002)

    killer = threading.Thread(target=kill)
    killer.start()
    words = ["tag", str(folder / "in" / "*.root"), str(out), "--model", str(model), "--batch-size", "4"]
    with dask.config.set({"distributed.worker.multiprocessing-method": "spawn"}):
        main([*words, "--dask", "local", "--num-workers", "2"])
    killer.join()
    assert killed
    assert capsys.readouterr().out.startswith(f"8 files, {FILES * JETS} jets scored, 0 skipped, 0 failed\n")
    check(out, expected)
