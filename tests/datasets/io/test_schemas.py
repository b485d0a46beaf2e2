from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import uproot

from pyg_liesym.datasets.io import jet_files as module
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_class_2 import JET_CLASS_2
from pyg_liesym.datasets.io.jet_files import find_common_schema, find_schema, open_jet_file, save_jets
from pyg_liesym.datasets.io.root_writer import _type_of, branches_of
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jet_summary import JetSummary

MakeJets = Callable[..., JetArrays]
JETCLASS_II = Path(__file__).parents[4] / "shared" / "data" / "jetclass2" / "JetClassII_example.root"


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


def test_classes_of_jet_class_2_have_names(tmp_path: Path, make_jets: MakeJets) -> None:
    assert len(set(JET_CLASS_2)) == len(JET_CLASS_2) == 188
    places = {0: "X_bb", 14: "X_tauhtauh", 15: "X_YY_bbbb", 31: "X_YY_bbm", 89: "X_YY_ggm", 90: "X_YY_bee",
              115: "X_YY_qqqb", 131: "X_YY_bcev", 160: "X_YY_qqtauhv", 161: "QCD_bbccss", 187: "QCD_light"}  # fmt: skip
    assert {place: JET_CLASS_2[place] for place in places} == places
    for name, values in (("a", [187, 0, 187]), ("b", [161, 0, 3])):
        branches = branches_of(make_jets(3), JetSchema(labelled=False), plane=False)
        branches |= {"jet_label": np.array(values), "aux_genpart_isResX": np.ones(3, bool)}
        with uproot.recreate(tmp_path / f"{name}.root") as file:
            file.mktree("tree", {key: _type_of(branch) for key, branch in branches.items()}).extend(branches)
    schema = find_common_schema([tmp_path / "a.root", tmp_path / "b.root"])
    assert schema.jet_labels == {0: "X_bb", 187: "QCD_light", 3: "X_qq", 161: "QCD_bbccss"}
    assert [schema.classes[i] for i in open_jet_file(tmp_path / "b.root", schema).read().label] == [
        "QCD_bbccss", "X_bb", "X_qq"
    ]  # fmt: skip


@pytest.mark.skipif(not JETCLASS_II.exists(), reason="needs the real file of JetClass-II")
def test_names_agree_with_the_partons_of_real_jets() -> None:
    letters = {1: "q", 2: "q", 3: "s", 4: "c", 5: "b", 21: "g"}
    tree = uproot.open(JETCLASS_II)["tree"]
    jets = tree.arrays(["jet_label", "aux_genpart_pid", "aux_genpart_isResDecayProd", "aux_genpart_isQcdParton"])
    for jet in jets:
        kind, _, content = JET_CLASS_2[jet["jet_label"]].rpartition("_")
        chosen = jet["aux_genpart_isQcdParton" if kind == "QCD" else "aux_genpart_isResDecayProd"]
        found = "".join(letters.get(abs(pid), "") for pid in jet["aux_genpart_pid"][chosen])
        if kind == "QCD":
            assert [min(found.count(flavour), 2) for flavour in "bcs"] == [
                0 if content == "light" else content.count(flavour) for flavour in "bcs"
            ]
        else:
            quarks = content.split("tau")[0] if "tau" in content else content.rstrip("emv")
            assert all(found.count(flavour) >= quarks.count(flavour) for flavour in "bcsqg")


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


def test_one_number_for_two_classes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {"a.root": {0: "X_bb", 1: "X_cc"}, "b.root": {0: "0", 1: "1"}}
    monkeypatch.setattr(
        module, "find_schema", lambda file, tree: ("", JetSchema(tuple(kinds[file].values()), kinds[file], "tree", ()))
    )
    with pytest.raises(ValueError, match="files with different labels cannot be read together"):
        find_common_schema(list(kinds))
