from importlib import resources

import numpy as np
import pytest
import torch
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets import Jets
from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.root_writer import write_jets

CLASSES = ("QCD", "Tbqq")


def same(left, right):
    return list(left.keys()) == list(right.keys()) and all(torch.equal(left[key], right[key]) for key in left.keys())  # noqa: SIM118


def test_packaged_sample():
    dataset = Jets()
    assert len(dataset) == 4000
    assert dataset.y.bincount().tolist() == [2000, 2000]
    assert dataset.num_classes == 2
    jet = dataset[0]
    assert jet.p4.dtype == jet.pos.dtype == torch.float32
    assert jet.num_nodes == len(jet.p4) == len(jet.pos)
    pt = dataset.p4[:, 1:3].norm(dim=1)
    starts = torch.zeros(len(pt), dtype=torch.bool)
    starts[dataset.slices["p4"][:-1]] = True
    assert bool((pt.diff() <= 1e-4 * pt[:-1])[~starts[1:]].all())
    assert dataset.jet[:, 0].min() > 550
    assert dataset.jet[:, 0].max() < 650
    assert dataset.jet[:, 1].abs().max() < 2
    assert dataset.slices["p4"].diff().max() <= 200


def test_jet_is_the_sum_of_its_constituents_in_the_sample():
    dataset = Jets()
    for index in range(5):
        jet = dataset[index]
        total = jet.p4.double().sum(0)
        pt, eta, phi, energy = jet.jet[0].double()
        expected = torch.stack([energy, pt * phi.cos(), pt * phi.sin(), pt * eta.sinh()])
        torch.testing.assert_close(total, expected, rtol=1e-5, atol=1e-2)


def test_packed_equals_jet_by_jet(tmp_path, make_jets):
    jets = make_jets(20)
    dataset = Jets(files=write_jets(tmp_path / "a.root", jets, CLASSES))
    for index, item in enumerate(dataset):
        rows = slice(jets.offsets[index], jets.offsets[index + 1])
        assert item.p4.tolist() == jets.p4[rows].tolist()
        assert item.pos.tolist() == jets.plane[rows].tolist()
        assert item.jet.tolist() == jets.axis[index : index + 1].tolist()
        assert item.y.tolist() == [jets.label[index]]


def test_batches(tmp_path, make_jets):
    dataset = Jets(files=write_jets(tmp_path / "a.root", make_jets(9), CLASSES))
    batch = next(iter(DataLoader(dataset, batch_size=9)))
    assert torch.equal(batch.p4, dataset.p4)
    assert batch.y.shape == (9,)
    assert batch.jet.shape == (9, 4)


def test_splits_are_disjoint_and_complete(tmp_path, make_jets):
    path = write_jets(tmp_path / "a.root", make_jets(200), CLASSES)
    parts = {split: Jets(files=path, split=split) for split in ("train", "val", "test")}
    assert {split: len(part) for split, part in parts.items()} == {"train": 140, "val": 20, "test": 40}
    energies = torch.cat([part.jet[:, 3] for part in parts.values()])
    assert torch.equal(energies.sort().values, Jets(files=path).jet[:, 3].sort().values)


def test_max_constituents(tmp_path, make_jets):
    path = write_jets(tmp_path / "a.root", make_jets(20), CLASSES)
    short, full = Jets(files=path, max_constituents=3), Jets(files=path)
    for a, b in zip(short, full, strict=True):
        assert torch.equal(a.p4, b.p4[:3])
        assert torch.equal(a.jet, b.jet)


def test_raw_folder(tmp_path, make_jets):
    write_jets(tmp_path / "raw" / "b.root", make_jets(3, seed=1), CLASSES)
    write_jets(tmp_path / "raw" / "a.root", make_jets(4, seed=2), CLASSES)
    dataset = Jets(str(tmp_path))
    assert len(dataset) == 7
    fresh = Jets(files=str(tmp_path / "raw" / "*.root"))
    assert all(same(a, b) for a, b in zip(dataset, fresh, strict=True))


def test_cache_is_used_and_follows_the_arguments_and_the_files(tmp_path, make_jets):
    raw = write_jets(tmp_path / "raw" / "a.root", make_jets(30), CLASSES)

    def cached():
        return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "processed").glob("jets_*")}

    Jets(str(tmp_path))
    first = cached()
    Jets(str(tmp_path))
    assert cached() == first
    assert len(Jets(str(tmp_path), max_constituents=2).p4) < len(Jets(str(tmp_path)).p4)
    assert len(Jets(str(tmp_path), split="test")) == 6
    assert Jets(str(tmp_path), classes=CLASSES[::-1]).y.tolist() == (1 - Jets(str(tmp_path)).y).tolist()
    assert len(cached()) == 4
    write_jets(raw, make_jets(31), CLASSES)
    assert len(Jets(str(tmp_path))) == 31
    write_jets(tmp_path / "raw" / "b.root", make_jets(5), CLASSES)
    assert len(Jets(str(tmp_path))) == 36


def test_particle_columns_and_weights(tmp_path, make_jets):
    jets = make_jets(12)
    rng = np.random.default_rng(0)
    columns = {name: rng.normal(size=len(jets.p4)).astype(np.float32) for name in ("part_d0val", "part_charge")}
    weight = rng.normal(size=12).astype(np.float32)
    jets = JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, jets.label, columns, weight)
    path = write_jets(tmp_path / "raw" / "a.root", jets, CLASSES)
    names = ("part_charge", "part_d0val")
    for dataset in (
        Jets(files=path, particle=names, weight="weight"),
        Jets(str(tmp_path), particle=names, weight="weight"),
    ):
        for index, item in enumerate(dataset):
            rows = slice(jets.offsets[index], jets.offsets[index + 1])
            assert item.x.T.tolist() == [columns[name][rows].tolist() for name in names]
            assert item.weight.tolist() == [weight[index]]
        batch = next(iter(DataLoader(dataset, batch_size=12)))
        assert batch.x.shape == (len(jets.p4), 2)
        assert batch.weight.tolist() == weight.tolist()
    plain = Jets(str(tmp_path))
    assert plain[0].x is None
    assert "weight" not in plain[0]
    assert Jets(str(tmp_path), particle=names[:1]).x.T.tolist() == [columns["part_charge"].tolist()]


def test_files_of_all_formats_together(tmp_path, make_jets, write_top_tagging, write_lorentznet):
    pieces = [make_jets(5, seed) for seed in range(3)]
    (tmp_path / "raw").mkdir()
    write_jets(tmp_path / "raw" / "a.root", pieces[0], CLASSES)
    write_top_tagging(tmp_path / "raw" / "b.h5", pieces[1])
    write_lorentznet(tmp_path / "raw" / "c.hdf5", pieces[2])
    (tmp_path / "raw" / "notes.txt").write_text("not a file of jets")
    dataset = Jets(str(tmp_path))
    assert torch.equal(dataset.p4, torch.from_numpy(concatenate_jets(pieces).p4))
    assert dataset.y.tolist() == concatenate_jets(pieces).label.tolist()


def test_own_files_with_a_cache(tmp_path, make_jets):
    path = write_jets(tmp_path / "mine" / "a.root", make_jets(5), CLASSES)
    root = tmp_path / "cache"
    for _ in range(2):
        assert len(Jets(str(root), files=path)) == 5
    assert not (root / "raw").exists()


def test_nothing_is_written_without_root(tmp_path, make_jets, monkeypatch):
    path = write_jets(tmp_path / "a.root", make_jets(5), CLASSES)
    monkeypatch.chdir(tmp_path)
    Jets(files=path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.root"]


def test_folders_of_training_and_test(tmp_path, make_jets):
    write_jets(tmp_path / "raw" / "train" / "b.root", make_jets(80, seed=1), CLASSES)
    with pytest.raises(FileNotFoundError, match=r"there are no files of jets in .*raw or .*raw/test: make some"):
        Jets(str(tmp_path), split="test")
    test = write_jets(tmp_path / "raw" / "test" / "a.root", make_jets(9, seed=2), CLASSES)
    assert torch.equal(Jets(str(tmp_path), split="test").jet, Jets(files=test).jet)
    train, val = (Jets(str(tmp_path), split=split) for split in ("train", "val"))
    assert (len(train), len(val), len(Jets(str(tmp_path)))) == (70, 10, 89)
    energies = torch.cat([train.jet[:, 3], val.jet[:, 3]]).sort().values
    assert torch.equal(energies, Jets(files=str(tmp_path / "raw" / "train" / "*")).jet[:, 3].sort().values)
    write_jets(tmp_path / "raw" / "c.root", make_jets(5), CLASSES)
    assert len(Jets(str(tmp_path))) == 5


def test_empty_raw_folder_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="liesym simulate jets"):
        Jets(str(tmp_path))


@pytest.mark.parametrize("arguments", [{"split": "validation"}, {"max_constituents": 0}])
def test_wrong_arguments(arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} must be"):
        Jets(**arguments)


def test_sample_is_small():
    samples = resources.files("pyg_liesym.datasets") / "samples"
    assert sum(len(file.read_bytes()) for file in samples.iterdir()) <= 4_000_000
