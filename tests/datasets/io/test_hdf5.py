import sys

import h5py
import hdf5plugin
import pytest

from pyg_liesym.datasets.io.hdf5 import check_filters, import_h5py
from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema


def test_without_h5py_the_extra_is_named(tmp_path, make_jets, monkeypatch):
    path = save_jets(tmp_path / "a.h5", make_jets(2), JetSchema())
    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (import_h5py, lambda: open_jet_file(path), lambda: save_jets(path, make_jets(2), JetSchema())):
        with pytest.raises(ImportError, match=r"h5py, which is not installed.*pyg-liesym\[hdf5\]"):
            call()


def test_without_hdf5plugin_plain_files_are_read(tmp_path, make_jets, monkeypatch):
    path = save_jets(tmp_path / "a.h5", make_jets(2), JetSchema())
    monkeypatch.setitem(sys.modules, "hdf5plugin", None)
    assert len(open_jet_file(path).read()) == 2


def test_a_missing_filter_is_named_with_the_extra(
    tmp_path, make_jets, write_top_tagging, write_lorentznet, monkeypatch
):
    paths = [
        write_top_tagging(tmp_path / "a.h5", make_jets(5), **hdf5plugin.Blosc()),
        write_lorentznet(tmp_path / "b.h5", make_jets(5)),
    ]
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: code not in (1, 32001))
    for path in paths:
        message = rf"^{path} is compressed by \['(blosc|deflate)'\]: run `pip install 'pyg-liesym\[hdf5\]'`"
        with pytest.raises(ValueError, match=message):
            open_jet_file(path)


def test_plain_datasets_need_no_filter(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        check_filters(tmp_path / "a.h5", file.create_dataset("x", (3,), "f4"))
