import hashlib
from pathlib import Path

import pytest
import torch
import yaml

from pyg_liesym.datasets import Jets, QuarkGluon
from pyg_liesym.datasets.io.download import ZenodoRecord

CARD = Path(__file__).parents[3] / "datasets" / "quark_gluon" / "config.yaml"


@pytest.fixture
def root(tmp_path, write_energyflow):
    (tmp_path / "raw").mkdir()
    for number in (16, 17, 18, 19):
        write_energyflow(tmp_path / "raw" / f"QG_jets_{number}.npz", seed=number)
    return str(tmp_path)


def test_splits_are_files(root):
    val, test = QuarkGluon(root, "val"), QuarkGluon(root, "test")
    assert len(val) == len(test) == 40
    assert not torch.equal(val.jet, test.jet)
    assert val.classes == ("gluon", "quark")
    first = QuarkGluon(root, "val", num_files=1)
    assert len(first) == 20
    assert torch.equal(first.p4, val[:20].p4)
    plain = Jets(files=[f"{root}/raw/QG_jets_{number}.npz" for number in (16, 17)], classes=("gluon", "quark"))
    assert torch.equal(val.p4, plain.p4)
    assert torch.equal(val.y, plain.y)


def test_particle_columns_are_x_in_their_order(root):
    dataset = QuarkGluon(root, "test", particle=("part_charge", "part_pid"))
    assert dataset.x.shape == (len(dataset.p4), 2)
    jet = dataset[3]
    charge, pid = jet.x.T
    assert set(charge.tolist()) <= {-1.0, 0.0, 1.0}
    assert torch.equal(charge[pid.abs() == 211], pid[pid.abs() == 211].sign())
    assert QuarkGluon(root, "test").get(0).x is None


def test_missing_files_are_named(root):
    with pytest.raises(
        FileNotFoundError, match=r"raw lacks QG_jets\.npz, QG_jets_1\.npz, .*zenodo.org/records/3164691"
    ):
        QuarkGluon(root)


@pytest.mark.parametrize("arguments", [{"split": "valid"}, {"num_files": 0}, {"num_files": 17}])
def test_wrong_arguments(root, arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} must be"):
        QuarkGluon(root, **arguments)


def test_download(tmp_path, write_energyflow, server, monkeypatch):
    checksums = {}
    for seed, name in enumerate(QuarkGluon.parts["test"]):
        content = write_energyflow(tmp_path / name, seed=seed)[0].read_bytes()
        server.files[f"/records/3164691/files/{name}?download=1"] = content
        checksums[name] = "sha256:" + hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(QuarkGluon, "record", ZenodoRecord("3164691", checksums, server.address))
    assert len(QuarkGluon(str(tmp_path / "root"), "test", download=True)) == 40


def test_card_has_addresses_and_hashes():
    files = yaml.safe_load(CARD.read_text())["files"]
    record = QuarkGluon.record
    assert {file["url"]: f"sha256:{file['sha256']}" for file in files} == {
        record.url(name): checksum for name, checksum in record.checksums.items()
    }
    assert [name for names in QuarkGluon.parts.values() for name in names] == list(record.checksums)
    assert len({*record.checksums.values()}) == 20
