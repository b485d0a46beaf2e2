"""Velocities of particles that were moved by a known flow."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.datasets import ParticleImages
from pyg_liesym.datasets.flows.velocimetry import measure_velocities

pytest.importorskip("openpiv", reason="the extra `piv` is not installed")
Image = pytest.importorskip("PIL.Image")

SIZE = (150, 180)


def flow(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """To the right and upwards, in pixels: a mean, a shear and a turn."""
    return np.stack([2.0 + 0.03 * y, -1.5 + 0.02 * x])


def pictures(seed: int = 0, empty: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Particles as spots of two pixels, before and after; y upwards from the lowest row. A corner may be empty."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-20, SIZE[1] + 20, 2500), rng.uniform(-20, SIZE[0] + 20, 2500)
    if empty:
        kept = ~((x < 75) & (y < 75))
        x, y = x[kept], y[kept]
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    moved = flow(x, y)
    both = []
    for dx, dy in ((0 * x, 0 * y), moved):
        picture = np.zeros(SIZE)
        for a, b in zip(x + dx, y + dy, strict=True):
            row, column = SIZE[0] - 1 - b, a
            top, left = max(int(row) - 5, 0), max(int(column) - 5, 0)
            part = np.s_[top : max(int(row) + 6, 0), left : max(int(column) + 6, 0)]
            picture[part] += np.exp(-((rows[part] - row) ** 2 + (columns[part] - column) ** 2) / 2)
        both.append(np.minimum(picture, 1.0))
    return both[0], both[1]


def expected(step: int, search: int) -> np.ndarray:
    """The flow in the middles of the windows, rows downwards."""
    rows, columns = (np.arange((size - search) // step + 1) * step + (search - 1) / 2 for size in SIZE)
    return flow(*np.meshgrid(columns, SIZE[0] - 1 - rows))


def test_the_flow_that_moved_the_particles_is_found() -> None:
    """To the right and upwards, row 0 uppermost: each sign by itself."""
    first, second = pictures()
    found = measure_velocities(first, second)
    known = np.isfinite(found)
    assert known.mean() > 0.85
    truth = expected(16, 64)
    assert found.shape == truth.shape
    assert np.sqrt(np.mean((found - truth)[known] ** 2)) < 0.2
    assert np.sqrt(np.mean((found[:, ::-1] - truth)[known[:, ::-1]] ** 2)) > 0.4
    finer = measure_velocities(first, second, step=8, search=48)
    assert finer.shape == expected(8, 48).shape
    assert np.nanmean(np.abs(finer - expected(8, 48))) < 0.2


def test_nothing_is_made_up_where_there_are_no_particles() -> None:
    found = measure_velocities(*pictures(empty=True), search=48)
    assert np.isnan(found[:, -2:, :2]).all()
    assert np.isfinite(found[:, :3, -4:]).mean() > 0.8
    assert np.array_equal(np.isnan(found[0]), np.isnan(found[1]))
    rng = np.random.default_rng(0)
    unrelated = measure_velocities(pictures(1)[0], pictures(2)[0])
    assert np.isnan(unrelated).mean() > 0.7
    assert np.isnan(measure_velocities(np.zeros(SIZE), np.zeros(SIZE))).all()
    assert np.isnan(measure_velocities(rng.random(SIZE), rng.random(SIZE))).mean() > 0.7


@pytest.mark.parametrize("bits", [8, 16])
def test_windows_of_frames(tmp_path: Path, bits: int) -> None:
    pairs = []
    for seed in range(3):
        pair = (tmp_path / f"{seed}_a.png", tmp_path / f"{seed}_b.png")
        for path, picture in zip(pair, pictures(seed, empty=True), strict=True):
            dtype = np.uint8 if bits == 8 else np.uint16
            # Cameras of twelve bits fill one sixteenth of sixteen.
            Image.fromarray((picture * (255 if bits == 8 else 4095)).astype(dtype)).save(path)
        pairs.append(pair)
    data = ParticleImages(str(tmp_path), pairs, search=48, history=2)
    assert len(data) == 1
    item = data[0]
    assert (item.x.shape, item.y.shape, item.mask.shape) == ((1, 2, 2, 7, 9), (1, 1, 2, 7, 9), (1, 3, 1, 7, 9))
    frames = torch.cat([item.x, item.y], 1)
    assert torch.equal(frames.isnan(), ~item.mask.expand_as(frames))
    assert 0.05 < float((~item.mask).float().mean()) < 0.5
    error = (frames[0] - torch.from_numpy(expected(16, 48)))[item.mask[0].expand(-1, 2, -1, -1)]
    assert float(error.square().mean().sqrt()) < 0.2
    filled = ParticleImages(str(tmp_path), pairs, search=48, history=2, fill=0.0)[0]
    assert torch.equal(filled.x, item.x.nan_to_num(0.0))
    assert len(list((tmp_path / "processed").glob("velocities-*"))) == 1


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"two pictures \[H, W\] of one size"):
        measure_velocities(np.zeros((80, 80)), np.zeros((80, 81)))
    with pytest.raises(ValueError, match="1 ≤ step ≤ window ≤ search"):
        measure_velocities(np.zeros((40, 80)), np.zeros((40, 80)))
    with pytest.raises(FileNotFoundError, match=r"there is no picture .*a.png"):
        ParticleImages(str(tmp_path), [(tmp_path / "a.png", tmp_path / "b.png")])
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"a.png is not a complete picture file"):
        ParticleImages(str(tmp_path), [(tmp_path / "a.png", tmp_path / "a.png")])
    Image.fromarray(np.zeros(SIZE, np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"no velocity was measured in .*a.png"):
        ParticleImages(str(tmp_path), [(tmp_path / "a.png", tmp_path / "a.png")])
    with pytest.raises(ValueError, match="expected pairs of pictures, got none"):
        ParticleImages(str(tmp_path), [])


def test_the_pictures_of_the_wheel(tmp_path: Path) -> None:
    """A stream to the left of some eight pixels, slower in the wake of the body at the right border."""
    data = ParticleImages(str(tmp_path), step=32)
    assert data.velocity.shape == (1, 6, 2, 30, 30)
    stream, wake = data.velocity[0, :, 0, :8, 5:25], data.velocity[0, :, 0, 13:17, 18:26]
    assert float(stream.nanmean()) == pytest.approx(-8.0, abs=0.5)
    assert abs(float(wake.nanmean())) < 3
    assert math.isnan(float(data.velocity[0, 0, 0, 25, 29]))
    assert 0.1 < float(data.velocity.isnan().float().mean()) < 0.3
