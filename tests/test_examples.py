"""Every example runs, at its smallest, and does what it says."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("bench_"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs an example in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, *args: str) -> Any:
        spec = spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        return module.main(list(args))

    return run


def test_liegnn_in_your_pyg_pipeline(run: Callable[..., Any]) -> None:
    result = run("liegnn_in_your_pyg_pipeline", "--epochs", "1", "--graphs", "50")
    assert result["equivariance_error"] < 1e-10


def test_nbody_forecasting(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("nbody_forecasting", "--epochs", "1", "--orbits", "4", "--steps", "3")
    assert all(0 < distance < 10 for distance in result.values())
    assert (tmp_path / "rollout.png").stat().st_size > 1000


def test_symmetry_of_your_arrays(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("symmetry_of_your_arrays", "--epochs", "1", "--orbits", "30")
    assert result["frames"].shape[0] == 10
    assert result["found"].algebra.n == 2
    assert {path.name for path in (tmp_path / "symmetry").iterdir()} >= {
        "basis.png",
        "findings.json",
        "metric.png",
        "symmetry.json",
    }


def test_symmetry_of_your_arrays_reads_files(run: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        run("symmetry_of_your_arrays", "x.npy")
    with pytest.raises(FileNotFoundError, match=r"no file x\.npy"):
        run("symmetry_of_your_arrays", "x.npy", "y.npy")


def test_algebra_from_a_paper(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("algebra_from_a_paper")
    assert str(result["name"]) == "so(1,3), conjugate"
    assert result["cosine"] > 0.999
    assert result["exact"] < 1e-10 < result["data"] < 0.1
    assert run("algebra_from_a_paper", "--noise", "0")["data"] < 1e-10


def test_forces_of_charges(run: Callable[..., Any]) -> None:
    results = run("forces_of_charges", "--epochs", "10", "--systems", "300")
    assert results["one vector"]["force error"] < 0.8
    assert results["one vector"]["energy error"] < 0.8
    assert all(errors["sum of the forces"] < 1e-4 for errors in results.values())


def test_learned_metric(run: Callable[..., Any]) -> None:
    result = run("learned_metric", "--starts", "2", "--first-steps", "3", "--steps", "3")
    assert bool((result["J"] == result["J"].T).all())
    assert float(result["J"].norm()) == pytest.approx(2.0)
    assert -1 <= result["cosine"] <= 1


def test_how_broken_is_my_symmetry(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("how_broken_is_my_symmetry", "--steps", "3")
    assert max(result["broken"]["data"]) > 0.1
    assert max(result["broken"]["strict"]) < 1e-5
    assert result["graph"] < 1e-5
    assert result["strict"]["relaxation"] == [0.0, 0.0]
    assert (tmp_path / "symmetry.png").stat().st_size > 1000
    assert max(run("how_broken_is_my_symmetry", "--steps", "0", "--wind", "0")["broken"]["data"]) < 1e-5


def test_jet_in_the_plane(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("jet_in_the_plane", "--steps", "3")
    for name in ("fresh", "made strict"):
        assert result[f"{name}, equivariance error"] < 1e-5
        assert result[f"{name}, relaxation"] == 0
    assert result["trained, equivariance error"] > 1e-3
    assert result["trained, relaxation"] > 1e-3
    assert (tmp_path / "jet.png").stat().st_size > 1000


@pytest.mark.skipif(find_spec("phi") is None, reason="the extra `fluids` is not installed")
def test_plume_on_a_mesh(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("plume_on_a_mesh", "--steps", "3", "--frames", "3")
    assert result["strict"]["relaxation"] == [0.0, 0.0, 0.0]
    assert all(0 < share < 1 for share in result["relaxed"]["relaxation"])
    assert all(0 < result[name]["error"] < 10 for name in ("strict", "relaxed"))
    assert (tmp_path / "plume.png").stat().st_size > 1000


MUONS = FOLDER.parents[1] / "shared" / "data" / "muons" / "zmumu_3000.npz"


def test_symmetry_in_real_data(run: Callable[..., Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("symmetry_in_real_data", "muons", "--muons", "none.npz") == {}
    assert "muons: left out." in capsys.readouterr().out
    jets = run("symmetry_in_real_data", "jets")["jets"]
    assert jets.verdict.headline.startswith("FOUND  so(1,3) + scaling: it keeps the quadrics")


@pytest.mark.skipif(not MUONS.exists(), reason="the real muons are not there")
def test_symmetry_in_real_muons(run: Callable[..., Any]) -> None:
    found = run("symmetry_in_real_data", "muons", "--muons", str(MUONS))["muons"]
    assert found.verdict.headline.startswith("FOUND  so(1,3)")


@pytest.mark.skipif(find_spec("jplephem") is None, reason="the extra `solar` is not installed")
def test_symmetry_of_real_planets(run: Callable[..., Any]) -> None:
    found = run("symmetry_in_real_data", "planets")["planets"]
    assert found.verdict.headline.startswith("FOUND  so(3)")


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_short_and_explained(name: str) -> None:
    source = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert source.count("\n") <= 120
    assert f"python examples/{name}.py" in source
    assert f"({name}.py)" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"def test_{name}(" in Path(__file__).read_text(encoding="utf-8")
