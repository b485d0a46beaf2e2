"""What holds for files of jets in every format."""

import itertools
import os
import pickle
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from pyg_liesym.datasets.io.jet_arrays import JetArrays, concatenate_jets
from pyg_liesym.datasets.io.jet_files import jet_writer, open_jet_file, save_jets
from pyg_liesym.datasets.io.schema import JetSchema

JETCLASS_II = Path(__file__).parents[4] / "shared" / "data" / "jetclass2" / "JetClassII_example.root"
FORMATS = ("root", "hdf5", "pandas", "lorentznet", "energyflow")
COLUMNS = ("part_charge", "part_d0val")


def with_columns(jets, seed=0):
    rng = np.random.default_rng(seed)
    particle = {name: rng.normal(size=len(jets.p4)).astype(np.float32) for name in COLUMNS}
    weight = rng.normal(size=len(jets)).astype(np.float32)
    return JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, jets.label, particle, weight)


def of_counts(make_jets, counts):
    """Jets with the given numbers of constituents, each with an axis that fits, and a zero one for an empty jet."""
    parts = []
    for seed, count in enumerate(counts):
        one = next(jets for s in itertools.count(seed) if (jets := make_jets(1, s, 600)).counts[0] >= max(count, 1))
        parts.append(one.truncate(count))
    return concatenate_jets(parts)


@pytest.fixture
def write(write_top_tagging, write_lorentznet, write_energyflow):
    """Writes jets in any format under its usual name."""

    def write(folder, form, jets):
        if form == "root":
            return save_jets(folder / "a.root", jets, JetSchema())
        if form == "hdf5":
            return save_jets(folder / "a.h5", jets, JetSchema())
        slots = max(200, int(jets.counts.max(initial=0)))
        if form == "pandas":
            return write_top_tagging(folder / "a.h5", jets, slots=slots)
        if form == "lorentznet":
            return write_lorentznet(folder / "a.h5", jets, slots=slots)
        x = np.zeros((len(jets), slots, 4))
        for j, (first, last) in enumerate(itertools.pairwise(jets.offsets)):
            _, px, py, pz = jets.p4[first:last].T.astype(np.float64)
            pt = np.hypot(px, py)
            x[j, : last - first] = np.stack([pt, np.arcsinh(pz / pt), np.arctan2(py, px), np.full(len(pt), 22)], -1)
        np.savez_compressed(folder / "a.npz", X=x, y=jets.label.astype(float))
        return folder / "a.npz"

    return write


def assert_same(left, right):
    for name in ("p4", "plane", "offsets", "axis", "label", "weight"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)
    assert list(left.particle) == list(right.particle)
    for name, values in left.particle.items():
        np.testing.assert_array_equal(values, right.particle[name], err_msg=name)


@pytest.mark.parametrize("form", FORMATS)
def test_ranges_are_those_of_the_whole_file(tmp_path, make_jets, write, form):
    file = open_jet_file(write(tmp_path, form, make_jets(30)))
    assert file.num_jets == 30
    whole = file.read()
    for start, stop in [(0, 30), (0, 1), (7, 19), (29, 30), (12, 12)]:
        assert_same(file.read(start, stop), whole.select(np.arange(start, stop)))
    assert_same(file.read(25), whole.select(np.arange(25, 30)))
    assert_same(pickle.loads(pickle.dumps(file)).read(3, 5), whole.select(np.array([3, 4])))
    for start, stop in [(-1, 3), (0, 31), (5, 4)]:
        with pytest.raises(ValueError, match=r"has 30 jets; expected 0 <= start <= stop <= 30"):
            file.read(start, stop)


@pytest.mark.parametrize("form", FORMATS)
def test_four_momenta_and_labels_in_every_format(tmp_path, make_jets, write, form):
    jets = make_jets(30)
    read = open_jet_file(write(tmp_path, form, jets)).read()
    # EnergyFlow has no energies: the constituents, written as photons, are read as massless
    columns = slice(1, 4) if form == "energyflow" else slice(0, 4)
    np.testing.assert_allclose(read.p4[:, columns], jets.p4[:, columns], rtol=0 if form != "energyflow" else 1e-6)
    np.testing.assert_array_equal(read.counts, jets.counts)
    np.testing.assert_array_equal(read.label, jets.label)


@pytest.mark.parametrize("form", FORMATS)
def test_without_labels(tmp_path, make_jets, write, form):
    file = open_jet_file(write(tmp_path, form, make_jets(5)), JetSchema(classes=("anything",), labelled=False))
    assert file.read().label.tolist() == [-1] * 5


@pytest.mark.parametrize("form", FORMATS)
def test_jets_without_with_one_and_with_500_constituents(tmp_path, make_jets, write, form):
    jets = of_counts(make_jets, [3, 0, 1, 500, 0])
    read = open_jet_file(write(tmp_path, form, jets)).read()
    assert read.counts.tolist() == [3, 0, 1, 500, 0]
    assert np.isfinite(read.axis).all()
    assert np.isfinite(read.plane).all()
    if form in ("pandas", "lorentznet", "energyflow"):  # ours has the axis
        assert read.axis[[1, 4]].tolist() == [[0.0] * 4] * 2


@pytest.mark.parametrize("form", FORMATS)
def test_no_jets(tmp_path, make_jets, write, form):
    path = write(tmp_path, form, make_jets(3).select(np.array([], dtype=np.int64)))
    with pytest.raises(ValueError, match=rf"{path.name}.* has no jets"):
        open_jet_file(path)


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "energyflow"])
@pytest.mark.parametrize(("component", "value"), [(0, np.nan), (0, -3.0), (2, np.inf), (3, -np.inf)])
def test_values_that_cannot_be(tmp_path, make_jets, write, form, component, value):
    jets = make_jets(8)
    jets.p4[jets.offsets[6], component] = value
    file = open_jet_file(write(tmp_path, form, jets))
    assert len(file.read(0, 6)) == 6
    with pytest.raises(ValueError, match=rf"{file.path.name}.* has the value {value} in jet 6, 1 bad in all"):
        file.read(4)
    counting = pickle.loads(pickle.dumps(open_jet_file(file.path, JetSchema(strict=False))))  # as a worker gets it
    with np.errstate(all="ignore"):
        found = counting.read().p4
    np.testing.assert_array_equal(np.sort(found[:, component]), np.sort(jets.p4[:, component]))


@pytest.mark.parametrize("form", FORMATS)
def test_files_cut_at_random_places(tmp_path, make_jets, write, form):
    path = write(tmp_path, form, make_jets(300))
    content = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(content), 20):
        path.write_bytes(content[:place])
        with pytest.raises(ValueError, match=path.name):
            open_jet_file(path).read()


@pytest.mark.parametrize("form", FORMATS)
def test_files_cut_after_they_were_opened(tmp_path, make_jets, write, form):
    path = write(tmp_path, form, make_jets(300))
    file = open_jet_file(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(ValueError, match=path.name):
        file.read()


@pytest.mark.parametrize("content", [b"", b"x", b"root", b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"text\n" * 100])
def test_other_content(tmp_path, content):
    path = tmp_path / "a.root"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.root"):
        open_jet_file(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*a\.root"):
        open_jet_file(tmp_path / "a.root")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        open_jet_file(tmp_path)


@pytest.mark.parametrize("suffix", ["root", "h5", "hdf5"])
@pytest.mark.parametrize("plane", [True, False])
def test_round_trip_with_particle_columns_and_weights(tmp_path, make_jets, suffix, plane):
    jets = with_columns(make_jets(40))
    schema = JetSchema(particle=COLUMNS, weight="weight")
    path = save_jets(tmp_path / f"a.{suffix}", jets, schema, plane=plane)
    read = open_jet_file(path, schema).read()
    if not plane:
        np.testing.assert_allclose(read.plane, jets.plane, atol=2e-6)
        read = JetArrays(read.p4, jets.plane, read.offsets, read.axis, read.label, read.particle, read.weight)
    assert_same(read, jets)
    only = open_jet_file(path, JetSchema(particle=COLUMNS[1:])).read(3, 9)
    np.testing.assert_array_equal(only.particle["part_d0val"], jets.select(np.arange(3, 9)).particle["part_d0val"])
    assert only.weight is None


@pytest.mark.parametrize("suffix", ["root", "h5"])
def test_particle_columns_follow_their_constituents_when_these_are_sorted(tmp_path, make_jets, suffix):
    jets = with_columns(make_jets(10))
    order = np.concatenate([np.arange(last - 1, first - 1, -1) for first, last in itertools.pairwise(jets.offsets)])
    particle = {name: values[order] for name, values in jets.particle.items()}
    reversed_ = JetArrays(jets.p4[order], jets.plane[order], jets.offsets, jets.axis, jets.label, particle)
    schema = JetSchema(particle=COLUMNS)
    read = open_jet_file(save_jets(tmp_path / f"a.{suffix}", reversed_, schema), schema).read()
    np.testing.assert_array_equal(read.p4, jets.p4)
    np.testing.assert_array_equal(read.plane, jets.plane)
    np.testing.assert_array_equal(read.particle["part_d0val"], jets.particle["part_d0val"])


@pytest.mark.parametrize("suffix", ["root", "h5"])
@pytest.mark.parametrize("name", COLUMNS)
def test_particle_columns_and_weights_must_be_finite(tmp_path, make_jets, suffix, name):
    jets = with_columns(make_jets(10))
    jets.particle[name][jets.offsets[4]] = np.nan
    jets.weight[7] = np.inf
    path = save_jets(tmp_path / f"a.{suffix}", jets, JetSchema(particle=COLUMNS, weight="w"))
    with pytest.raises(ValueError, match=rf"{name} has the value nan in jet 4"):
        open_jet_file(path, JetSchema(particle=(name,))).read(2)
    with pytest.raises(ValueError, match="w has the value inf in jet 7"):
        open_jet_file(path, JetSchema(weight="w")).read(5)
    assert len(open_jet_file(path).read()) == 10


@pytest.mark.parametrize("suffix", ["root", "h5"])
def test_columns_of_any_name(tmp_path, make_jets, suffix):
    jets = make_jets(6)
    values = np.arange(len(jets.p4), dtype=np.float32)
    jets = JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, jets.label, {"charge": values}, jets.axis[:, 0])
    schema = JetSchema(particle=("charge",), weight="mc_weight")
    path = save_jets(tmp_path / f"a.{suffix}", jets, schema)
    assert_same(open_jet_file(path, schema).read(), jets)
    assert {"charge", "mc_weight"} <= set(open_jet_file(path).columns)
    with pytest.raises(ValueError, match=r"cannot be called .*jet"):
        save_jets(tmp_path / f"b.{suffix}", jets, JetSchema(weight={"root": "jet_pt", "h5": "jet"}[suffix]))
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{suffix}"]


@pytest.mark.parametrize(("form", "names"), [
    ("root", {"part_px", "jet_pt", "label_QCD", "label_Tbqq"}),
    ("pandas", {"E_0", "PZ_199", "truthE", "ttv", "is_signal_new"}),
    ("lorentznet", {"Pmu", "Nobj", "is_signal", "mass"}),
    ("energyflow", {"part_pid", "part_charge"}),
])  # fmt: skip
def test_names_of_what_a_file_has(tmp_path, make_jets, write, form, names):
    assert names <= set(open_jet_file(write(tmp_path, form, make_jets(3)), JetSchema(labelled=False)).columns)


@pytest.mark.parametrize("suffix", ["root", "h5"])
def test_ten_classes(tmp_path, make_jets, suffix):
    classes = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
    jets = make_jets(40)
    label = np.arange(40) % 10
    jets = JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, label)
    path = save_jets(tmp_path / f"a.{suffix}", jets, JetSchema(classes=classes))
    assert_same(open_jet_file(path, JetSchema(classes=classes)).read(), jets)
    backwards = open_jet_file(path, JetSchema(classes=classes[::-1])).read()
    np.testing.assert_array_equal(backwards.label, 9 - label)


@pytest.mark.parametrize("suffix", ["root", "h5"])
def test_piece_by_piece_is_all_at_once(tmp_path, make_jets, suffix):
    schema = JetSchema(particle=COLUMNS, weight="weight")
    pieces = [with_columns(make_jets(count, seed, longest)) for seed, (count, longest) in
              enumerate([(10, 20), (1, 90), (30, 10), (5, 200)])]  # fmt: skip
    pieces.insert(2, pieces[0].select(np.array([], dtype=np.int64)))
    with jet_writer(tmp_path / "new" / f"a.{suffix}", schema) as writer:
        for piece in pieces:
            writer.extend(piece)
        assert writer.num_jets == 46
        assert not (tmp_path / "new" / f"a.{suffix}").exists()
    assert os.listdir(tmp_path / "new") == [f"a.{suffix}"]
    assert_same(open_jet_file(tmp_path / "new" / f"a.{suffix}", schema).read(), concatenate_jets(pieces))


@pytest.mark.parametrize("suffix", ["root", "h5"])
@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (JetSchema(particle=("part_dzval",)), r"lack the particle columns \['part_dzval'\], they have \['part_charge'"),
        (JetSchema(weight="weight"), "no weights to write as 'weight'"),
        (JetSchema(classes=("QCD",)), "labels must index"),
    ],
)
def test_jets_that_do_not_fit_leave_no_file(tmp_path, make_jets, suffix, schema, message):
    jets = with_columns(make_jets(10))
    jets = JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, jets.label, jets.particle)
    with pytest.raises(ValueError, match=message):
        save_jets(tmp_path / f"a.{suffix}", jets, schema)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["root", "h5"])
def test_an_error_while_writing_leaves_what_was_there(tmp_path, make_jets, suffix):
    path = save_jets(tmp_path / f"a.{suffix}", make_jets(3), JetSchema())
    content = path.read_bytes()

    def fail():
        with jet_writer(path, JetSchema()) as writer:
            writer.extend(make_jets(5))
            raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        fail()
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", ["root", "h5"])
def test_unlabelled_jets_are_written_without_labels(tmp_path, make_jets, suffix):
    jets = make_jets(5)
    unknown = JetArrays(jets.p4, jets.plane, jets.offsets, jets.axis, np.full(5, -1))
    path = save_jets(tmp_path / f"a.{suffix}", unknown, JetSchema(labelled=False))
    assert_same(open_jet_file(path, JetSchema(labelled=False)).read(), unknown)
    with pytest.raises(ValueError, match="lacks the"):
        open_jet_file(path)


def test_another_suffix(tmp_path, make_jets):
    with pytest.raises(ValueError, match=r"ends with \.root, \.h5 or \.hdf5, got 'a\.csv'"):
        save_jets(tmp_path / "a.csv", make_jets(2), JetSchema())


@pytest.mark.parametrize("arguments", [{"classes": ()}, {"classes": ("a", "a")}, {"particle": ("x", "x")}])
def test_wrong_schemas(arguments):
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} must have"):
        JetSchema(**arguments)


@pytest.mark.skipif(not JETCLASS_II.exists(), reason="the JetClass-II example file is not at hand")
def test_particle_columns_of_a_real_file(tmp_path):
    with uproot.open(JETCLASS_II) as file:
        plain = file["tree"].arrays()
    names = {int(value): f"class{value}" for value in plain.jet_label}
    columns = ("part_charge", "part_d0val", "part_dzval", "part_isMuon")
    schema = JetSchema(tuple(names.values()), names, particle=columns, weight="jet_sdmass")
    jets = open_jet_file(JETCLASS_II, schema).read(20, 90)
    for name in columns:
        expected = ak.to_numpy(ak.flatten(plain[name][20:90])).astype(np.float32)
        np.testing.assert_array_equal(jets.particle[name], expected)
    np.testing.assert_array_equal(jets.weight, ak.to_numpy(plain.jet_sdmass[20:90]))
    copy = JetSchema(schema.classes, particle=columns, weight="weight")
    for suffix in ("root", "h5"):
        assert_same(open_jet_file(save_jets(tmp_path / f"a.{suffix}", jets, copy), copy).read(), jets)


@pytest.mark.parametrize("suffix", [".root", ".h5"])
def test_labels_that_are_not_there(tmp_path, make_jets, suffix):
    path = save_jets(tmp_path / f"plain{suffix}", make_jets(3), JetSchema(labelled=False))
    with pytest.raises(ValueError, match="; it has no labels"):
        open_jet_file(path)
    assert open_jet_file(path, JetSchema(labelled=False)).read().label.tolist() == [-1] * 3
