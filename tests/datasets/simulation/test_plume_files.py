from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file

from pyg_liesym.cli.main import main
from pyg_liesym.datasets.simulation import plume_files as module
from pyg_liesym.datasets.simulation.plume import PlumeFrames
from pyg_liesym.datasets.simulation.plume_files import plume_files, recipe_name, write_plumes
from pyg_liesym.datasets.simulation.plume_settings import Plumes

RECIPE = Path(__file__).parents[3] / "datasets" / "smoke_plume" / "config.yaml"


def still_air(plumes: Plumes, frames: int, **_: object) -> PlumeFrames:
    """Stands in for the simulation where only the files matter: the velocity is the place of the inflow."""
    velocity = np.broadcast_to(plumes.inflow[:, None, :, None, None], (len(plumes), frames, 2, *plumes.resolution))
    return PlumeFrames(velocity.astype(np.float32), np.zeros((len(plumes), frames, 1, *plumes.resolution), np.float32))


@pytest.fixture(autouse=True)
def without_phiflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "import_phiflow", lambda: None)
    monkeypatch.setattr(module, "simulate_plumes", still_air)


def test_files_hold_all_plumes_in_their_order(tmp_path: Path) -> None:
    files = write_plumes(tmp_path, "translation", resolution=8, frames=3, progress=False)
    assert files == plume_files(tmp_path, "translation")
    loaded = [load_file(path) for path in files]
    assert [len(chunk["velocity"]) for chunk in loaded] == [12, 12, 11]
    assert loaded[0]["velocity"].shape == (12, 3, 2, 8, 8)
    assert loaded[0]["smoke"].shape == (12, 3, 1, 8, 8)
    places = np.concatenate([chunk["velocity"][:, 0, :, 0, 0] for chunk in loaded])
    assert places[[0, 1, 34]].tolist() == [[8, 5], [8, 10], [56, 25]]
    assert json.loads((tmp_path / "recipe.json").read_text())["resolution"] == 8


def test_an_interrupted_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []

    def breaks(plumes: Plumes, frames: int, **options: object) -> PlumeFrames:
        if done:
            raise KeyboardInterrupt
        done.append(1)
        return still_air(plumes, frames)

    monkeypatch.setattr(module, "simulate_plumes", breaks)
    with pytest.raises(KeyboardInterrupt):
        write_plumes(tmp_path, "rotation", resolution=8, frames=2, progress=False)
    [first] = tmp_path.glob("*.safetensors")
    before = first.stat().st_mtime_ns
    monkeypatch.setattr(module, "simulate_plumes", still_air)
    files = write_plumes(tmp_path, "rotation", resolution=8, frames=2, progress=False)
    assert all(path.exists() for path in files)
    assert first.stat().st_mtime_ns == before


def test_a_folder_of_another_recipe_is_left_alone(tmp_path: Path) -> None:
    write_plumes(tmp_path, "graded", resolution=8, frames=2, progress=False)
    with pytest.raises(ValueError, match=r"holds plumes made with.*'frames': 2.*choose another folder"):
        write_plumes(tmp_path, "graded", resolution=8, frames=3, progress=False)
    with pytest.raises(ValueError, match="frames must be at least 1"):
        write_plumes(tmp_path, "graded", frames=0)
    (tmp_path / "recipe.json").write_text("{")
    with pytest.raises(ValueError, match=r"recipe\.json is damaged"):
        write_plumes(tmp_path, "graded", resolution=8, frames=2, progress=False)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    main(["simulate", "plume", "--setting", "graded", "--resolution", "8", "--frames", "2"])
    folder = Path("datasets/smoke_plume/raw") / recipe_name("graded", 8, 2)
    assert f"the plumes of graded in 4 files in {folder}" in capsys.readouterr().out
    assert len(list(folder.glob("*.safetensors"))) == 4
    with pytest.raises(SystemExit, match="2"):
        main(["simulate", "plume", "--setting", "spiral"])


def test_the_card_has_a_recipe_for_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(yaml.safe_load(RECIPE.read_text())) <= {"setting", "resolution", "frames", "folder"}
    monkeypatch.chdir(tmp_path)
    main(["simulate", "plume", "--config", str(RECIPE), "--frames", "1"])
    assert len(list(tmp_path.rglob("*.safetensors"))) == 3


def test_a_truncated_file_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first, *others = write_plumes(tmp_path, "translation", resolution=8, frames=3, progress=False)
    content, kept = first.read_bytes(), [path.stat().st_mtime_ns for path in others]
    for size in (0, 5, len(content) - 1):
        first.write_bytes(content[:size])
        write_plumes(tmp_path, "translation", resolution=8, frames=3, progress=False)
        assert first.read_bytes() == content
        assert f"{first} is made again" in caplog.text
        caplog.clear()
    assert [path.stat().st_mtime_ns for path in others] == kept
