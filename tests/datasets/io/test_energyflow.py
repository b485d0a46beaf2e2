import pickle
from dataclasses import replace

import numpy as np
import pytest

from pyg_liesym.datasets.io.energyflow import PARTICLES, EnergyFlowJets
from pyg_liesym.datasets.io.schema import JetSchema

SCHEMA = JetSchema(classes=("gluon", "quark"), particle=("part_pid", "part_charge"))


def test_four_momenta_are_those_of_vector(tmp_path, write_energyflow):
    vector = pytest.importorskip("vector")
    path, x, y = write_energyflow(tmp_path / "a.npz")
    jets = EnergyFlowJets(path, SCHEMA).read()
    np.testing.assert_array_equal(jets.label, y)
    for j in range(len(x)):
        rows = x[j][x[j, :, 0] > 0][::-1]  # the file has them by rising pT
        p4 = jets.p4[jets.offsets[j] : jets.offsets[j + 1]].astype(np.float64)
        found = vector.array({"px": p4[:, 1], "py": p4[:, 2], "pz": p4[:, 3], "E": p4[:, 0]})
        np.testing.assert_allclose(found.pt, rows[:, 0], rtol=1e-6)
        np.testing.assert_allclose(found.rapidity, rows[:, 1], atol=1e-6, rtol=1e-6)
        np.testing.assert_allclose(found.phi, rows[:, 2], atol=1e-6)
        mass = np.array([PARTICLES[abs(int(pid))][0] for pid in rows[:, 3]])
        np.testing.assert_allclose(found.mass2, mass**2, atol=1e-6 * p4[:, 0].max() ** 2)
        own = slice(jets.offsets[j], jets.offsets[j + 1])
        np.testing.assert_array_equal(jets.particle["part_pid"][own], rows[:, 3])


def test_charge_follows_from_the_pdg_id(tmp_path, write_energyflow):
    path, _, _ = write_energyflow(tmp_path / "a.npz")
    jets = EnergyFlowJets(path, SCHEMA).read()
    pid, charge = jets.particle["part_pid"], jets.particle["part_charge"]
    assert set(charge[pid == 211]) == set(charge[pid == -11]) == set(charge[pid == 2212]) == {1.0}
    assert set(charge[pid == -211]) == set(charge[pid == 11]) == set(charge[pid == -321]) == {-1.0}
    assert set(charge[np.isin(pid, [22, 130, 2112, -2112])]) == {0.0}


def test_masses_and_charges_are_those_of_pythia():
    pythia8mc = pytest.importorskip("pythia8mc")
    data = pythia8mc.Pythia("", False).particleData
    for pid, (mass, charge) in PARTICLES.items():
        assert data.m0(pid) == pytest.approx(mass, abs=2e-5)
        assert data.chargeType(pid) == 3 * charge


def test_ranges_forwards_and_backwards(tmp_path, write_energyflow):
    path, _, _ = write_energyflow(tmp_path / "a.npz", num_jets=50)
    file = EnergyFlowJets(path, SCHEMA)
    whole = file.read()
    for start, stop in [(0, 10), (10, 30), (5, 7), (30, 50), (49, 50), (0, 0), (0, 50)]:
        part = file.read(start, stop)
        np.testing.assert_array_equal(part.p4, whole.select(np.arange(start, stop)).p4)
    file.read(3, 4)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(file)).read(7, 9).p4, whole.select(np.array([7, 8])).p4)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, np.nan, "pT has the value nan in jet 3"),
        (0, -1.0, "pT has the value -1.0 in jet 3"),
        (1, np.inf, "has the value inf in jet 3"),
        (2, np.nan, "px has the value nan in jet 3"),
        (3, 5.0, r"the PDG ids \[5.0\] have no known mass \(jet 3\)"),
        (3, np.nan, r"the PDG ids \[nan\] have no known mass \(jet 3\)"),
        (3, 211.5, r"the PDG ids \[211.5\]"),
    ],
)
def test_wrong_values(tmp_path, write_energyflow, column, value, message):
    path, x, y = write_energyflow(tmp_path / "a.npz")
    x[3, 0, column] = value
    np.savez_compressed(path, X=x, y=y)
    with pytest.raises(ValueError, match=rf"a\.npz.*{message}"):
        EnergyFlowJets(path, SCHEMA).read(1)


def test_wrong_values_are_given_out_where_they_are_to_be_counted(tmp_path, write_energyflow):
    path, x, y = write_energyflow(tmp_path / "a.npz")
    for jet, column, value in [(1, 0, np.nan), (2, 0, -3.0), (3, 1, np.inf), (4, 3, np.nan), (5, 3, 5.0)]:
        x[jet, 0, column] = value
    np.savez_compressed(path, X=x, y=y)
    with np.errstate(all="ignore"):
        jets = EnergyFlowJets(path, replace(SCHEMA, strict=False)).read()
    bad = {int(j): int((~np.isfinite(jets.select(np.array([j])).p4)).any(1).sum()) for j in range(len(jets))}
    assert {j: count for j, count in bad.items() if count} == {1: 1, 3: 1, 4: 1, 5: 1}
    negative = jets.p4[:, 0] < 0
    assert np.repeat(np.arange(len(jets)), jets.counts)[negative].tolist() == [2]


def test_wrong_arrays(tmp_path, write_energyflow):
    path, x, y = write_energyflow(tmp_path / "a.npz")
    for arrays, message in [
        ({"X": x}, r"expected the arrays p4, or X and y of EnergyFlow, got \['X'\]"),
        ({"X": x[..., :3], "y": y}, r"expected real X \[J, M, 4\] and y \[J\], got \(20, 30, 3\)"),
        ({"X": x, "y": y[1:]}, r"expected real X \[J, M, 4\] and y \[J\]"),
        ({"X": x[:0], "y": y[:0]}, "has no jets"),
        ({"X": x.astype(object), "y": y}, r"expected real X \[J, M, 4\]"),
        ({"X": x, "y": y.astype(object)}, "y: expected real numbers, got object"),
    ]:
        np.savez(path, **arrays)
        with pytest.raises(ValueError, match=rf"a\.npz.*{message}"):
            EnergyFlowJets(path, SCHEMA)


def test_columns_that_it_does_not_have(tmp_path, write_energyflow):
    path, _, _ = write_energyflow(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"has no columns \['part_d0val', 'weight'\].*'part_pid', 'part_charge'"):
        EnergyFlowJets(path, JetSchema(particle=("part_d0val",), weight="weight"))
