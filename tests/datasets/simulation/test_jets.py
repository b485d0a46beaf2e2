import inspect
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml

from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.simulation import jets as module
from pyg_liesym.datasets.simulation.jets import CLASSES, generate_jets, simulate_jets

EXTRA = ("pythia8mc", "fastjet", "vector")
needs_generators = pytest.mark.skipif(not all(map(find_spec, EXTRA)), reason="the extra `jets` is not installed")
RECIPE = Path(__file__).parents[3] / "datasets" / "jets" / "config.yaml"


def assert_same(left, right):
    for name in ("p4", "plane", "offsets", "axis", "label"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name), err_msg=name)


def quick_chunk(num_jets, key, **_):
    """Stands in for Pythia where only the files matter."""
    rng = np.random.default_rng(key)
    vector = rng.normal(size=(num_jets, 4)).astype(np.float32) + np.array([9, 0, 0, 0], np.float32)
    return module.JetArrays(
        vector, vector[:, :2], np.arange(num_jets + 1), vector, rng.integers(0, 2, num_jets).astype(np.int64)
    )


@pytest.fixture(scope="module")
def jets():
    return generate_jets(120, (11,))


@pytest.fixture(scope="module")
def masses(jets):
    total = np.add.reduceat(jets.p4.astype(np.float64), jets.offsets[:-1])
    return np.sqrt(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(-1))


@needs_generators
def test_jets_are_in_the_window_and_balanced(jets):
    assert np.bincount(jets.label).tolist() == [60, 60]
    assert ((jets.axis[:, 0] > 550) & (jets.axis[:, 0] < 650)).all()
    assert (np.abs(jets.axis[:, 1]) < 2).all()
    assert (jets.counts > 1).all()
    assert (jets.counts <= 200).all()


@needs_generators
def test_classes_are_mixed(jets):
    assert 15 < jets.label[:60].sum() < 45


@needs_generators
def test_constituents_make_the_jet(jets):
    total = np.add.reduceat(jets.p4.astype(np.float64), jets.offsets[:-1])
    np.testing.assert_allclose(np.hypot(total[:, 1], total[:, 2]), jets.axis[:, 0], rtol=1e-5)
    np.testing.assert_allclose(total[:, 0], jets.axis[:, 3], rtol=1e-5)
    np.testing.assert_allclose(np.arctan2(total[:, 2], total[:, 1]), jets.axis[:, 2], atol=1e-5)


@needs_generators
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


@needs_generators
def test_constituents_are_known_particles(jets):
    p4 = jets.p4.astype(np.float64)
    mass2 = p4[:, 0] ** 2 - (p4[:, 1:] ** 2).sum(-1)
    known = np.array([0.0, 0.000511, 0.10566, 0.13957, 0.49368, 0.49761, 0.93827, 0.93957, 1.11568]) ** 2
    strange_baryons = 1.7**2
    off = np.abs(mass2[:, None] - known).min(-1)
    rounding = 4e-7 * p4[:, 0] ** 2
    assert ((off < rounding + 1e-3) | ((mass2 > 1.1) & (mass2 < strange_baryons))).mean() > 0.995


@needs_generators
def test_top_jets_weigh_a_top(jets, masses):
    top, qcd = masses[jets.label == 1], masses[jets.label == 0]
    assert 165 < np.median(top) < 185
    assert np.mean((top > 140) & (top < 210)) > 0.75
    assert np.median(qcd) < 110


@needs_generators
def test_the_plane_is_that_of_the_file_format(tmp_path, jets):
    computed = read_jets(module.write_jets(tmp_path / "a.root", jets, CLASSES, plane=False), CLASSES)
    np.testing.assert_allclose(computed.plane, jets.plane, atol=2e-5)


@needs_generators
def test_the_seed_decides():
    once, again, other = (generate_jets(4, key) for key in [(1, 2), (1, 2), (1, 3)])
    assert_same(once, again)
    assert once.p4.shape != other.p4.shape or (once.p4 != other.p4).any()


@needs_generators
def test_the_size_of_the_batches_does_not_matter(monkeypatch):
    once = generate_jets(6, (5,))
    monkeypatch.setattr(module, "_EVENTS_PER_BATCH", 2)
    assert_same(once, generate_jets(6, (5,)))


@needs_generators
def test_the_number_of_processes_does_not_matter(tmp_path):
    one = simulate_jets(tmp_path / "one", 4, seed=3, chunk_size=2, progress=False)
    two = simulate_jets(tmp_path / "two", 4, seed=3, chunk_size=2, num_workers=2, progress=False)
    assert [path.name for path in one] == [path.name for path in two]
    assert_same(read_jets(one, CLASSES), read_jets(two, CLASSES))


@needs_generators
def test_nothing_is_printed():
    code = "from pyg_liesym.datasets.simulation.jets import generate_jets; generate_jets(1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    made = []

    def chunk(num_jets, key, **options):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(key)
        return quick_chunk(num_jets, key)

    monkeypatch.setattr(module, "_import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", chunk)
    with pytest.raises(KeyboardInterrupt):
        simulate_jets(tmp_path / "a", 10, chunk_size=3, progress=False)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "a").glob("*.root")}
    files = simulate_jets(tmp_path / "a", 10, chunk_size=3, progress=False)
    assert [path.name for path in files] == [f"jets_{index:05d}.root" for index in range(4)]
    assert before == {name: (tmp_path / "a" / name).stat().st_mtime_ns for name in before}
    whole = simulate_jets(tmp_path / "b", 10, chunk_size=3, progress=False)
    assert_same(read_jets(files, CLASSES), read_jets(whole, CLASSES))
    assert len(read_jets(files, CLASSES)) == 10


def test_more_jets_are_added(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    few = read_jets(simulate_jets(tmp_path, 4, chunk_size=3, progress=False), CLASSES)
    more = read_jets(simulate_jets(tmp_path, 9, chunk_size=3, progress=False), CLASSES)
    assert (len(few), len(more)) == (4, 9)
    np.testing.assert_array_equal(more.p4[:3], few.p4[:3])


def test_a_folder_of_another_recipe_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    simulate_jets(tmp_path, 6, chunk_size=3, progress=False)
    with pytest.raises(ValueError, match=r"made with.*'seed': 0.*choose another folder"):
        simulate_jets(tmp_path, 6, chunk_size=3, seed=1, progress=False)
    with pytest.raises(ValueError, match="1 files more than asked for"):
        simulate_jets(tmp_path, 3, chunk_size=3, progress=False)
    assert json.loads((tmp_path / "recipe.json").read_text())["seed"] == 0


@pytest.mark.parametrize("name", ["num_jets", "num_workers", "chunk_size", "max_constituents"])
def test_numbers_must_be_positive(tmp_path, name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        simulate_jets(tmp_path, **({"num_jets": 5} | {name: 0}))


@pytest.mark.parametrize("missing", EXTRA)
def test_a_missing_extra_is_named(tmp_path, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r"pip install 'pyg-liesym\[jets\]'"):
        simulate_jets(tmp_path / "a", 4)
    assert not (tmp_path / "a").exists()


def test_the_recipe_of_the_sample_names_real_settings():
    recipe = yaml.safe_load(RECIPE.read_text())
    assert set(recipe) <= set(inspect.signature(simulate_jets).parameters)
    assert recipe["num_jets"] == 4000
