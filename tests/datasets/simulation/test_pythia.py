import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.io.root_writer import write_jets
from pyg_liesym.datasets.simulation import pythia as module
from pyg_liesym.datasets.simulation.pythia import CLASSES, generate_jets

EXTRA = ("pythia8mc", "fastjet", "vector")
pytestmark = pytest.mark.skipif(not all(map(find_spec, EXTRA)), reason="the extra `jets` is not installed")


def assert_same(left, right):
    for name in ("p4", "plane", "offsets", "axis", "label"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)


@pytest.fixture(scope="module")
def jets():
    return generate_jets(60, (11,))


@pytest.fixture(scope="module")
def masses(jets):
    total = np.add.reduceat(jets.p4.astype(np.float64), jets.offsets[:-1])
    return np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(-1))


def test_jets_are_in_the_window_and_balanced(jets):
    assert np.bincount(jets.label).tolist() == [30, 30]
    assert ((jets.axis[:, 0] > 550) & (jets.axis[:, 0] < 650)).all()
    assert (np.abs(jets.axis[:, 1]) < 2).all()
    assert (jets.counts > 1).all()
    assert (jets.counts <= 200).all()


def test_classes_are_mixed(jets):
    assert 5 < jets.label[:30].sum() < 25


def test_a_share_of_tops():
    assert np.bincount(generate_jets(6, (11,), num_signal=1).label).tolist() == [5, 1]
    with pytest.raises(ValueError, match="num_signal must be between 0 and num_jets=6, got 7"):
        generate_jets(6, num_signal=7)


def test_constituents_make_the_jet(jets):
    total = np.add.reduceat(jets.p4.astype(np.float64), jets.offsets[:-1])
    np.testing.assert_allclose(np.hypot(total[:, 1], total[:, 2]), jets.axis[:, 0], rtol=1e-5)
    np.testing.assert_allclose(total[:, 0], jets.axis[:, 3], rtol=1e-5)
    np.testing.assert_allclose(np.arctan2(total[:, 2], total[:, 1]), jets.axis[:, 2], atol=1e-5)


def test_constituents_are_sorted_and_near_the_axis(jets):
    pt = np.hypot(jets.p4[:, 1], jets.p4[:, 2])
    first = np.zeros(len(pt), bool)
    first[jets.offsets[:-1]] = True
    assert (np.diff(pt) <= 0)[~first[1:]].all()
    rapidity = np.arctanh(jets.p4[:, 3].astype(np.float64) / jets.p4[:, 0])
    axis = np.repeat(jets.axis.astype(np.float64), jets.counts, axis=0)
    axis_pz = axis[:, 0] * np.sinh(axis[:, 1])
    apart = np.hypot(rapidity - np.arctanh(axis_pz / axis[:, 3]), jets.plane[:, 1])
    assert np.quantile(apart, 0.99) < 0.85  # anti-kT's circle, up to soft particles shared between near jets


def test_constituents_are_massless(jets):
    p4 = jets.p4.astype(np.float64)
    np.testing.assert_allclose(p4[:, 0], np.linalg.norm(p4[:, 1:], axis=1), rtol=3e-7)


def test_without_a_detector_constituents_are_known_particles():
    p4 = generate_jets(20, (11,), detector="none", multiple_interactions=False).p4.astype(np.float64)
    mass2 = p4[:, 0] ** 2 - (p4[:, 1:] ** 2).sum(-1)
    known = np.array([0.0, 0.000511, 0.10566, 0.13957, 0.49368, 0.49761, 0.93827, 0.93957, 1.11568]) ** 2
    strange_baryons = 1.7**2
    off = np.abs(mass2[:, None] - known).min(-1)
    rounding = 4e-7 * p4[:, 0] ** 2
    assert ((off < rounding + 1e-3) | ((mass2 > 1.1) & (mass2 < strange_baryons))).mean() > 0.995


def test_an_unknown_detector():
    with pytest.raises(ValueError, match=r"detector must be one of .*'delphes-3.3'.*got 'CMS'"):
        generate_jets(2, detector="CMS")


def test_top_jets_weigh_a_top(jets, masses):
    top, qcd = masses[jets.label == 1], masses[jets.label == 0]
    assert 160 < np.median(top) < 190
    assert np.mean((top > 130) & (top < 230)) > 0.7
    assert np.median(qcd) < 130


def test_the_plane_is_that_of_the_file_format(tmp_path, jets):
    computed = read_jets(write_jets(tmp_path / "a.root", jets, CLASSES, plane=False), CLASSES)
    np.testing.assert_allclose(computed.plane, jets.plane, atol=2e-5)


def test_the_seed_decides():
    once, again, other = (generate_jets(4, key) for key in [(1, 2), (1, 2), (1, 3)])
    assert_same(once, again)
    assert once.p4.shape != other.p4.shape or (once.p4 != other.p4).any()


def test_the_size_of_the_batches_does_not_matter(monkeypatch):
    once = generate_jets(6, (5,))
    monkeypatch.setattr(module, "_EVENTS_PER_BATCH", 2)
    assert_same(once, generate_jets(6, (5,)))


def test_nothing_is_printed():
    code = "from pyg_liesym.datasets.simulation.pythia import generate_jets; generate_jets(1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
