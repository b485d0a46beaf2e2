from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import uproot

from pyg_liesym.datasets.io.find_schema import find_common_schema, find_schema
from pyg_liesym.datasets.io.jet_files import JetSchema, open_jet_file, save_jets
from pyg_liesym.datasets.io.root_writer import _type_of, branches_of
from pyg_liesym.datasets.jet_arrays import JetArrays
from pyg_liesym.datasets.jet_summary import JetSummary

MakeJets = Callable[..., JetArrays]


@pytest.mark.parametrize("suffix", [".root", ".h5"])
@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("classes", [("QCD", "Tbqq"), ("a", "b", "c")])
def test_our_own_files(
    suffix: str, labelled: bool, classes: tuple[str, ...], tmp_path: Path, make_jets: MakeJets
) -> None:
    jets = make_jets(5)
    charged = replace(jets, particle={"part_charge": np.zeros(len(jets.p4), np.float32)}, weight=np.ones(5, np.float32))
    schema = JetSchema(classes, particle=("part_charge",), weight="weight", labelled=labelled)
    found = find_schema(save_jets(tmp_path / f"file{suffix}", charged, schema))[1]
    assert found == (schema if labelled else replace(schema, classes=found.classes))
    plain = find_schema(save_jets(tmp_path / f"plain{suffix}", jets, JetSchema(classes)))[1]
    assert plain == JetSchema(classes)


@pytest.mark.parametrize("suffix", [".root", ".h5"])
def test_numbers_as_classes(suffix: str, tmp_path: Path, make_jets: MakeJets) -> None:
    values = np.array([5, 188, 5, 0])
    if suffix == ".root":
        branches = branches_of(make_jets(4), JetSchema(labelled=False), plane=False) | {"jet_label": values}
        with uproot.recreate(tmp_path / "file.root") as file:
            file.mktree("events", {name: _type_of(branch) for name, branch in branches.items()}).extend(branches)
    else:
        path = save_jets(tmp_path / "file.h5", make_jets(4), JetSchema(labelled=False))
        with h5py.File(path, "a") as file:
            file["jet_label"] = values
    found = find_schema(tmp_path / f"file{suffix}")[1]
    assert found.jet_labels == {0: "0", 5: "5", 188: "188"}
    assert found.classes == ("0", "5", "188")
    assert found.tree == ("events" if suffix == ".root" else "tree")


def test_several_files(tmp_path: Path, make_jets: MakeJets) -> None:
    files = [
        save_jets(tmp_path / f"{name}.root", make_jets(3, max_count=3), JetSchema(("QCD", name)))
        for name in ("Hbb", "Tbqq")
    ]
    assert find_common_schema(files).classes == ("QCD", "Hbb", "Tbqq")
    unlabelled = save_jets(tmp_path / "none.root", make_jets(3), JetSchema(labelled=False))
    with pytest.raises(ValueError, match=r"files with different labels .*none\.root: no labels"):
        find_common_schema([files[0], unlabelled])


def test_what_is_no_file_of_jets(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no file"):
        find_schema(tmp_path / "nothing.root")
    (tmp_path / "text.root").write_text("not ROOT")
    with pytest.raises(ValueError, match="is no file of jets"):
        find_schema(tmp_path / "text.root")


@pytest.mark.parametrize("fixed", [False, True])
def test_the_reference_dataset(
    fixed: bool, tmp_path: Path, make_jets: MakeJets, write_top_tagging: Callable[..., Path]
) -> None:
    jets = make_jets(30)
    path = write_top_tagging(tmp_path / "test.h5", jets, fixed=fixed)
    kind, schema = find_schema(path)
    assert (kind, schema) == ("HDF5 (pandas, Top Quark Tagging)", JetSchema())
    summary = JetSummary(schema.classes)
    summary.add(open_jet_file(path, schema).read())
    tops = int(jets.label.sum())
    assert summary.per_class == {None: 0, "QCD": 30 - tops, "Tbqq": tops}


def test_numbered_columns_of_jets_are_not_of_constituents(
    tmp_path: Path, make_jets: MakeJets, write_top_tagging: Callable[..., Path]
) -> None:
    momenta = [f"{component}_{i}" for i in range(2) for component in ("E", "PX", "PY", "PZ")]
    names = [*momenta, "tau_0", "charge_0", "charge_1", "truthE"]
    path = write_top_tagging(tmp_path / "tau.h5", make_jets(3, max_count=2), slots=2, names=names)
    schema = find_schema(path)[1]
    assert schema.particle == ("charge",)
    assert len(open_jet_file(path, schema).read()) == 3
