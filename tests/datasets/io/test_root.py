from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from pyg_liesym.datasets.io import files
from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import find_schema, jet_writer, open_jet_file, save_jets
from pyg_liesym.datasets.io.root import RootJets, read_jets
from pyg_liesym.datasets.io.root_writer import P4, write_jets
from pyg_liesym.datasets.io.schema import JetSchema

CLASSES = ("QCD", "Tbqq")
JETCLASS_II = Path(__file__).parents[4] / "shared" / "data" / "jetclass2" / "JetClassII_example.root"


def assert_same(left, right, plane_tolerance=0.0):
    for name in ("p4", "offsets", "axis", "label"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    np.testing.assert_allclose(left.plane, right.plane, rtol=0, atol=plane_tolerance)


def rewrite(path, jets, edit, name="tree"):
    """Writes a file with plain uproot whose branches are those of ours, edited."""
    columns = {"energy": 0, "px": 1, "py": 2, "pz": 3}
    branches = {f"part_{key}": ak.unflatten(jets.p4[:, i].copy(), jets.counts) for key, i in columns.items()}
    branches |= {f"label_{key}": (jets.label == i).astype(np.float32) for i, key in enumerate(CLASSES)}
    edit(branches)
    with uproot.recreate(path) as file:
        types = {key: ak.type(ak.Array(value)).content for key, value in branches.items()}
        file.mktree(name, types).extend(branches)
    return path


def test_round_trip_is_exact(tmp_path, make_jets):
    jets = make_jets(50)
    assert_same(read_jets(write_jets(tmp_path / "new" / "a.root", jets, CLASSES), CLASSES), jets)


def test_without_the_plane_it_is_computed(tmp_path, make_jets):
    jets = make_jets(50)
    path = write_jets(tmp_path / "a.root", jets, CLASSES, plane=False)
    assert not {"part_deta", "part_dphi"} & set(uproot.open(path)["tree"].keys())
    assert_same(read_jets(path, CLASSES), jets, plane_tolerance=2e-6)


def test_without_the_axis_it_is_the_sum(tmp_path, make_jets):
    jets = make_jets(50)
    read = read_jets(rewrite(tmp_path / "a.root", jets, lambda branches: None), CLASSES)
    np.testing.assert_allclose(read.axis, jets.axis, rtol=2e-5, atol=2e-5)


def test_no_unfinished_file_stays(tmp_path, make_jets):
    write_jets(tmp_path / "a.root", make_jets(3), CLASSES)
    assert [path.name for path in tmp_path.iterdir()] == ["a.root"]


def test_layout_is_that_of_jetclass(tmp_path, make_jets):
    path = write_jets(tmp_path / "a.root", make_jets(3), CLASSES)
    with uproot.open(path) as file:
        assert file.classnames(cycle=False) == {"tree": "TTree"}
        names = set(file["tree"].keys())
    ours = {f"part_{name}" for name in ("px", "py", "pz", "energy", "deta", "dphi")}
    ours |= {f"jet_{name}" for name in ("pt", "eta", "phi", "energy", "nparticles")}
    assert names == ours | {"npart", "label_QCD", "label_Tbqq"}
    if JETCLASS_II.exists():
        with uproot.open(JETCLASS_II) as file:
            assert ours <= set(file["tree"].keys())


@pytest.mark.skipif(not JETCLASS_II.exists(), reason="the JetClass-II example file is not at hand")
def test_a_real_file_reads_as_plain_uproot_reads_it():
    with uproot.open(JETCLASS_II) as file:
        plain = file["tree"].arrays()
    names = {int(value): f"class{value}" for value in plain.jet_label}
    jets = read_jets(JETCLASS_II, tuple(names.values()), jet_labels=names)
    assert len(jets) == 100
    np.testing.assert_array_equal(jets.counts, ak.to_numpy(plain.jet_nparticles))
    np.testing.assert_array_equal(jets.p4[:, 1], ak.to_numpy(ak.flatten(plain.part_px)))
    np.testing.assert_array_equal(jets.p4[:, 0], ak.to_numpy(ak.flatten(plain.part_energy)))
    np.testing.assert_array_equal(jets.plane[:, 0], ak.to_numpy(ak.flatten(plain.part_deta)))
    assert [f"class{value}" for value in plain.jet_label] == [list(names.values())[i] for i in jets.label]


@pytest.mark.skipif(not JETCLASS_II.exists(), reason="the JetClass-II example file is not at hand")
def test_our_plane_has_the_signs_of_jetclass(tmp_path):
    with uproot.open(JETCLASS_II) as file:
        plain = file["tree"].arrays()
    names = {int(value): "any" for value in plain.jet_label}
    jets = read_jets(JETCLASS_II, ("any",), jet_labels=names)
    computed = read_jets(write_jets(tmp_path / "a.root", jets, ("any",), plane=False), ("any",))
    np.testing.assert_allclose(computed.plane, jets.plane, atol=2e-5)


def test_several_files_and_globs(tmp_path, make_jets):
    first, second = make_jets(4, seed=1), make_jets(6, seed=2)
    write_jets(tmp_path / "b.root", second, CLASSES)
    write_jets(tmp_path / "a.root", first, CLASSES)
    assert read_jets(str(tmp_path / "*.root"), CLASSES).label.tolist() == [*first.label, *second.label]
    both = [tmp_path / "b.root", tmp_path / "a.root"]
    assert read_jets(both, CLASSES).label.tolist() == [*second.label, *first.label]
    assert find_files(str(tmp_path / "*.root")) == both[::-1]


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\*\.root"):
        read_jets(tmp_path / "nothing*.root", CLASSES)
    with pytest.raises(FileNotFoundError, match="no files were given"):
        read_jets([], CLASSES)


def test_unsorted_constituents_are_sorted(tmp_path, make_jets):
    jets = make_jets(10)

    def reverse(branches):
        for name in [name for name in branches if name.startswith("part_")]:
            branches[name] = branches[name][:, ::-1]

    read = read_jets(rewrite(tmp_path / "a.root", jets, reverse), CLASSES)
    np.testing.assert_array_equal(read.p4, jets.p4)


def test_space_like_constituents_are_allowed(tmp_path, make_jets):
    jets = make_jets(5)
    jets.p4[3, 0] *= 0.9
    assert read_jets(write_jets(tmp_path / "a.root", jets, CLASSES), CLASSES).p4[3, 0] == jets.p4[3, 0]


def test_a_jet_without_constituents_is_a_jet(tmp_path, make_jets):
    jets = make_jets(5)

    def empty_second(branches):
        for name in [name for name in branches if name.startswith("part_")]:
            lists = branches[name].to_list()
            branches[name] = ak.values_astype(ak.Array([lists[0], [], *lists[2:]]), np.float32)

    read = read_jets(rewrite(tmp_path / "a.root", jets, empty_second), CLASSES)
    assert read.counts[1] == 0
    assert np.isfinite(read.axis).all()


def test_missing_branches_are_named_with_those_that_exist(tmp_path, make_jets):
    def drop(branches):
        del branches["part_px"], branches["part_energy"]

    path = rewrite(tmp_path / "a.root", make_jets(5), drop)
    with pytest.raises(ValueError, match=r"a\.root:tree lacks.*'part_energy', 'part_px'.*it has.*'part_py'"):
        read_jets(path, CLASSES)


def test_missing_label_says_which_labels_there_are(tmp_path, make_jets):
    path = write_jets(tmp_path / "a.root", make_jets(5), CLASSES)
    with pytest.raises(ValueError, match=r"lacks.*label_Hbb.*its labels are.*label_Tbqq.*choose by `classes`"):
        read_jets(path, ("QCD", "Hbb"))


def test_other_tree(tmp_path, make_jets):
    path = rewrite(tmp_path / "a.root", make_jets(5), lambda branches: None, name="Events")
    with pytest.raises(ValueError, match=r"no tree 'tree'.*\['Events'\]"):
        read_jets(path, CLASSES)
    assert len(read_jets(path, CLASSES, tree="Events")) == 5


def test_empty_tree(tmp_path, make_jets):
    path = write_jets(tmp_path / "a.root", make_jets(5).select(np.array([], dtype=np.int64)), CLASSES)
    with pytest.raises(ValueError, match=r"a\.root:tree has no jets"):
        read_jets(path, CLASSES)


@pytest.mark.parametrize("content", [b"", b"root", b"PK\x03\x04 something else entirely"])
def test_not_a_root_file(tmp_path, content):
    path = tmp_path / "a.root"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.root is not a complete ROOT file"):
        read_jets(path, CLASSES)


@pytest.mark.parametrize("fraction", np.linspace(0.02, 0.98, 13).round(2).tolist())
def test_truncated_file(tmp_path, make_jets, fraction):
    path = write_jets(tmp_path / "a.root", make_jets(200), CLASSES)
    content = path.read_bytes()
    path.write_bytes(content[: int(fraction * len(content))])
    with pytest.raises(ValueError, match=r"a\.root is not a complete ROOT file"):
        read_jets(path, CLASSES)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(tmp_path, make_jets, value):
    jets = make_jets(5)
    jets.p4[jets.offsets[3], 1] = value
    path = write_jets(tmp_path / "a.root", jets, CLASSES)
    with pytest.raises(ValueError, match=r"a\.root:tree: the branch part_px has the value .* in jet 3"):
        read_jets(path, CLASSES)


def test_negative_energy(tmp_path, make_jets):
    jets = make_jets(5)
    jets.p4[-1, 0] = -2.0
    with pytest.raises(ValueError, match=r"part_energy has the value -2.0 in jet 4"):
        read_jets(write_jets(tmp_path / "a.root", jets, CLASSES), CLASSES)


@pytest.mark.parametrize(("qcd", "top"), [(1, 1), (0, 0), (2, 0), (0.5, 0.5), (-1, 2)])
def test_labels_that_are_not_one_hot(tmp_path, make_jets, qcd, top):
    def edit(branches):
        branches["label_QCD"][2], branches["label_Tbqq"][2] = qcd, top

    path = rewrite(tmp_path / "a.root", make_jets(5), edit)
    with pytest.raises(ValueError, match=r"exactly one label must be 1.*jet 2 has \{'label_QCD'"):
        read_jets(path, CLASSES)


def test_integer_labels(tmp_path, make_jets):
    jets = make_jets(5)

    def edit(branches):
        branches["jet_label"] = np.array([7, 3, 3, 7, 161], dtype=np.int32)

    path = rewrite(tmp_path / "a.root", jets, edit)
    names = {7: "Tbqq", 3: "QCD", 161: "QCD"}
    assert read_jets(path, CLASSES, jet_labels=names).label.tolist() == [1, 0, 0, 1, 0]
    with pytest.raises(ValueError, match=r"jet_label has the values \[161\]"):
        read_jets(path, CLASSES, jet_labels={7: "Tbqq", 3: "QCD"})
    with pytest.raises(ValueError, match=r"\['Hbb'\].*not among the classes"):
        read_jets(path, CLASSES, jet_labels=names | {161: "Hbb"})


def test_branches_of_different_lengths(tmp_path, make_jets):
    def edit(branches):
        branches["part_py"] = branches["part_py"][:, :-1]

    path = rewrite(tmp_path / "a.root", make_jets(5), edit)
    with pytest.raises(ValueError, match="part_py and part_energy have different numbers"):
        read_jets(path, CLASSES)


def test_a_flat_branch_where_a_list_is_needed(tmp_path, make_jets):
    def edit(branches):
        branches["part_pz"] = np.zeros(5, np.float32)

    path = rewrite(tmp_path / "a.root", make_jets(5), edit)
    with pytest.raises(ValueError, match="part_pz must have one list per jet"):
        read_jets(path, CLASSES)


def test_a_label_without_a_class_is_not_written(tmp_path, make_jets):
    with pytest.raises(ValueError, match="labels must index"):
        write_jets(tmp_path / "a.root", make_jets(5), ("QCD",))


@pytest.mark.parametrize("cut", [1, 100, 2000])
def test_truncated_file_is_refused_even_where_the_first_jets_are_whole(tmp_path, make_jets, cut):
    with jet_writer(tmp_path / "a.root", JetSchema()) as writer:
        for seed in range(3):
            writer.extend(make_jets(50, seed))
    content = (tmp_path / "a.root").read_bytes()
    (tmp_path / "a.root").write_bytes(content[:-cut])
    with pytest.raises(
        ValueError, match=rf"a\.root is not a complete ROOT file.*{len(content) - cut} bytes of {len(content)}"
    ):
        open_jet_file(tmp_path / "a.root")


def test_particle_columns_and_weights_are_written_by_name(tmp_path, make_jets):
    jets = make_jets(5)
    charge = np.arange(len(jets.p4), dtype=np.float32)
    jets = JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, jets.label, {"part_charge": charge}, jets.axis[:, 0])
    path = write_jets(tmp_path / "a.root", jets, CLASSES)
    with uproot.open(path) as file:
        assert ak.to_numpy(ak.flatten(file["tree/part_charge"].array())).tolist() == charge.tolist()
        assert file["tree/weight"].array().to_list() == jets.axis[:, 0].tolist()
    assert_same(read_jets(path, CLASSES), jets)


def test_the_entries_of_a_tree_are_compared_with_its_branches(tmp_path, make_jets):
    path = write_jets(tmp_path / "a.root", make_jets(40), CLASSES)
    with uproot.open(path) as file:
        tree = file["tree"]
        start, stop = tree.cursor.index, tree.chunk.stop
    assert stop > start
    content = path.read_bytes()
    damaged = [
        content[:place] + (30).to_bytes(8, "big") + content[place + 8 :]
        for place in range(len(content) - 8)
        if content[place : place + 8] == (40).to_bytes(8, "big")
    ]
    assert damaged
    refused = 0
    for each in damaged:  # fEntries of the tree or of a branch, a basket's end
        path.write_bytes(each)
        try:
            jets = RootJets(path, JetSchema(CLASSES)).read()
        except ValueError as error:
            refused += "the file is damaged" in str(error) or "not a complete ROOT file" in str(error)
            continue
        assert len(jets) == 40
    assert refused


def test_a_file_that_shrinks_gives_no_short_batch(tmp_path, make_jets):
    path = write_jets(tmp_path / "a.root", make_jets(40), CLASSES)
    file = RootJets(path, JetSchema(CLASSES))
    write_jets(path, make_jets(30), CLASSES)
    with pytest.raises(ValueError, match="expected the jets 20:40, got 10: was it changed while it was read"):
        file.read(20, 40)


def test_rntuple_is_read(tmp_path, make_jets):
    """What ``file["tree"] = {…}`` writes since uproot 5.7."""
    jets = make_jets(7)
    with uproot.open(write_jets(tmp_path / "a.root", jets, CLASSES)) as file:
        arrays = file["tree"].arrays(library="ak")
    path = tmp_path / "b.root"
    with uproot.recreate(path) as file:
        file["tree"] = {name: arrays[name] for name in arrays.fields if name != "npart"}
    with uproot.open(path) as file:
        assert file.classnames() == {"tree;1": "ROOT::RNTuple"}
    read = RootJets(path, JetSchema(CLASSES)).read(2, 6)
    np.testing.assert_array_equal(read.p4, jets.select(np.arange(2, 6)).p4)
    assert find_schema(path)[1].classes == CLASSES


def test_four_zeros_are_padding(tmp_path, make_jets):
    jets = make_jets(5)
    with uproot.open(write_jets(tmp_path / "a.root", jets, CLASSES)) as file:
        arrays = file["tree"].arrays(library="ak")
    padded = {
        name: ak.concatenate([arrays[name], ak.zeros_like(arrays[name][:, :2])], axis=1)
        for name in arrays.fields if name.startswith("part_")
    }  # fmt: skip
    path = tmp_path / "b.root"
    with uproot.recreate(path) as file:
        file["tree"] = {**{name: arrays[name] for name in arrays.fields if name != "npart"}, **padded}
    read = RootJets(path, JetSchema(CLASSES)).read()
    np.testing.assert_array_equal(read.counts, jets.counts)
    np.testing.assert_array_equal(read.p4, jets.p4)
    copy = save_jets(tmp_path / "c.h5", read, JetSchema(CLASSES))
    np.testing.assert_array_equal(open_jet_file(copy, JetSchema(CLASSES)).read().p4, jets.p4)


def test_what_float32_cannot_hold_is_not_finite(tmp_path, make_jets):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        one = ak.Array([[1e39], [1.0]])
        file["tree"] = {**dict.fromkeys(("part_energy", "part_px", "part_py", "part_pz"), one),
                        **{f"label_{name}": np.array([1, 0]) == i for i, name in enumerate(CLASSES)}}  # fmt: skip
    with pytest.raises(ValueError, match=r"part_energy has the value 1e\+39 in jet 0"):
        RootJets(path, JetSchema(CLASSES)).read()


def test_a_message_is_no_list_of_a_thousand_branches(tmp_path):
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("tree", {f"HLT_path_number_{i}": "i1" for i in range(1500)}).extend(
            {f"HLT_path_number_{i}": np.zeros(2, np.int8) for i in range(1500)}
        )
    with pytest.raises(ValueError, match=r"lacks the branches .*it has .* and 1488 more") as caught:
        RootJets(tmp_path / "a.root", JetSchema())
    assert len(str(caught.value)) < 1000


def test_a_few_bytes_do_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_MUCH", 1 << 20)
    zeros = ak.unflatten(np.zeros(400_000, np.float32), np.full(20, 20_000))
    with uproot.recreate(tmp_path / "a.root", compression=uproot.LZMA(9)) as file:
        file.mktree("tree", dict.fromkeys(P4, "var * float32")).extend(dict.fromkeys(P4, zeros))
    with pytest.raises(ValueError, match=r"the branch part_energy would unpack from \d+ to \d+ bytes"):
        RootJets(tmp_path / "a.root", JetSchema(labelled=False))
