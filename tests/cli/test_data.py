from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import uproot

from pyg_liesym.cli.convert_file import Conversion, convert_file
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.root_writer import _type_of, branches_of
from pyg_liesym.datasets.io.schema import JetSchema

SCHEMA = JetSchema(("QCD", "Hbb", "Tbqq"), particle=("part_charge",), weight="weight")
JETCLASS2 = Path(__file__).parents[3] / "shared" / "data" / "jetclass2" / "JetClassII_example.root"


def jets(counts: list[int], seed: int = 0) -> JetArrays:
    rng = np.random.default_rng(seed)
    rows = sum(counts)
    momentum = rng.normal(size=(rows, 3)) * 10
    momentum = momentum[np.argsort(-np.hypot(momentum[:, 0], momentum[:, 1]))]
    energy = np.sqrt((momentum**2).sum(1, keepdims=True) + 1)
    return JetArrays(
        np.concatenate([energy, momentum], 1).astype(np.float32),
        rng.normal(size=(rows, 2)).astype(np.float32),
        np.concatenate([[0], np.cumsum(counts)]),
        rng.uniform(1, 2, (len(counts), 4)).astype(np.float32),
        np.arange(len(counts)) % 3,
        {"part_charge": rng.integers(-1, 2, rows).astype(np.float32)},
        rng.uniform(size=len(counts)).astype(np.float32),
    )


def shown(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What ``liesym data info`` has printed, by the words at the left."""
    lines = capsys.readouterr().out.splitlines()
    return {line[:26].strip(): line[26:] for line in lines if line.startswith("  ")}


@pytest.mark.parametrize("suffix", [".root", ".h5"])
@pytest.mark.parametrize("chunk_size", ["3", "5000"])
def test_info(suffix: str, chunk_size: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = jets([1, 4, 2, 7, 3])
    file = save_jets(tmp_path / f"five{suffix}", content, SCHEMA)
    main(["data", "info", str(file), "--chunk-size", chunk_size])
    rows = shown(capsys)
    assert rows["classes"] == "QCD 2, Hbb 2, Tbqq 1"
    assert rows["constituents per jet"] == "1 to 7, median 3"
    p4 = np.add.reduceat(content.p4.astype(np.float64), content.offsets[:-1])
    for name, value in {
        "pT (GeV)": np.hypot(p4[:, 1], p4[:, 2]),
        "η": np.arcsinh(p4[:, 3] / np.hypot(p4[:, 1], p4[:, 2])),
        "mass (GeV)": np.sqrt(p4[:, 0] ** 2 - (p4[:, 1:] ** 2).sum(1)),
    }.items():
        assert rows[name] == f"{value.min():.4g} to {value.max():.4g}"
    assert "part_charge" in rows["columns"]
    assert rows["NaN or infinite"] == rows["negative energies"] == "0"
    assert rows["space-like"].startswith("0 of 17 constituents")


def test_info_reports_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = jets([2, 2, 0, 3])
    content.p4[0, 1], content.p4[4] = np.nan, [5, 3, 4, 0]
    content.p4[2, 0] *= -1
    content.p4[5] = [np.inf, 1, 1, 1]
    content.p4[6] = [1, 3, 4, 0]
    file = save_jets(tmp_path / "bad.root", content, SCHEMA)
    main(["data", "info", str(file)])
    rows = shown(capsys)
    assert rows["NaN or infinite"] == "2"
    assert rows["negative energies"] == "1"
    assert rows["space-like"] == "1 of 7 constituents, 1 of them beyond the rounding of float32"
    assert rows["constituents per jet"] == "0 to 3, median 2"
    with pytest.raises(ValueError, match=r"bad\.root.*part_energy has the value -[0-9.]+ in jet 1"):
        open_jet_file(file, SCHEMA).read()


def test_info_counts_jets_without_a_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    branches = branches_of(jets([1, 1, 1, 1]), SCHEMA, plane=False)
    branches["label_QCD"] = np.array([True, True, False, False])
    with uproot.recreate(tmp_path / "twice.root") as file:
        tree = file.mktree("tree", {name: _type_of(branch) for name, branch in branches.items()})
        tree.extend(branches)
    main(["data", "info", str(tmp_path / "twice.root")])
    rows = shown(capsys)
    assert rows["classes"] == "QCD 1, Tbqq 1"
    assert rows["without a class"] == "2"


def test_info_of_a_truncated_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix in (".root", ".h5"):
        file = save_jets(tmp_path / f"whole{suffix}", jets([5] * 50), SCHEMA)
        content = file.read_bytes()
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(content[: len(content) // 2])
        with pytest.raises(SystemExit, match="2"):
            main(["data", "info", str(cut)])
        error = capsys.readouterr().err
        assert error.startswith(f"liesym data: {cut}")
        assert error.count("\n") == 1


@pytest.mark.skipif(not JETCLASS2.exists(), reason="the file of JetClass-II is not here")
def test_info_of_jetclass_2(capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "info", str(JETCLASS2)])
    rows = shown(capsys)
    counts = dict(entry.split() for entry in rows["classes"].split(", "))
    chosen = [counts[name] for name in ("QCD_light", "X_YY_csq", "X_bb")]
    assert (*chosen, sum(map(int, counts.values()))) == ("11", "6", "1", 100)
    assert rows["constituents per jet"] == "2 to 82, median 44"
    assert "part_d0val" in rows["columns"]


@pytest.mark.parametrize("suffixes", [(".root", ".h5"), (".h5", ".root")])
def test_convert_there_and_back(suffixes: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = jets([1, 4, 2, 7, 3], 0), jets([2, 600, 1], 1)
    files = [save_jets(tmp_path / f"{n}{suffixes[0]}", part, SCHEMA) for n, part in enumerate((first, second))]
    out = tmp_path / f"out{suffixes[1]}"
    main(["data", "convert", *map(str, files), str(out), "--chunk-size", "2"])
    assert capsys.readouterr().out == f"8 jets of 2 files in {out}\n"
    found = open_jet_file(out, SCHEMA).read()
    for key in ("p4", "plane", "axis", "label", "weight"):
        np.testing.assert_array_equal(getattr(found, key), np.concatenate([getattr(first, key), getattr(second, key)]))
    np.testing.assert_array_equal(found.counts, [1, 4, 2, 7, 3, 2, 600, 1])
    both = [part.particle["part_charge"] for part in (first, second)]
    np.testing.assert_array_equal(found.particle["part_charge"], np.concatenate(both))


def test_convert_leaves_no_half_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = jets([2, 2, 2])
    bad.p4[5, 0] = np.nan
    file = save_jets(tmp_path / "bad.root", bad, SCHEMA)
    with pytest.raises(SystemExit, match="2"):
        main(["data", "convert", str(file), str(tmp_path / "out.h5"), "--chunk-size", "1"])
    assert "part_energy has the value nan in jet 2" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["bad.root"]
    with pytest.raises(SystemExit, match="2"):
        main(["data", "convert", str(file), str(file)])
    assert "is among the files to read" in capsys.readouterr().err


def test_unlike_files_are_not_joined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labelled = save_jets(tmp_path / "a.root", jets([1, 2]), SCHEMA)
    without = save_jets(tmp_path / "b.root", jets([1, 2]), JetSchema(labelled=False))
    with pytest.raises(SystemExit, match="2"):
        main(["data", "convert", str(labelled), str(without), str(tmp_path / "c.root")])
    assert "files with different labels" in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", *words])
    assert "usage: liesym data COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["info", "convert"])
def test_help_of_a_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["data", command, "--help"])
    assert f"usage: liesym data {command}" in capsys.readouterr().out


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["data", "inof"])
    assert capsys.readouterr().err == "liesym data: there is no 'inof'; choose info, convert or compare\n"


def bare(path: Path) -> Path:
    """A file in LorentzNet's layout that says no more of its classes than `is_signal`."""
    content = jets([3, 1, 2, 2])
    save_jets(path, replace(content, label=content.label % 2), JetSchema(("q", "g")))
    with h5py.File(path, "a") as file:
        del file.attrs["classes"]
        assert "is_signal" in file
    return path


def test_classes_without_names_get_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = bare(tmp_path / "bare.h5")
    main(["data", "info", str(file)])
    label = jets([3, 1, 2, 2]).label % 2
    expected = ", ".join(f"{kind}: {(label == kind).sum()}" for kind in (0, 1) if (label == kind).any())
    assert shown(capsys)["classes"] == f"{expected} (the file has no names for them)"
    main(["data", "convert", str(file), str(tmp_path / "numbers.root")])
    assert open_jet_file(tmp_path / "numbers.root", JetSchema(("0", "1"))).read().label.tolist() == label.tolist()
    main(["data", "convert", str(file), str(tmp_path / "names.root"), "--classes", "[quark, gluon]"])
    named = open_jet_file(tmp_path / "names.root", JetSchema(("quark", "gluon"))).read()
    assert named.label.tolist() == label.tolist()
    for words, message in (
        (
            ["convert", str(file), str(tmp_path / "x.root"), "--classes", "[a]"],
            "have the classes 0, 1, got names for 1",
        ),
        (["compare", str(file)], r"they have 0, 1: name them by `liesym data convert --classes"),
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit, match="2"):
            main(["data", *words])
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["root", "h5"])
@pytest.mark.parametrize("crew", [[], ["--dask", "local", "--num-workers", "2"]])
def test_convert_to_a_folder(
    suffix: str, crew: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest
) -> None:
    if crew and suffix == "h5":
        pytest.skip("once is enough where processes are started")
    if "--dask" in crew:
        request.getfixturevalue("copied_workers")
    content = {name: jets([3, 1, 2 + number], number) for number, name in enumerate(("a", "b", "c"))}
    for name, own in content.items():
        save_jets(tmp_path / "in" / name / "jets.h5", own, SCHEMA)
    (tmp_path / "in" / "d.h5").write_text("junk")
    out = tmp_path / "out"
    words = ["data", "convert", str(tmp_path / "in" / "**" / "*.h5"), str(out), "--suffix", suffix, *crew]
    with pytest.raises(SystemExit, match="1"):
        main(words)
    captured = capsys.readouterr()
    assert captured.out == f"4 files, 9 jets converted, 0 skipped, 1 failed\nin {out}\n"
    assert f"{tmp_path / 'in' / 'd.h5'} is no file of jets" in captured.err
    (tmp_path / "in" / "d.h5").unlink()
    made = sorted(path for path in out.rglob("*") if path.is_file())
    assert made == [out / name / f"jets.{suffix}" for name in content]
    for path, own in zip(made, content.values(), strict=True):
        back = open_jet_file(path, SCHEMA).read()
        np.testing.assert_array_equal(back.p4, own.p4)
        np.testing.assert_array_equal(back.label, own.label)
    if crew:
        return
    made[0].write_bytes(made[0].read_bytes()[:-9])
    main(words)
    assert capsys.readouterr().out.startswith("3 files, 3 jets converted, 2 skipped, 0 failed\n")
    main([*words, "--plane=false"])
    assert capsys.readouterr().out.startswith("3 files, 9 jets converted, 0 skipped, 0 failed\n")


def test_a_link_to_nowhere_stops_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_jets(tmp_path / "in" / "a.h5", jets([3, 1]), SCHEMA)
    (tmp_path / "in" / "b.h5").symlink_to(tmp_path / "gone.h5")
    with pytest.raises(SystemExit, match="1"):
        main(["data", "convert", str(tmp_path / "in" / "*.h5"), str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert captured.out.startswith("2 files, 2 jets converted, 0 skipped, 1 failed\n")
    assert f"No such file or directory: '{tmp_path / 'in' / 'b.h5'}'" in captured.err


def test_a_file_that_changes_while_it_is_read_is_not_converted(tmp_path: Path) -> None:
    path, out = save_jets(tmp_path / "a.h5", jets([3, 1]), SCHEMA), tmp_path / "out" / "a.root"
    other = save_jets(tmp_path / "b.h5", jets([3, 1], 1), SCHEMA)
    conversion = Conversion(SCHEMA, SCHEMA, True, 2, "run")
    with pytest.raises(ValueError, match=r"a\.h5 has changed while it was read"):
        convert_file(path, out, conversion=conversion, report=lambda _: other.replace(path))
    assert list(out.parent.iterdir()) == []
    assert convert_file(path, out, conversion=conversion, report=lambda _: None).num_jets == 2


def test_one_file_has_one_process(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = save_jets(tmp_path / "a.h5", jets([1]), SCHEMA)
    with pytest.raises(SystemExit, match="2"):
        main(["data", "convert", str(file), str(tmp_path / "b.root"), "--num-workers", "2"])
    assert "dask and num_workers fill a folder, a file each" in capsys.readouterr().err
