import sys
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import pytest

from pyg_liesym.datasets.io.hdf5 import check_filters, import_h5py
from pyg_liesym.datasets.io.jet_files import find_schema, open_jet_file, save_jets
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


def declared(path: Path, **options: object) -> Path:
    """Jets in the layout of LorentzNet, of which nothing but the sizes is written."""
    with h5py.File(path, "w") as file:
        file.create_dataset("Nobj", data=np.ones(10**6, "i1"))
        file.create_dataset("Pmu", (10**6, 280, 4), "f4", **options)
    return path


@pytest.mark.parametrize("options", [{}, {"chunks": (1000, 280, 4)}, {"chunks": (1000, 280, 4), "compression": "gzip"}])
def test_sizes_without_content(tmp_path, options):
    path = declared(tmp_path / "a.h5", **options)
    message = rf"^{path}: the dataset /Pmu should have 4480000000 bytes, but 0 are stored: it is damaged$"
    with pytest.raises(ValueError, match=message):
        find_schema(path)


def test_a_few_bytes_do_not_fill_the_memory(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("Nobj", data=np.ones(10**5, "i1"))
        pmu = file.create_dataset("Pmu", (10**5, 280, 4), "f4", chunks=(10**4, 280, 4), compression="gzip")
        for start in range(0, 10**5, 10**4):
            pmu[start : start + 10**4] = 0
    assert (tmp_path / "a.h5").stat().st_size < 1_000_000
    with pytest.raises(ValueError, match=r"the dataset /Pmu would unpack from \d+ to 448000000 bytes"):
        find_schema(tmp_path / "a.h5")


@pytest.mark.parametrize("noted", [b"\xff\xfe", "not JSON", "3", "[1, 2]", "[]", '["a", "a"]'])
def test_damaged_names_of_classes_name_the_file(tmp_path, make_jets, noted):
    path = save_jets(tmp_path / "a.h5", make_jets(2), JetSchema())
    with h5py.File(path, "a") as file:
        file.attrs["classes"] = noted
    with pytest.raises(ValueError, match=r"a\.h5 is not a complete HDF5 file"):
        find_schema(path)
