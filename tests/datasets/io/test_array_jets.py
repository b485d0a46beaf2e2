"""Jets in arrays ``[J, N, 4]``, in memory and in NumPy files."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from pyg_liesym.cli.main import main
from pyg_liesym.datasets.io.array_jets import jets_of_arrays
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import find_schema, open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jets import Jets

MakeJets = Callable[..., JetArrays]


def padded(jets: JetArrays, values: np.ndarray, slots: int) -> np.ndarray:
    """[N, …] to [J, slots, …], zeros behind."""
    out = np.zeros((len(jets), slots, *values.shape[1:]), values.dtype)
    out[np.arange(slots) < jets.counts[:, None]] = values
    return out


def assert_same(found: JetArrays, jets: JetArrays, *, labelled: bool = True) -> None:
    np.testing.assert_array_equal(found.p4, jets.p4)
    np.testing.assert_array_equal(found.offsets, jets.offsets)
    np.testing.assert_allclose(found.axis, jets.axis, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.plane, jets.plane, atol=1e-5)
    np.testing.assert_array_equal(found.label, jets.label if labelled else np.full(len(jets), -1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f4", ">f8", np.longdouble])
@pytest.mark.parametrize("compressed", [False, True])
def test_files_in_ranges(dtype: object, compressed: bool, tmp_path: Path, make_jets: MakeJets) -> None:
    jets = make_jets(30)
    p4 = padded(jets, jets.p4, 40).astype(dtype)
    np.save(tmp_path / "a.npy", p4)
    save = np.savez_compressed if compressed else np.savez
    save(tmp_path / "a.npz", p4=p4, label=jets.label, counts=jets.counts)
    for name, labelled in (("a.npy", False), ("a.npz", True)):
        file = open_jet_file(tmp_path / name, JetSchema(labelled=labelled))
        assert file.num_jets == 30
        assert_same(file.read(), jets, labelled=labelled)
        for start, stop in ((3, 9), (0, 2), (29, 30), (5, 5)):
            part = pickle.loads(pickle.dumps(file)).read(start, stop)
            assert_same(part, jets.select(np.arange(start, stop)), labelled=labelled)
            assert_same(file.read(start, stop), jets.select(np.arange(start, stop)), labelled=labelled)


def test_what_a_file_has_is_found(tmp_path: Path, make_jets: MakeJets) -> None:
    jets = make_jets(6)
    p4 = padded(jets, jets.p4, 30)
    np.save(tmp_path / "a.npy", p4)
    assert find_schema(tmp_path / "a.npy") == ("NumPy (p4)", JetSchema(("unknown",), labelled=False))
    charge = np.ones(p4.shape[:2])
    np.savez(
        tmp_path / "a.npz", p4=p4, label=np.array([5, 5, 2, 2, 2, 5]), charge=charge, mask=p4[..., 0] > 0,
        weight=np.arange(6.0), notes=np.array(["by hand"]), jet_pt=np.ones(6),
    )  # fmt: skip
    schema = find_schema(tmp_path / "a.npz")[1]
    assert schema == JetSchema(("2", "5"), {2: "2", 5: "5"}, particle=("charge",), weight="weight")
    read = open_jet_file(tmp_path / "a.npz", schema).read()
    assert read.label.tolist() == [1, 1, 0, 0, 0, 1]
    assert read.particle["charge"].tolist() == [1.0] * len(jets.p4)
    assert read.weight is not None
    assert read.weight.tolist() == [0, 1, 2, 3, 4, 5]


def test_counts_and_mask_say_what_is_a_constituent(make_jets: MakeJets) -> None:
    jets = make_jets(12)
    clean = padded(jets, jets.p4, 35)
    rows = np.arange(35) < jets.counts[:, None]
    dirty = np.where(rows[..., None], clean, 7.0)
    for said in ({"counts": jets.counts}, {"mask": rows}, {"counts": jets.counts, "mask": rows.astype(float)}):
        assert_same(jets_of_arrays(dirty, jets.label, **said), jets)
    assert_same(jets_of_arrays(clean, jets.label), jets)
    assert len(jets_of_arrays(dirty).p4) == 12 * 35
    holes = rows & (np.arange(35) % 2 == 0)
    assert jets_of_arrays(clean, mask=holes).counts.tolist() == holes.sum(1).tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"p4": np.ones((3, 4))}, r"expected p4 \[jets, constituents, 4\], got \[3, 4\]"),
        ({"p4": np.ones((3, 5, 4), complex)}, "got .* of complex128"),
        ({"label": [0, 1]}, r"expected label \[3\] beside p4 \[3, 5, 4\], got \(2,\)"),
        ({"label": [0, 0.5, 1]}, "expected whole numbers as labels"),
        ({"counts": [1, 2, 6]}, "expected 0 <= counts <= 5, got 6 in jet 2"),
        ({"counts": [1, -2, 5]}, "got -2 in jet 1"),
        ({"counts": [5, 5, 4], "mask": np.ones((3, 5))}, "counts and mask differ in jet 2"),
        ({"p4": np.zeros((3, 5, 4)), "counts": [0, 2, 0]}, "a constituent of jet 1 has four zeros"),
        ({"p4": np.where(np.arange(60).reshape(3, 5, 4) == 21, np.nan, 1.0)}, "px of p4 has the value nan in jet 1"),
        ({"p4": np.full((3, 5, 4), -1.0)}, "E of p4 has the value -1.0 in jet 0, 15 bad in all"),
        ({"p4": np.full((3, 5, 4), 1e39)}, r"E of p4 has the value 1e\+39 in jet 0"),
        ({"particle": {"charge": np.ones((3, 4))}}, r"expected charge \[3, 5\]"),
        ({"weight": [1, np.inf, 1]}, "weight has the value inf in jet 1"),
    ],
)
def test_arrays_that_do_not_fit(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=rf"the arrays: .*{message}"):
        jets_of_arrays(**{"p4": np.ones((3, 5, 4)), **changes})


def test_a_data_set(make_jets: MakeJets) -> None:
    jets = make_jets(20)
    p4 = padded(jets, jets.p4, 30)
    charge = padded(jets, np.arange(len(jets.p4), dtype=np.float32), 30)
    data = Jets.from_arrays(
        torch.from_numpy(p4), torch.from_numpy(jets.label), particle={"charge": charge}, weight=np.arange(20.0)
    )
    assert (len(data), data.classes) == (20, ("0", "1"))
    np.testing.assert_array_equal(data[7].p4, jets.select(np.array([7])).p4)
    assert data[7].x.shape == (jets.counts[7], 1)
    assert (data[7].weight.item(), data[7].y.item()) == (7.0, jets.label[7])
    parts = [Jets.from_arrays(p4, split=split, max_constituents=3) for split in ("train", "val", "test")]
    assert [len(part) for part in parts] == [14, 2, 4]
    assert all(len(jet.p4) <= 3 and jet.y.item() == -1 for part in parts for jet in part)
    with pytest.raises(ValueError, match=r"labels must index \('QCD',\), got \[0, 1\]"):
        Jets.from_arrays(p4, jets.label, classes=("QCD",))
    with pytest.raises(ValueError, match="give one of them"):
        Jets("here", arrays=jets)


def test_commands_take_numpy_files(tmp_path: Path, make_jets: MakeJets, capsys: pytest.CaptureFixture[str]) -> None:
    jets = make_jets(9)
    p4 = padded(jets, jets.p4, 30)
    np.save(tmp_path / "a.npy", p4)
    np.savez(tmp_path / "a.npz", p4=p4, label=jets.label)
    same = save_jets(tmp_path / "a.h5", jets, JetSchema())
    scores = []
    for path in (tmp_path / "a.npy", tmp_path / "a.npz", same):
        main(["tag", str(path), str(path) + ".h5"])
        with h5py.File(f"{path}.h5") as file:
            scores.append(file["score_Tbqq"][:])
    np.testing.assert_allclose(scores[0], scores[2], rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(scores[0], scores[1])
    main(["data", "info", str(tmp_path / "a.npy"), str(tmp_path / "a.npz")])
    said = capsys.readouterr().out
    assert "a.npy: NumPy (p4), 9 jets" in said
    assert "without a class         9" in said
    assert "classes                 0: " in said
    main(["data", "convert", str(tmp_path / "a.npz"), str(tmp_path / "b.root")])
    assert_same(open_jet_file(tmp_path / "b.root", JetSchema(("0", "1"))).read(), jets)


def test_training_needs_labels(tmp_path: Path, make_jets: MakeJets) -> None:
    jets = make_jets(9)
    np.save(tmp_path / "a.npy", padded(jets, jets.p4, 30))
    with pytest.raises(
        ValueError, match=r"a\.npy lacks the arrays \['label'\], it has \['p4'\]: labels go into an \.npz"
    ):
        Jets(files=tmp_path / "a.npy")
    np.savez(tmp_path / "a.npz", p4=padded(jets, jets.p4, 30), label=jets.label)
    assert Jets(files=tmp_path / "a.npz").classes == ("QCD", "Tbqq")


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_damaged_files(name: str, tmp_path: Path, make_jets: MakeJets) -> None:
    jets = make_jets(50)
    path = tmp_path / name
    p4 = padded(jets, jets.p4, 30)
    np.save(path, p4) if name == "a.npy" else np.savez_compressed(path, p4=p4)
    content = path.read_bytes()
    schema = JetSchema(labelled=False)
    for place in np.random.default_rng(0).integers(0, len(content), 30):
        path.write_bytes(content[:place])
        with pytest.raises(ValueError, match=name):
            open_jet_file(path, schema).read()
    path.write_bytes(content)
    file = open_jet_file(path, schema)
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=name):
        file.read()
    np.save(path.with_suffix(".npy"), np.zeros((0, 3, 4)))
    with pytest.raises(ValueError, match="has no jets"):
        open_jet_file(path.with_suffix(".npy"), schema)
    np.save(path.with_suffix(".npy"), np.zeros((3, 4)))
    with pytest.raises(ValueError, match=r"expected real four-momenta .*got \[3, 4\]"):
        open_jet_file(path.with_suffix(".npy"), schema)
