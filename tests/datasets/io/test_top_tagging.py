import pickle

import h5py
import hdf5plugin
import numpy as np
import pytest

from pyg_liesym.datasets.io.jet_files import open_jet_file
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.io.top_tagging import TopTaggingJets

SCHEMA = JetSchema(classes=("QCD", "Tbqq"))


def assert_same_jets(left, right):
    np.testing.assert_array_equal(left.p4, right.p4)
    np.testing.assert_array_equal(left.offsets, right.offsets)
    np.testing.assert_array_equal(left.label, right.label)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "gzip", "compression_opts": 9, "shuffle": True},
        hdf5plugin.Blosc(cname="blosclz", clevel=9),
        hdf5plugin.Blosc2(),
    ],
    ids=["plain", "zlib", "blosc", "blosc2"],
)
def test_equal_to_plain_h5py_bit_for_bit(tmp_path, make_jets, write_top_tagging, options):
    jets = make_jets(40)
    path = write_top_tagging(tmp_path / "train.h5", jets, **options)
    read = TopTaggingJets(path, SCHEMA).read()
    with h5py.File(path) as file:
        rows = file["table/table"][:]
    for j in range(40):
        four = rows["values_block_0"][j, :800].reshape(200, 4)
        np.testing.assert_array_equal(read.p4[read.offsets[j] : read.offsets[j + 1]], four[four[:, 0] != 0])
    np.testing.assert_array_equal(read.label, rows["values_block_1"][:, 1])
    np.testing.assert_allclose(read.axis, jets.axis, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(read.plane, jets.plane, atol=2e-5)


def test_fixed_format(tmp_path, make_jets, write_top_tagging):
    jets = make_jets(12)
    assert_same_jets(TopTaggingJets(write_top_tagging(tmp_path / "a.h5", jets, fixed=True), SCHEMA).read(), jets)


def test_columns_are_found_by_name(tmp_path, make_jets, write_top_tagging):
    jets = make_jets(12)
    # pandas sorts columns when it is asked to index one of them: E_0, E_1, E_10, …
    shuffled = [f"{c}_{i}" for c in ("E", "PX", "PY", "PZ") for i in range(200)] + [f"truth{c}" for c in "EXYZ"]
    path = write_top_tagging(tmp_path / "a.h5", jets, names=shuffled)
    with h5py.File(path, "r+") as file:
        rows = file["table/table"][:]
        rows["values_block_0"][:, :800] = (
            rows["values_block_0"][:, :800].reshape(-1, 200, 4).swapaxes(1, 2).reshape(-1, 800)
        )
        file["table/table"][:] = rows
    assert_same_jets(TopTaggingJets(path, SCHEMA).read(), jets)


def test_another_key_and_fewer_slots(tmp_path, make_jets, write_top_tagging):
    jets = make_jets(12)
    path = write_top_tagging(tmp_path / "a.h5", jets, slots=30)
    with h5py.File(path, "r+") as file:
        file.move("table", "jets")
    assert_same_jets(TopTaggingJets(path, SCHEMA).read(), jets)


def test_names_that_are_no_plain_list_are_refused(tmp_path, make_jets, write_top_tagging):
    path = write_top_tagging(tmp_path / "a.h5", make_jets(3))
    with h5py.File(path, "r+") as file:
        file["table/table"].attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(np.array(["E_0"]), 0))
    with pytest.raises(ValueError, match=r"a\.h5: cannot tell the columns of values_block_0 apart.*instruction"):
        TopTaggingJets(path, SCHEMA)


def test_missing_columns_are_named(tmp_path, make_jets, write_top_tagging):
    names = [f"{c}_{i}" for i in range(200) for c in ("E", "PX", "Py", "PZ")] + [f"truth{c}" for c in "EXYZ"]
    path = write_top_tagging(tmp_path / "a.h5", make_jets(3), names=names)
    with pytest.raises(ValueError, match=r"a\.h5 lacks the columns \['PY_0'.*188 more of 200 .*'ttv', 'is_signal_new'"):
        TopTaggingJets(path, SCHEMA)
    other = write_top_tagging(tmp_path / "b.h5", make_jets(3), names=[f"x{i}" for i in range(804)])
    with pytest.raises(ValueError, match=r"b\.h5 has no columns E_0, PX_0.*its columns are \['x0'"):
        TopTaggingJets(other, SCHEMA)


def test_the_set_is_checked(tmp_path, make_jets, write_top_tagging):
    path = write_top_tagging(tmp_path / "val.h5", make_jets(5), ttv=1)
    assert len(TopTaggingJets(path, SCHEMA, subset=1).read()) == 5
    with pytest.raises(ValueError, match=r"val\.h5: expected ttv = 2 in all jets, but jet 3 has 1 \(2 such jets\)"):
        TopTaggingJets(path, SCHEMA, subset=2).read(3)


def test_weights(tmp_path, make_jets, write_top_tagging):
    weight = np.array([1.5, -0.5, 2.0])
    path = write_top_tagging(tmp_path / "a.h5", make_jets(3), weight=weight)
    assert TopTaggingJets(path, JetSchema(weight="weight")).read().weight.tolist() == weight.tolist()
    with pytest.raises(ValueError, match=r"lacks the columns \['w'\]"):
        TopTaggingJets(path, JetSchema(weight="w"))


def test_labels_by_name_and_unlabelled(tmp_path, make_jets, write_top_tagging):
    jets = make_jets(6)
    path = write_top_tagging(tmp_path / "a.h5", jets)
    swapped = JetSchema(classes=("Tbqq", "QCD"), jet_labels={0: "QCD", 1: "Tbqq"})
    np.testing.assert_array_equal(TopTaggingJets(path, swapped).read().label, 1 - jets.label)
    assert set(TopTaggingJets(path, JetSchema(labelled=False)).read().label) == {-1}
    with pytest.raises(ValueError, match=r"is_signal_new has the values \[1\].*have no place for"):
        TopTaggingJets(path, JetSchema(classes=("QCD",))).read()


def test_momentum_without_energy_is_no_padding(tmp_path, make_jets, write_top_tagging):
    jets = make_jets(4)
    jets.p4[jets.offsets[2], 0] = 0
    with pytest.raises(ValueError, match=r"E is 0 but the momentum is not, in jet 2"):
        open_jet_file(write_top_tagging(tmp_path / "a.h5", jets)).read()


@pytest.mark.parametrize("part", ["E", "PX", "PZ"])
def test_a_renamed_last_slot_drops_nothing(tmp_path, make_jets, write_top_tagging, part):
    names = [f"{c}_{i}" for i in range(200) for c in ("E", "PX", "PY", "PZ")] + [f"truth{c}" for c in "EXYZ"]
    names[names.index(f"{part}_199")] = "other"
    path = write_top_tagging(tmp_path / "a.h5", make_jets(3), names=names)
    with pytest.raises(ValueError, match=rf"a\.h5.*({part}_199|'{part}': 199)"):
        TopTaggingJets(path, SCHEMA)


def test_of_several_tables_none_is_guessed(tmp_path, make_jets, write_top_tagging):
    path = write_top_tagging(tmp_path / "a.h5", make_jets(3))
    with h5py.File(path, "r+") as file:
        file.move("table", "train")
        file.copy("train", "val")
    with pytest.raises(ValueError, match=r"a\.h5 has the tables \['train', 'val'\]: keep one a file"):
        open_jet_file(path, SCHEMA)


@pytest.mark.parametrize("fixed", [False, True])
def test_as_many_names_as_columns(tmp_path, make_jets, write_top_tagging, fixed):
    names = [f"{component}_{i}" for i in range(3) for component in ("E", "PX", "PY", "PZ")]
    rest = ["truthE", "truthPX", "truthPY", "truthPZ"]
    for wrong in ([*names, *rest, "more"], [*names, *rest[:3]]):
        path = write_top_tagging(
            tmp_path / "a.h5", make_jets(3, max_count=3), slots=3, names=[*names, *rest], fixed=fixed
        )
        with h5py.File(path, "a") as file:
            if fixed:
                del file["table/block0_items"]
                file["table/block0_items"] = np.array(wrong, "S13")
            else:
                set_names(file["table/table"], wrong)
        with pytest.raises(ValueError, match=rf"a\.h5: .*block.*has 16 columns but {len(wrong)} names: it is damaged"):
            open_jet_file(path)
    path = write_top_tagging(tmp_path / "a.h5", make_jets(3, max_count=3), slots=3, names=[*names, *rest[:3], "E_0"])
    with pytest.raises(ValueError, match=r"a\.h5 has the columns \['E_0'\] more than once"):
        open_jet_file(path)


def set_names(table, names):
    table.attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(names, protocol=0))


def test_a_message_is_no_list_of_a_thousand_columns(tmp_path, make_jets, write_top_tagging):
    names = [f"{component}_{i}" for i in range(2000) for component in ("E", "PX", "PY", "PZZ")]
    path = write_top_tagging(tmp_path / "a.h5", make_jets(2), slots=2000, names=[*names, *"abcd"], fixed=True)
    with pytest.raises(ValueError, match=r"lacks the columns \['PZ_0', .*\] and 1988 more of 2000") as caught:
        open_jet_file(path)
    assert len(str(caught.value)) < 1000
