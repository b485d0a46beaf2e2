import hashlib
import io
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from pyg_liesym.datasets import JetClass
from pyg_liesym.datasets.io.download import ZenodoRecord
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import save_jets
from pyg_liesym.datasets.io.schema import JetSchema

CARD = Path(__file__).parents[3] / "datasets" / "jetclass" / "config.yaml"
CLASSES = tuple(JetClass.processes)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Files that were written once; writing one takes a while."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def write_classes(store, make_jets):
    """Makes one file a class as JetClass has them."""

    def write(folder, classes=CLASSES, num_jets=6):
        folder.mkdir(parents=True)
        for name in classes:
            file = store / f"{JetClass.processes[name]}_000.root"
            if not file.exists():
                label = CLASSES.index(name)
                jets = make_jets(num_jets, seed=label)
                charge = np.random.default_rng(label).integers(-1, 2, len(jets.p4)).astype(np.float32)
                labels = np.full(num_jets, label)
                jets = JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, labels, {"part_charge": charge})
                save_jets(file, jets, JetSchema(classes=CLASSES, particle=("part_charge",)))
            shutil.copy(file, folder)
        return folder

    return write


def test_ten_classes(tmp_path, write_classes, make_jets):
    write_classes(tmp_path / "raw" / "val_5M")
    dataset = JetClass(str(tmp_path), "val", particle=("part_charge",))
    assert dataset.classes == CLASSES == ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
    assert dataset.y.tolist() == np.repeat(np.arange(10), 6).tolist()
    assert torch.equal(dataset[:6].p4, torch.from_numpy(make_jets(6, seed=0).p4))
    assert dataset.x.shape == (len(dataset.p4), 1)


def test_some_classes_and_some_jets(tmp_path, write_classes):
    write_classes(tmp_path / "raw" / "val_5M")
    some = JetClass(str(tmp_path), "val", classes=("Tbqq", "QCD"), jets_per_file=4)
    whole = JetClass(str(tmp_path), "val")
    assert some.y.tolist() == [0] * 4 + [1] * 4
    assert torch.equal(some.jet, torch.cat([whole[48:52].jet, whole[:4].jet]))
    # Tbl's files begin with the name of Tbqq's
    assert JetClass(str(tmp_path), "val", classes=("Tbl",)).jet.tolist() == whole[54:].jet.tolist()


def test_files_of_other_splits_and_missing_classes(tmp_path, write_classes):
    write_classes(tmp_path / "raw" / "val_5M", ("QCD", "Hbb"))
    with pytest.raises(FileNotFoundError, match=r"val_5M has no files of the classes \['Hcc'.*named HToCC_"):
        JetClass(str(tmp_path), "val")
    assert len(JetClass(str(tmp_path), "val", classes=("QCD", "Hbb"))) == 12
    with pytest.raises(FileNotFoundError, match=r"lacks JetClass_Pythia_test_20M\.tar: pass download=True.*6619768"):
        JetClass(str(tmp_path), "test")


@pytest.mark.parametrize(
    "arguments", [{"split": "valid"}, {"classes": ("top",)}, {"classes": ()}, {"jets_per_file": 0}]
)
def test_wrong_arguments(tmp_path, arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} must be"):
        JetClass(str(tmp_path), **arguments)


def pack_tar(folder, inside):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(folder.iterdir()):
            archive.add(path, f"{inside}{path.name}")
    return buffer.getvalue()


def test_archives_are_downloaded_extracted_and_deleted(tmp_path, write_classes, server, monkeypatch):
    checksums, halves = {}, {"0": CLASSES[:5], "1": CLASSES[5:]}
    for part, classes in halves.items():
        name = f"JetClass_Pythia_train_100M_part{part}.tar"
        content = pack_tar(write_classes(tmp_path / f"source{part}", classes), "")
        server.files[f"/records/6619768/files/{name}?download=1"] = content
        checksums[name] = "md5:" + hashlib.md5(content).hexdigest()
    monkeypatch.setattr(JetClass, "record", ZenodoRecord("6619768", checksums, server.address))
    root = str(tmp_path / "root")
    first = JetClass(root, classes=CLASSES[:5], download=True, num_archives=1)
    assert len(first) == 30
    assert len(server.requests) == 1
    server.break_after = 2000
    with pytest.raises(ConnectionError, match=r"put it there: .*raw/JetClass_Pythia_train_100M_part1\.tar"):
        JetClass(root, download=True, num_archives=2)
    server.break_after = None
    assert len(JetClass(root, download=True, num_archives=2)) == 60
    assert [asked for _, asked in server.requests] == [None, None, "bytes=2000-"]
    assert os.listdir(tmp_path / "root" / "raw") == ["train_100M"]
    assert len(JetClass(root)) == 60


def test_an_archive_that_is_there_is_checked_extracted_and_kept(tmp_path, write_classes, monkeypatch):
    content = pack_tar(write_classes(tmp_path / "source"), "val_5M/")
    (tmp_path / "raw").mkdir()
    name = "JetClass_Pythia_val_5M.tar"
    (tmp_path / "raw" / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name} is not the published file"):
        JetClass(str(tmp_path), "val")
    record = ZenodoRecord("6619768", {name: "md5:" + hashlib.md5(content).hexdigest()})
    monkeypatch.setattr(JetClass, "record", record)
    assert len(JetClass(str(tmp_path), "val")) == 60
    assert sorted(os.listdir(tmp_path / "raw")) == ["JetClass_Pythia_val_5M.tar", "val_5M"]


def test_card_has_addresses_and_hashes():
    files = yaml.safe_load(CARD.read_text())["files"]
    record = JetClass.record
    assert {file["url"]: f"md5:{file['md5']}" for file in files} == {
        record.url(name): checksum for name, checksum in record.checksums.items()
    }
