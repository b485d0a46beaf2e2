import h5py
import numpy as np
import pytest

from pyg_liesym.datasets.io.jet_files import open_jet_file, save_jets
from pyg_liesym.datasets.io.lorentznet import PaddedJets
from pyg_liesym.datasets.io.schema import JetSchema

SCHEMA = JetSchema(classes=("QCD", "Tbqq"))


def test_equal_to_plain_h5py_bit_for_bit(tmp_path, make_jets, write_lorentznet):
    path = write_lorentznet(tmp_path / "a.h5", make_jets(30))
    read = PaddedJets(path, SCHEMA).read()
    with h5py.File(path) as file:
        momenta, counts, labels = file["Pmu"][:], file["Nobj"][:], file["is_signal"][:]
    for j in range(30):
        rows = read.p4[read.offsets[j] : read.offsets[j + 1]]
        np.testing.assert_array_equal(rows, momenta[j, : counts[j]].astype(np.float32))
    np.testing.assert_array_equal(read.label, labels)


def test_beams_are_left_out(tmp_path, make_jets, write_lorentznet):
    jets = make_jets(10)
    path = write_lorentznet(tmp_path / "a.h5", jets, slots=202)
    with h5py.File(path, "r+") as file:
        # as the conversion adds them: in the last rows, counted in Nobj
        momenta, counts = file["Pmu"][:], file["Nobj"][:]
        momenta[:, 200:] = [[1, 0, 0, 1], [1, 0, 0, -1]]
        label = (np.arange(202) < counts[:, None]).astype(np.int16)
        label[:, 200:] = -1
        file["Pmu"][:], file["Nobj"][:], file["label"] = momenta, np.where(np.arange(10) < 5, 202, counts + 2), label
    np.testing.assert_array_equal(PaddedJets(path, SCHEMA).read().p4, jets.p4)


def test_particle_columns_and_weights(tmp_path, make_jets, write_lorentznet):
    jets = make_jets(4)
    d0 = np.random.default_rng(0).normal(size=(4, 200))
    weight = np.array([1.0, 2.0, 3.0, -1.0])
    path = write_lorentznet(tmp_path / "a.h5", jets, part_d0val=d0, weight=weight)
    read = PaddedJets(path, JetSchema(particle=("part_d0val",), weight="weight")).read(1, 3)
    expected = np.concatenate([d0[j, : jets.counts[j]] for j in (1, 2)]).astype(np.float32)
    np.testing.assert_array_equal(read.particle["part_d0val"], expected)
    assert read.weight.tolist() == [2.0, 3.0]


def test_a_jet_dataset_of_others_is_not_taken_for_the_axis(tmp_path, make_jets, write_lorentznet):
    jets = make_jets(4)
    path = write_lorentznet(tmp_path / "a.h5", jets, jet=np.ones((4, 4)), plane=np.ones((4, 200, 2)))
    read = PaddedJets(path, SCHEMA).read()
    np.testing.assert_allclose(read.axis, jets.axis, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(read.plane, jets.plane, atol=2e-5)


def test_wrong_shapes_and_missing_datasets(tmp_path, make_jets, write_lorentznet):
    path = write_lorentznet(tmp_path / "a.h5", make_jets(4), weight=np.ones(3), other=np.ones((4, 5)))
    for schema in (JetSchema(weight="weight"), JetSchema(particle=("other",))):
        with pytest.raises(ValueError, match=r"expected Pmu \[J, N, 4\].*got \{'(weight|other)'"):
            PaddedJets(path, schema)
    with pytest.raises(ValueError, match=r"a\.h5 lacks the datasets \['part_charge'\], it has \['Nobj', 'Pmu'"):
        PaddedJets(path, JetSchema(particle=("part_charge",)))


@pytest.mark.parametrize("count", [-1, 201])
def test_wrong_counts(tmp_path, make_jets, write_lorentznet, count):
    path = write_lorentznet(tmp_path / "a.h5", make_jets(4))
    with h5py.File(path, "r+") as file:
        file["Nobj"][2] = count
    with pytest.raises(ValueError, match=rf"expected 0 <= Nobj <= 200, got {count} in jet 2"):
        PaddedJets(path, SCHEMA).read(1)


def test_classes_of_our_own_files_are_matched_by_name(tmp_path, make_jets):
    jets = make_jets(8)
    path = save_jets(tmp_path / "a.h5", jets, SCHEMA)
    np.testing.assert_array_equal(open_jet_file(path, JetSchema(classes=("Tbqq", "QCD"))).read().label, 1 - jets.label)
    with pytest.raises(ValueError, match=r"a\.h5 has the classes \['QCD', 'Tbqq'\], not all of \['gluon', 'quark'\]"):
        open_jet_file(path, JetSchema(classes=("gluon", "quark"))).read()


@pytest.mark.parametrize(("counts", "energies"), [(lambda n: n + 1, None), (lambda n: n - 1, None), (None, 0.0)])
def test_counts_are_compared_with_the_rows(tmp_path, make_jets, write_lorentznet, counts, energies):
    path = write_lorentznet(tmp_path / "a.h5", make_jets(6))
    with h5py.File(path, "r+") as file:
        if counts is not None:
            file["Nobj"][3] = counts(file["Nobj"][3])
        else:
            file["Pmu"][3] = energies  # as where HDF5 has lost a chunk
    file = PaddedJets(path, SCHEMA)
    assert len(file.read(0, 3)) == 3
    with pytest.raises(ValueError, match=r"a\.h5: expected \d+ constituents, .* in jet 3 \(1 such jets\)"):
        file.read(2, 5)


def test_a_lost_chunk_is_damage(tmp_path, make_jets):
    path = save_jets(tmp_path / "a.h5", make_jets(600), SCHEMA)
    with h5py.File(path, "r+") as file:
        pmu = file["Pmu"][:]
        del file["Pmu"]
        file.create_dataset("Pmu", pmu.shape, np.float32, chunks=(256, *pmu.shape[1:]))[:256] = pmu[:256]
    with pytest.raises(ValueError, match=r"a\.h5: the dataset /Pmu has 1 of its 3 chunks: it is damaged"):
        open_jet_file(path, SCHEMA)


def test_single_bits_of_our_files_are_noticed_or_do_no_harm(tmp_path, make_jets):
    """What HDF5 says about the file carries checksums; the jets of a damaged file are the same or refused."""
    path = save_jets(tmp_path / "a.h5", make_jets(40), SCHEMA)
    whole, content = open_jet_file(path, SCHEMA).read(), path.read_bytes()
    generator, harm, refused = np.random.default_rng(0), 0, 0
    for place in generator.integers(min(len(content), 6000), size=150):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(generator.integers(8))
        path.write_bytes(damaged)
        try:
            read = open_jet_file(path, SCHEMA).read()
        except (ValueError, OSError):
            refused += 1
            continue
        harm += not all(
            np.array_equal(getattr(read, name), getattr(whole, name)) for name in ("p4", "offsets", "label")
        )
    assert refused > 20
    assert harm == 0
