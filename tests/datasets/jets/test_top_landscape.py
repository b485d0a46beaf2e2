import hashlib
import json
import os
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import yaml

from pyg_liesym.datasets import TopLandscape
from pyg_liesym.datasets.io.download import ZenodoRecord

CARD = Path(__file__).parents[3] / "datasets" / "top_landscape" / "config.yaml"


def test_equal_to_plain_h5py(tmp_path, make_jets, write_top_tagging):
    (tmp_path / "raw").mkdir()
    path = write_top_tagging(tmp_path / "raw" / "val.h5", make_jets(25), ttv=1)
    dataset = TopLandscape(str(tmp_path), "val")
    with h5py.File(path) as file:
        rows = file["table/table"][:]
    assert len(dataset) == 25
    assert dataset.classes == ("QCD", "Tbqq")
    for jet, row in zip(dataset, rows, strict=True):
        four = row["values_block_0"][:800].reshape(200, 4)
        np.testing.assert_array_equal(jet.p4, four[four[:, 0] > 0])
        assert jet.y.tolist() == [row["values_block_1"][1]]
        assert jet.pos.shape == (jet.num_nodes, 2)


def test_arguments_have_their_own_cache(tmp_path, make_jets, write_top_tagging):
    (tmp_path / "raw").mkdir()
    for split, ttv in {"train": 0, "test": 2}.items():
        write_top_tagging(tmp_path / "raw" / f"{split}.h5", make_jets(10, seed=ttv), ttv=ttv)
    full, short = TopLandscape(str(tmp_path)), TopLandscape(str(tmp_path), max_constituents=2)
    assert all(torch.equal(a.p4[:2], b.p4) for a, b in zip(full, short, strict=True))
    assert not torch.equal(full.jet, TopLandscape(str(tmp_path), "test").jet)
    assert len(list((tmp_path / "processed").glob("jets_*"))) == 3


def test_a_big_file_is_read_in_pieces(tmp_path, make_jets, write_top_tagging, monkeypatch):
    (tmp_path / "raw").mkdir()
    jets = make_jets(25)
    write_top_tagging(tmp_path / "raw" / "train.h5", jets)
    monkeypatch.setattr(TopLandscape, "chunk_size", 7)
    assert torch.equal(TopLandscape(str(tmp_path)).p4, torch.from_numpy(jets.p4))


def test_the_file_of_another_split_is_refused(tmp_path, make_jets, write_top_tagging):
    (tmp_path / "raw").mkdir()
    write_top_tagging(tmp_path / "raw" / "test.h5", make_jets(5), ttv=1)
    with pytest.raises(ValueError, match=r"test\.h5: expected ttv = 2"):
        TopLandscape(str(tmp_path), "test")
    assert list((tmp_path / "processed").glob("jets_*")) == []


def test_without_files_it_says_where_they_are(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=rf"{tmp_path}/raw lacks test\.h5: pass download=True.*zenodo.org/records/2603256"
    ):
        TopLandscape(str(tmp_path), "test")


def test_wrong_split(tmp_path):
    with pytest.raises(ValueError, match="split must be one of"):
        TopLandscape(str(tmp_path), "valid")


def test_download_is_checked_against_the_record(tmp_path, make_jets, write_top_tagging, server, monkeypatch):
    content = write_top_tagging(tmp_path / "source.h5", make_jets(10), ttv=1).read_bytes()
    monkeypatch.setattr(TopLandscape, "record", ZenodoRecord("2603256", {"val.h5": None}, server.address))
    listing = {"files": [{"key": "val.h5", "checksum": f"md5:{hashlib.md5(content).hexdigest()}"}]}
    server.files["/api/records/2603256"] = json.dumps(listing).encode()
    server.files["/records/2603256/files/val.h5?download=1"] = content[:-1] + b"x"
    root = tmp_path / "root"
    with pytest.raises(ValueError, match="wrong content"):
        TopLandscape(str(root), "val", download=True)
    server.files["/records/2603256/files/val.h5?download=1"] = content
    server.break_after = 1000
    with pytest.raises(ConnectionError, match=rf"put it there: {root}/raw/val\.h5"):
        TopLandscape(str(root), "val", download=True)
    assert os.listdir(root / "raw") == ["val.h5.part"]
    server.break_after = None
    assert len(TopLandscape(str(root), "val", download=True)) == 10
    server.requests.clear()
    assert len(TopLandscape(str(root), "val", download=True)) == 10
    assert server.requests == []


def test_card_has_the_addresses():
    files = yaml.safe_load(CARD.read_text())["files"]
    assert [file["url"] for file in files] == [TopLandscape.record.url(name) for name in TopLandscape.record.checksums]
