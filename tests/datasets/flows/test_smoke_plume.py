from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch_geometric.loader import DataLoader

from pyg_liesym.datasets import SmokePlume
from pyg_liesym.datasets.flows import smoke_plume as module
from pyg_liesym.datasets.simulation import plume_files
from pyg_liesym.datasets.simulation.plume import PlumeFrames
from pyg_liesym.datasets.simulation.plume_files import recipe_name
from pyg_liesym.datasets.simulation.plume_settings import Plumes, plume_batches

needs_phiflow = pytest.mark.skipif(find_spec("phi") is None, reason="the extra `fluids` is not installed")
SETTINGS = ("translation", "rotation", "graded", "wind", "shear")
SMALL = {"resolution": 4, "frames": 62, "history": 3, "horizon": 2}


def numbered(plumes: Plumes, frames: int, **_: object) -> PlumeFrames:
    """Stands in for the simulation: the velocity is (x of the inflow, number of the frame)."""
    velocity = np.empty((len(plumes), frames, 2, *plumes.resolution), np.float32)
    velocity[:, :, 0] = plumes.inflow[:, 0, None, None, None]
    velocity[:, :, 1] = np.arange(frames)[:, None, None]
    return PlumeFrames(velocity, velocity[:, :, :1])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plumes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plume_files, "import_phiflow", lambda: None)
        patch.setattr(plume_files, "simulate_plumes", numbered)
        for setting in SETTINGS:
            SmokePlume(str(root), setting, **SMALL)
    return root


def load(root: Path, setting: str = "translation", split: str = "train", **options: Any) -> SmokePlume:
    return SmokePlume(str(root), setting, split, **{**SMALL, **options})


def test_a_window_is_cut_out_of_the_frames(root: Path) -> None:
    dataset = load(root)
    item = dataset[41]
    assert (item.x.shape, item.y.shape) == ((1, 3, 2, 4, 4), (1, 2, 2, 4, 4))
    frames = dataset.velocity[item.simulation]
    assert torch.equal(item.x[0], frames[item.frame - 3 : item.frame])
    assert torch.equal(item.y[0], frames[item.frame : item.frame + 2])
    batch = next(iter(DataLoader(dataset, batch_size=5)))
    assert (batch.x.shape, batch.y.shape) == ((5, 3, 2, 4, 4), (5, 2, 2, 4, 4))
    assert batch.frame.tolist() == [3, 4, 5, 6, 7]


def test_splits_are_those_of_the_authors_in_proportion(root: Path) -> None:
    """A fifth of the frames: training to frame 34, validation to 42, future to 52."""
    splits = {split: load(root, split=split).windows for split in ("train", "val", "future", "domain")}
    frames = {split: sorted(set(windows[:, 1].tolist())) for split, windows in splits.items()}
    assert frames == {
        "train": list(range(3, 34)),
        "val": list(range(34, 42)),
        "future": list(range(42, 52)),
        "domain": list(range(3, 22)),
    }
    plumes = {split: set(windows[:, 0].tolist()) for split, windows in splits.items()}
    assert plumes["train"] == plumes["val"] == plumes["future"]
    assert plumes["domain"] | plumes["train"] == set(range(35))
    assert len(plumes["domain"]) == 10
    assert {len(load(root, "rotation", split).windows[:, 0].unique()) for split in ("train", "domain")} == {25, 10}
    held_out = [(8, 25), (16, 10), (16, 25), (24, 5), (24, 20), (24, 25), (32, 5), (32, 20), (40, 10), (40, 20)]
    assert module.HELD_OUT["translation"] == tuple(5 * (x // 8 - 1) + y // 5 - 1 for x, y in held_out)


def test_graded_has_four_plumes_of_one_level(root: Path) -> None:
    assert load(root, "graded", level=3).windows[:, 0].unique().tolist() == [12, 13, 14, 15]
    assert load(root, "graded", "val").windows[:, 1].unique().tolist() == list(range(44, 54))
    with pytest.raises(ValueError, match="level must be 0 to 9"):
        load(root, "graded", level=10)
    with pytest.raises(ValueError, match=r"'future'\], got 'domain'"):
        load(root, "graded", "domain")


def test_wind_has_three_strengths_to_learn_from(root: Path) -> None:
    assert load(root, "wind", "domain").windows[:, 0].unique().numel() == 24
    assert load(root, "wind").windows[:, 0].unique().tolist() == [*range(4, 8), *range(16, 20), *range(28, 32)]
    assert load(root, "wind", "future").windows[:, 1].unique().tolist() == list(range(45, 54))
    assert load(root, "shear", "future").windows[:, 1].unique().tolist() == list(range(44, 52))


def test_cache_follows_the_arguments(root: Path) -> None:
    names = {path.name for path in (root / "processed").glob("*.safetensors")}
    assert names == {f"{recipe_name(setting, 4, 62)}.safetensors" for setting in SETTINGS}
    assert len({name.rsplit("-", 1)[1] for name in names}) == len(SETTINGS)


def test_other_physics_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = recipe_name("wind", 8)
    monkeypatch.setattr(plume_files, "VERSION", -1)
    assert recipe_name("wind", 8) != before
    monkeypatch.undo()
    batches = [replace(batch, buoyancy=2 * batch.buoyancy) for batch in plume_batches("wind", 4)]
    monkeypatch.setattr(plume_files, "plume_batches", lambda *_: iter(batches))
    assert recipe_name("wind", 8) != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "'future', 'domain'"),
        ({"setting": "spiral"}, "'graded'.*got 'spiral'"),
        ({"level": 1}, "0 otherwise, got 1"),
        ({"history": 0}, "history and horizon must be at least 1"),
        ({"horizon": 60}, "no window of 3 \\+ 60 frames"),
        ({"published": True}, "at 64 × 64"),
    ],
)
def test_bad_arguments(root: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(root, **options)


@needs_phiflow
def test_the_error_of_the_data_grows_with_the_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plume_files, "_CHUNK", 40)
    options: dict[str, Any] = {"resolution": 6, "frames": 14, "history": 1, "horizon": 1}
    errors = [SmokePlume(str(tmp_path), "graded", level=level, **options).equivariance_error() for level in (0, 1, 9)]
    assert errors[0] < 1e-7
    assert errors[0] < errors[1] < errors[2]


def test_only_graded_has_an_error(root: Path) -> None:
    with pytest.raises(ValueError, match="not those of 'rotation'"):
        load(root, "rotation").equivariance_error()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files in the authors' layout: faces of a closed box, y rising with the rows."""
    monkeypatch.setattr(module, "_published_names", lambda setting: ["8_5", "8_10"])
    folder = tmp_path / "raw" / "Translation"
    folder.mkdir(parents=True)
    for seed, frames in ((0, 282), (1, 283)):
        faces = torch.randn(1, 2, 64, 64, generator=torch.Generator().manual_seed(seed)).expand(frames, -1, -1, -1)
        torch.save(faces, folder / f"raw_data_{('8_5', '8_10')[seed]}.pt")
    return tmp_path


def test_the_authors_files_are_brought_to_our_conventions(published: Path) -> None:
    dataset = SmokePlume(str(published), "translation", published=True, history=2)
    assert dataset.velocity.shape == (2, 282, 2, 64, 64)
    faces = torch.load(published / "raw" / "Translation" / "raw_data_8_5.pt", weights_only=True)[0]
    u, v = dataset.velocity[0, 7]
    torch.testing.assert_close(u[63, 4], (faces[0, 0, 4] + faces[0, 0, 5]) / 2)
    torch.testing.assert_close(v[60, 4], (faces[1, 3, 4] + faces[1, 4, 4]) / 2)
    torch.testing.assert_close(u[63, 63], faces[0, 0, 63] / 2)
    torch.testing.assert_close(v[0, 4], faces[1, 63, 4] / 2)


def test_damaged_and_foreign_files_are_named(published: Path) -> None:
    path = published / "raw" / "Translation" / "raw_data_8_10.pt"
    whole = path.read_bytes()
    for content, message in (
        (torch.zeros(282, 2, 32, 32), r"raw_data_8_10.pt: expected a tensor \[T, 2, 64, 64\].*got \[282, 2, 32, 32\]"),
        (torch.zeros(1, 2, 64, 64), "at least 282 frames, got"),
        ([1, 2], "got list"),
        (torch.full((1, 2, 64, 64), torch.nan).expand(282, -1, -1, -1), "raw_data_8_10.pt: expected finite"),
    ):
        torch.save(content, path)
        with pytest.raises(ValueError, match=message):
            SmokePlume(str(published), "translation", published=True)
    path.write_bytes(whole[:1000])
    with pytest.raises(ValueError, match=r"raw_data_8_10\.pt is not a tensor of torch.save"):
        SmokePlume(str(published), "translation", published=True)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks Translation/raw_data_8_10.pt: .*leave out published=True"):
        SmokePlume(str(published), "translation", published=True)
    assert not list((published / "processed").glob("*.safetensors"))
