from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.cli.compare import compare
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import save_jets
from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.io.root_writer import write_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.metrics.jet_statistics import STATISTICS

SHARED = Path(__file__).parents[3] / "shared" / "data" / "top_tagging_reference_statistics.json"
PACKAGED = Path(__file__).parents[2] / "pyg_liesym" / "datasets" / "samples" / "top_tagging_statistics.json"


def jets_file(path: Path, num_jets: int = 60, scale: float = 1.0, classes: tuple[str, ...] = ("QCD", "Tbqq")) -> Path:
    rng = np.random.default_rng(0)
    counts = rng.integers(3, 20, num_jets)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    momentum = scale * (rng.normal(size=(offsets[-1], 3)) + np.array([5, 0, 0]))
    p4 = np.concatenate([np.linalg.norm(momentum, axis=1, keepdims=True), momentum], axis=1).astype(np.float32)
    label = np.arange(num_jets) % len(classes)
    jets = JetArrays(p4, np.zeros((len(p4), 2), np.float32), offsets, np.ones((num_jets, 4), np.float32), label)
    return write_jets(path, jets, classes, plane=False)


def test_a_sample_agrees_with_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(jets_file(tmp_path / "a.root"))
    main(["data", "compare", file, "--against", file, "--out", str(tmp_path / "out")])
    text = capsys.readouterr().out
    assert "30 QCD, 30 Tbqq jets against the other files" in text
    assert "0 of 42 points outside" in text
    content = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert (content["outside"], content["judged"], len(content["points"])) == (0, 42, 2 * 7 * 9)
    assert (tmp_path / "out" / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["comparison.json", "comparison.png"]


def test_other_jets_are_outside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(jets_file(tmp_path / "a.root")), str(jets_file(tmp_path / "b.root", scale=3.0))]
    compare(files[:1], against=files[1], out=tmp_path)
    points = json.loads((tmp_path / "comparison.json").read_text())["points"]
    outside = {point["quantity"] for point in points if point["judged"] and not point["inside"]}
    assert outside == {"jet_mass_GeV", "constituent_pt_GeV"}
    assert "jet_mass_GeV                            50" in capsys.readouterr().out


def test_a_reference_of_ones_own(tmp_path: Path) -> None:
    file = str(jets_file(tmp_path / "a.root"))
    compare([file], against=file, out=tmp_path)
    points = json.loads((tmp_path / "comparison.json").read_text())["points"]
    content: dict[str, object] = {"percentiles": [16, 50, 84]}
    for kind in ("qcd", "top"):
        judged = [point for point in points if point["kind"] == kind and point["judged"]]
        content[kind] = {"jets": 40} | {
            name: [point["value"] for point in judged if point["quantity"] == name] for name in STATISTICS
        }
    reference = tmp_path / "mine.json"
    reference.write_text(json.dumps(content))
    compare([file], reference, out=tmp_path / "out")
    found = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert (found["reference"], found["outside"], found["judged"]) == ("mine.json", 0, 42)
    assert len(found["points"]) == 42


def test_the_packaged_sample_agrees_with_the_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(out=tmp_path)
    assert "2000 QCD, 2000 Tbqq jets against the reference dataset" in capsys.readouterr().out
    assert json.loads((tmp_path / "comparison.json").read_text())["outside"] <= 2


@pytest.mark.skipif(not SHARED.exists(), reason="the reference's statistics are not here")
def test_the_packaged_percentiles_are_the_references() -> None:
    packaged, shared = json.loads(PACKAGED.read_text()), json.loads(SHARED.read_text())
    assert packaged["percentiles"] == shared["percentiles"]
    for kind in ("qcd", "top"):
        assert packaged[kind] == {name: shared[kind][name] for name in (*STATISTICS, "jets")}


def test_wrong_use(tmp_path: Path) -> None:
    file = str(jets_file(tmp_path / "a.root"))
    with pytest.raises(ValueError, match="not both"):
        compare([file], tmp_path / "r.json", against=file)
    (tmp_path / "r.json").write_text('{"qcd": {}}')
    with pytest.raises(ValueError, match=r"lacks \['percentiles', 'top'\]"):
        compare([file], tmp_path / "r.json", out=tmp_path)
    other = str(jets_file(tmp_path / "c.root", classes=("QCD", "Hbb")))
    with pytest.raises(ValueError, match="labels of the classes QCD and Tbqq"):
        compare([other], out=tmp_path)
    plain = save_jets(tmp_path / "d.root", read_jets(file, ("QCD", "Tbqq")), JetSchema(labelled=False))
    with pytest.raises(ValueError, match="labels of the classes QCD and Tbqq, they have none"):
        compare([str(plain)], out=tmp_path)
    assert not list(tmp_path.glob("*.png"))


def test_a_part_of_sorted_files_has_both_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jets = read_jets(jets_file(tmp_path / "mixed.root", 400), ("QCD", "Tbqq"))
    files = []
    for index, name in enumerate(("a", "b")):
        part = jets.select(np.flatnonzero(jets.label == index))
        files.append(str(write_jets(tmp_path / f"{name}.root", part, ("QCD", "Tbqq"))))
    compare(files, against=str(tmp_path / "mixed.root"), out=tmp_path / "out", max_jets=100)
    counts = capsys.readouterr().out.split(" jets against")[0].replace(",", "").split()
    assert int(counts[0]) + int(counts[2]) == 100
    assert min(int(counts[0]), int(counts[2])) > 25
    with pytest.raises(ValueError, match="max_jets must be at least 1, got 0"):
        compare(files, out=tmp_path, max_jets=0)
