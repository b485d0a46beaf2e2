import inspect
import json
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import yaml

from pyg_liesym.crew.crew import Crew
from pyg_liesym.crew.hiring import hire
from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.root import read_jets
from pyg_liesym.datasets.simulation import jets as module
from pyg_liesym.datasets.simulation.jets import simulate_jets
from pyg_liesym.datasets.simulation.pythia import CLASSES

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
    return JetArrays(
        vector, vector[:, :2], np.arange(num_jets + 1), vector, rng.integers(0, 2, num_jets).astype(np.int64)
    )


@needs_generators
def test_the_number_of_processes_does_not_matter(tmp_path):
    one = simulate_jets(tmp_path / "one", 4, seed=3, chunk_size=2, progress=False)
    two = simulate_jets(tmp_path / "two", 4, seed=3, chunk_size=2, num_workers=2, progress=False)
    assert [path.name for path in one] == [path.name for path in two]
    assert_same(read_jets(one, CLASSES), read_jets(two, CLASSES))


@needs_generators
def test_on_a_cluster_of_which_a_worker_is_lost(tmp_path, copied_workers):
    here = simulate_jets(tmp_path / "here", 4, seed=3, chunk_size=2, detector="none", progress=False)
    options = {"seed": 3, "chunk_size": 2, "detector": "none", "progress": False}
    with hire("local", 2) as cluster:
        there = simulate_jets(tmp_path / "there", 4, crew=_Killing(cluster), **options)
    assert [path.name for path in here] == [path.name for path in there]
    assert_same(read_jets(here, CLASSES), read_jets(there, CLASSES))
    assert sorted(path.suffix for path in (tmp_path / "there").iterdir()) == [".json", *[".root"] * 2]


class _Killing(Crew):
    """A cluster one worker of which is lost when the first task is done."""

    def __init__(self, cluster):
        self.cluster = cluster

    def do(self, work, tasks, report=print):
        for number, outcome in enumerate(self.cluster.do(work, tasks, report)):
            if number == 0:
                nannies = self.cluster._client.cluster.workers
                os.kill(nannies[0].pid, signal.SIGKILL)
            yield outcome


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    made = []

    def chunk(num_jets, key, **options):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(key)
        return quick_chunk(num_jets, key)

    monkeypatch.setattr(module, "import_generators", lambda: None)
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


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_made_again(tmp_path, monkeypatch, caplog, share):
    monkeypatch.setattr(module, "import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    files = simulate_jets(tmp_path, 400, chunk_size=200, progress=False)
    whole, kept = read_jets(files, CLASSES), files[1].stat().st_mtime_ns
    content = files[0].read_bytes()
    files[0].write_bytes(content[: int(share * len(content))])
    assert simulate_jets(tmp_path, 400, chunk_size=200, progress=False) == files
    assert_same(read_jets(files, CLASSES), whole)
    assert files[1].stat().st_mtime_ns == kept
    assert "jets_00000.root is made again" in caplog.text


def test_a_file_with_wrong_bytes_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    (file,) = simulate_jets(tmp_path, 200, chunk_size=200, progress=False)
    whole, content = read_jets(file, CLASSES), file.read_bytes()
    file.write_bytes(content.replace(b"7zXZ", b"nono"))  # where a compressed basket begins
    with pytest.raises(ValueError, match="not a complete ROOT file"):
        read_jets(file, CLASSES)
    simulate_jets(tmp_path, 200, chunk_size=200, progress=False)
    assert_same(read_jets(file, CLASSES), whole)


def test_more_jets_are_added(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    few = read_jets(simulate_jets(tmp_path, 4, chunk_size=3, progress=False), CLASSES)
    more = read_jets(simulate_jets(tmp_path, 9, chunk_size=3, progress=False), CLASSES)
    assert (len(few), len(more)) == (4, 9)
    np.testing.assert_array_equal(more.p4[:3], few.p4[:3])


def test_a_folder_of_another_recipe_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    simulate_jets(tmp_path, 6, chunk_size=3, progress=False)
    with pytest.raises(ValueError, match=r"made with.*'seed': 0.*choose another folder"):
        simulate_jets(tmp_path, 6, chunk_size=3, seed=1, progress=False)
    with pytest.raises(ValueError, match="1 files more than asked for"):
        simulate_jets(tmp_path, 3, chunk_size=3, progress=False)
    with pytest.raises(ValueError, match=r"'detector': 'delphes-3.3'.*asks for.*'detector': 'none'"):
        simulate_jets(tmp_path, 6, chunk_size=3, detector="none", progress=False)
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    with pytest.raises(ValueError, match="choose another folder"):
        simulate_jets(tmp_path, 6, chunk_size=3, progress=False)
    assert json.loads((tmp_path / "recipe.json").read_text())["seed"] == 0


@pytest.mark.parametrize(("fraction", "tops"), [(0.5, [1, 2, 1, 1]), (1 / 6, [0, 1, 0, 1]), (0.0, [0] * 4)])
def test_the_share_of_tops(tmp_path, monkeypatch, fraction, tops):
    asked = []

    def chunk(num_jets, key, *, num_signal, **_):
        asked.append(num_signal)
        return quick_chunk(num_jets, key)

    monkeypatch.setattr(module, "import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", chunk)
    simulate_jets(tmp_path, 11, chunk_size=3, signal_fraction=fraction, progress=False)
    assert asked == tops
    assert json.loads((tmp_path / "recipe.json").read_text())["signal_fraction"] == fraction
    with pytest.raises(ValueError, match="choose another folder"):
        simulate_jets(tmp_path, 11, chunk_size=3, signal_fraction=0.25, progress=False)
    with pytest.raises(ValueError, match=r"signal_fraction must be between 0 and 1, got 1\.5"):
        simulate_jets(tmp_path, 11, signal_fraction=1.5)


def test_a_recipe_from_before_there_were_shares(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "import_generators", lambda: None)
    monkeypatch.setattr(module, "generate_jets", quick_chunk)
    simulate_jets(tmp_path, 4, chunk_size=3, progress=False)
    note = tmp_path / "recipe.json"
    old = {name: value for name, value in json.loads(note.read_text()).items() if name != "signal_fraction"}
    note.write_text(json.dumps(old))
    assert len(simulate_jets(tmp_path, 7, chunk_size=3, progress=False)) == 3


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
