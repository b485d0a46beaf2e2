from __future__ import annotations

import math
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from torch_geometric.data import Batch

from pyg_liesym.datasets import OceanCurrents
from pyg_liesym.systems.field_data import OceanCurrentsData

pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")

REAL = sorted((Path(__file__).parents[4] / "shared" / "data" / "copernicus").glob("*.nc"))
SPLITS = ("train", "val", "test")


@pytest.fixture
def path(tmp_path: Path, write_currents: Callable[..., Path]) -> Path:
    """Twelve frames of 19 × 41 cells; every number is another; a quarter of an edge is land, a cell is hidden once."""
    values = np.arange(12 * 2 * 19 * 41, dtype=np.float64).reshape(12, 2, 19, 41) / 1000 + 0.001
    values[:, :, :9, :10] = np.nan
    values[3, 0, 14, 20] = np.nan
    return write_currents(tmp_path / "a.nc", values, np.arange(30.0, 49.0), np.arange(-60.0, -19.0))


def numbers(data: OceanCurrents) -> list[set[float]]:
    """What each window shows, given and to be forecast."""
    return [set(torch.cat([d.x, d.y], 1).nan_to_num(-1).flatten().tolist()) - {-1.0} for d in data]


@pytest.mark.parametrize("by", ["region", "time"])
def test_splits_share_nothing(tmp_path: Path, path: Path, by: str) -> None:
    parts = [
        OceanCurrents(str(tmp_path), split, files=path, by=by, patch=6, history=1, horizon=1)  # type: ignore[arg-type]
        for split in SPLITS
    ]
    shown = [set().union(*numbers(part)) for part in parts]
    assert all(shown)
    assert all(one.isdisjoint(other) for one, other in combinations(shown, 2))
    whole = OceanCurrents(str(tmp_path), "all", files=path, patch=6)
    assert set().union(*numbers(whole)) == set().union(*shown)
    assert len(parts[0]) > len(parts[1]) == len(parts[2])
    assert len(list((tmp_path / "processed").glob("currents-*"))) == 1


@pytest.mark.parametrize(("horizon", "test_horizon"), [(1, 3), (3, 1)])
@pytest.mark.parametrize("by", ["region", "time"])
def test_windows_of_different_lengths_share_nothing(
    tmp_path: Path, path: Path, by: str, horizon: int, test_horizon: int
) -> None:
    data = OceanCurrentsData(
        str(path), str(tmp_path), 1, horizon, test_horizon, patch=6, by=by, fill=math.nan,  # type: ignore[arg-type]
    )  # fmt: skip
    parts = [data.dataset(name) for name in ("train", "val", *data.test_names)]
    shown = [set().union(*numbers(part)) for part in parts]  # type: ignore[arg-type]
    assert all(shown)
    assert all(one.isdisjoint(other) for one, other in combinations(shown, 2))
    with pytest.raises(ValueError, match=r"least_frames must hold a window of 1 \+ 3 frames, got 2"):
        OceanCurrents(str(tmp_path), files=path, by="time", patch=6, horizon=3, least_frames=2)


def test_patches_are_pieces_of_the_grid(tmp_path: Path, path: Path) -> None:
    data = OceanCurrents(str(tmp_path), "all", files=path, patch=6, history=2, horizon=3)
    item = data[len(data) - 1]
    assert item.x.shape == (1, 2, 2, 6, 6)
    assert item.y.shape == (1, 3, 2, 6, 6)
    assert item.mask.shape == (1, 5, 1, 6, 6)
    assert item.mask.dtype == torch.bool
    # In the file, row r from the south and column c of frame t have u = (((2 t) 19 + r) 41 + c) / 1000 + 0.001.
    rows, columns = (item.latitude[0] - 30)[:, None], item.longitude[0] + 60
    assert (item.latitude[0].diff() == -1).all()
    assert (item.longitude[0].diff() == 1).all()
    u = ((2 * item.frame * 19 + rows) * 41 + columns) / 1000 + 0.001
    torch.testing.assert_close(item.y[0, 0, 0], u)
    # Patches lie side by side: each place is in one.
    places = [
        (float(a), float(b)) for la, lo in zip(data.latitude, data.longitude, strict=True) for a in la for b in lo
    ]
    assert len(set(places)) == len(places)
    assert data.time.diff().unique().tolist() == [86400]


def test_land_is_masked_and_never_zero_unasked(tmp_path: Path, path: Path) -> None:
    data = OceanCurrents(str(tmp_path), "all", files=path, patch=6, least_water=0.1)
    hidden = [item for item in data if not item.mask.all()]
    assert hidden
    for item in hidden:
        frames = torch.cat([item.x, item.y], 1)
        assert torch.equal(frames.isnan(), ~item.mask.expand_as(frames))
    # One cell of one frame is a gap of that frame alone, and in both components.
    gap = [item for item in hidden if int((~item.mask).sum()) == 1]
    assert sorted(int(item.frame) for item in gap) == [3, 4]
    filled = OceanCurrents(str(tmp_path), "all", files=path, patch=6, least_water=0.1, fill=-7.0)
    for item, other in zip(data, filled, strict=True):
        assert torch.equal(item.mask, other.mask)
        assert torch.equal(item.x.nan_to_num(-7.0), other.x)
        assert torch.equal(item.y.nan_to_num(-7.0), other.y)
    batch = Batch.from_data_list([filled[0], filled[1]])
    assert batch.mask.shape == (2, 2, 1, 6, 6)


def test_patches_of_land_are_dropped(tmp_path: Path, path: Path) -> None:
    counts = [
        len(OceanCurrents(str(tmp_path), "all", files=path, patch=6, least_water=share).velocity)
        for share in (0.01, 0.8, 1.0)
    ]
    assert counts == [17, 15, 13]
    with pytest.raises(ValueError, match=r"no patch of 19 × 19 in 19 × 41 cells"):
        OceanCurrents(str(tmp_path), "all", files=path, patch=19, least_water=1.0, region=(30, 48, -60, -20))


def test_what_is_refused(tmp_path: Path, path: Path) -> None:
    for options, message in (
        ({"split": "future"}, "split must be one of"),
        ({"by": "depth"}, "by must be one of"),
        ({"patch": 0}, "expected a patch of at least 1"),
        ({"patch": 19}, "expected at least 3 columns of patches"),
        ({"patch": 6, "by": "time", "history": 3, "horizon": 4}, "expected at least 21 frames"),
        ({"patch": 6, "history": 8, "horizon": 8}, "no window of 8 \\+ 8 frames"),
    ):
        with pytest.raises(ValueError, match=message):
            OceanCurrents(str(tmp_path), **{"files": path, **options})  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError, match=r"there is no .nc file in .*copernicusmarine subset"):
        OceanCurrents(str(tmp_path / "empty"))


def test_files_in_raw_are_found(tmp_path: Path, path: Path) -> None:
    (tmp_path / "raw").mkdir()
    path.rename(tmp_path / "raw" / "a.nc")
    assert len(OceanCurrents(str(tmp_path), patch=6)) > 0


@pytest.mark.skipif(not REAL, reason="the real file is not on this machine")
def test_the_real_file(tmp_path: Path) -> None:
    parts = [OceanCurrents(str(tmp_path), split, files=REAL, patch=32) for split in SPLITS]  # type: ignore[arg-type]
    assert [len(part) for part in parts] == [140, 35, 45]
    for part in parts:
        speed = part[0].x.nan_to_num(0).norm(dim=2)
        assert 0 < float(speed.mean()) < 1
        assert float(speed.max()) < 3
        assert 0.5 <= float(part[0].mask.float().mean()) <= 1
    # Yesterday's currents are a better forecast than none.
    item = parts[2][0]
    known = item.mask.all(1, keepdim=True).expand_as(item.y)
    assert (item.y - item.x)[known].square().mean() < 0.5 * item.y[known].square().mean()
