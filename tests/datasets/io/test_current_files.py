"""Currents in the true layout, in that of others, and what is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.datasets.io.current_files import read_currents

xarray = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")

REAL = sorted((Path(__file__).parents[4] / "shared" / "data" / "copernicus").glob("*.nc"))
LATITUDE, LONGITUDE = np.arange(-3.0, 4.0), np.arange(10.0, 20.0)
Write = Callable[..., Path]


def flow(frames: int = 3) -> np.ndarray:
    """Another number in every place, land in a corner: u is latitude, v longitude, both plus a tenth of the frame."""
    lat, lon = np.meshgrid(LATITUDE, LONGITUDE, indexing="ij")
    field = np.stack([lat, lon])[None] + 0.1 * (1 + np.arange(frames))[:, None, None, None]
    field[:, :, :2, :3] = np.nan
    return field


def expected(frames: int = 3) -> np.ndarray:
    return flow(frames)[:, :, ::-1]


def check(path: object, **options: object) -> None:
    found = read_currents(path, **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.velocity, expected(), atol=6e-4)
    np.testing.assert_allclose(found.latitude, LATITUDE[::-1])
    np.testing.assert_allclose(found.longitude, LONGITUDE)
    assert found.velocity.dtype == np.float32
    assert np.isnan(found.velocity).sum() == 3 * 2 * 6


def test_the_true_layout(tmp_path: Path, write_currents: Write) -> None:
    path = write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE)
    check(path)
    found = read_currents(path)
    assert found.time.tolist() == np.arange("2024-01-03", "2024-01-06", dtype="M8[D]").astype("M8[s]").tolist()


def test_rows_run_from_north_to_south_whatever_the_file(tmp_path: Path, write_currents: Write) -> None:
    check(write_currents(tmp_path / "a.nc", flow()[:, :, ::-1], LATITUDE[::-1], LONGITUDE))


@pytest.mark.parametrize("names", [("u", "v"), ("ugos", "vgos"), ("water_u", "water_v")])
def test_names_of_others(tmp_path: Path, write_currents: Write, names: tuple[str, str]) -> None:
    check(write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE, names=names))


def test_a_name_that_nobody_knows_is_given(tmp_path: Path, write_currents: Write) -> None:
    path = write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE, names=("east", "north"))
    with pytest.raises(ValueError, match=r"a.nc: expected .*'uo', 'vo'.* got \['east', 'north'\]: pass .* as `names`"):
        read_currents(path)
    check(path, names=("east", "north"))


def test_other_axes_one_depth_and_packed_numbers(tmp_path: Path, write_currents: Write) -> None:
    check(write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE, depths=1, axes=("lat", "lon"), packed=True))
    check(write_currents(tmp_path / "b.nc", flow(), LATITUDE, LONGITUDE, packed=True))


def test_the_classic_format(tmp_path: Path, write_currents: Write) -> None:
    check(write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE, engine="scipy", format="NETCDF3_64BIT"))


def test_a_gap_in_one_component_is_a_gap(tmp_path: Path, write_currents: Write) -> None:
    values = flow()
    values[1, 1, 5, 5] = np.nan
    found = read_currents(write_currents(tmp_path / "a.nc", values, LATITUDE, LONGITUDE))
    assert np.isnan(found.velocity[1, :, 1, 5]).all()
    assert np.isfinite(found.velocity[0, :, 1, 5]).all()


def test_land_that_is_zero_is_land(tmp_path: Path, write_currents: Write, caplog: pytest.LogCaptureFixture) -> None:
    check(write_currents(tmp_path / "a.nc", np.nan_to_num(flow()), LATITUDE, LONGITUDE))
    assert "6 cells are exactly zero in every frame" in caplog.text
    moving = np.nan_to_num(flow())
    moving[2, 0, 0, 0] = 0.1  # at rest for two frames, then moving: water
    found = read_currents(write_currents(tmp_path / "b.nc", moving, LATITUDE, LONGITUDE))
    assert found.velocity[:, 0, -1, 0].tolist() == pytest.approx([0, 0, 0.1])


def test_files_follow_each_other(tmp_path: Path, write_currents: Write) -> None:
    for day in range(3):
        write_currents(tmp_path / f"{day}.nc", flow()[day : day + 1], LATITUDE, LONGITUDE, first_day=day)
    check(tmp_path / "*.nc")
    with pytest.raises(ValueError, match="frames in the order of their times"):
        read_currents([tmp_path / "1.nc", tmp_path / "0.nc"])
    with pytest.raises(ValueError, match=r"got none between 2024-01-04T00:00:00 and 2024-01-08T00:00:00"):
        read_currents(write_currents(tmp_path / "gap.nc", flow(), LATITUDE, LONGITUDE, days=[0, 1, 5]))
    write_currents(tmp_path / "3.nc", flow()[:1], LATITUDE + 1, LONGITUDE, first_day=3)
    with pytest.raises(ValueError, match=r"3.nc has another grid than .*0.nc"):
        read_currents(tmp_path / "?.nc")


def test_a_region_may_cross_the_seam_of_the_globe(tmp_path: Path, write_currents: Write) -> None:
    longitude = np.arange(-180.0, 180.0, 10.0)
    lat, lon = np.meshgrid(LATITUDE, longitude, indexing="ij")
    path = write_currents(tmp_path / "a.nc", np.stack([lat, lon])[None].repeat(2, 0) / 10, LATITUDE, longitude)
    found = read_currents(path, region=(-1.0, 2.0, 160.0, 210.0))
    assert found.latitude.tolist() == [2, 1, 0, -1]
    assert found.longitude.tolist() == [160, 170, 180, 190, 200, 210]
    assert (found.velocity[0, 1, 0] * 10).tolist() == pytest.approx([160, 170, -180, -170, -160, -150])
    assert len(read_currents(path, region=(-1.0, 2.0, 5.0, 365.0)).longitude) == 36
    with pytest.raises(ValueError, match="nothing in the region"):
        read_currents(path, region=(10.0, 20.0, 0.0, 90.0))
    for wrong in ((2.0, -1.0, 0.0, 90.0), (-1.0, 2.0, 170.0, -170.0)):
        with pytest.raises(ValueError, match="expected a region"):
            read_currents(path, region=wrong)


def test_a_curvilinear_grid_is_refused(tmp_path: Path) -> None:
    lat, lon = np.meshgrid(LATITUDE, LONGITUDE, indexing="ij")
    turned = {"nav_lat": (("y", "x"), lat + 0.1 * lon), "nav_lon": (("y", "x"), lon - 0.1 * lat)}
    parts = {name: (("time_counter", "y", "x"), flow()[:, 0], {"units": "m/s"}) for name in ("uo", "vo")}
    xarray.Dataset(parts, turned).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(
        ValueError, match=r"a.nc: expected latitude along one axis of uo, got a curvilinear grid, nav_lat"
    ):
        read_currents(tmp_path / "a.nc")


@pytest.mark.parametrize("units", ["cm s-1", None, "knots"])
def test_units_are_checked(tmp_path: Path, write_currents: Write, units: str | None) -> None:
    path = write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE, units=units)
    with pytest.raises(ValueError, match=r"a.nc: expected uo in units 'm s-1', got"):
        read_currents(path)


def test_what_else_is_refused(tmp_path: Path, write_currents: Write) -> None:
    def refused(message: str, *values: np.ndarray, **options: object) -> None:
        path = write_currents(tmp_path / "a.nc", *(values or (flow(), LATITUDE, LONGITUDE)), **options)
        with pytest.raises(ValueError, match=rf"a\.nc.*{message}"):
            read_currents(path)

    refused(r"got \{'depth': 2\} besides", depths=2)
    refused(r"lacks vo: expected \('uo', 'vo'\)", names=("uo", "thetao"))
    refused("pass one of these pairs", flow()[:, [0, 1, 0, 1]], LATITUDE, LONGITUDE, names=("uo", "vo", "ugos", "vgos"))
    refused("below 200 m/s, got 1e\\+20: the marker of gaps", np.nan_to_num(flow(), nan=1e20), LATITUDE, LONGITUDE)
    refused("got only land and gaps", flow() * np.nan, LATITUDE, LONGITUDE)
    refused("expected longitudes at equal steps", flow(), LATITUDE, LONGITUDE**1.1)
    refused("expected latitudes in order", flow(), np.roll(LATITUDE, 1), LONGITUDE)
    refused("one axis of longitude in degrees_east", flow(), LATITUDE, LONGITUDE, axes=("longitude", "lon"))


def test_times_of_other_calendars_and_of_none(tmp_path: Path, write_currents: Write) -> None:
    path = write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE)
    with xarray.open_dataset(path, engine="h5netcdf", decode_times=False) as file:
        for name, attributes in (("b", {"units": "days since 2001-01-01", "calendar": "noleap"}), ("c", {})):
            file.assign_coords(time=("time", [0, 1, 2], attributes)).to_netcdf(
                tmp_path / f"{name}.nc", engine="h5netcdf"
            )
            with pytest.raises(ValueError, match=rf"{name}.nc: expected time in units .* of the common calendar, got"):
                read_currents(tmp_path / f"{name}.nc")
        still = file.isel(time=0).drop_vars("time")
    still.to_netcdf(tmp_path / "d.nc", engine="h5netcdf")
    found = read_currents(tmp_path / "d.nc")
    assert found.velocity.shape == (1, 2, 7, 10)
    assert np.isnat(found.time).all()
    with xarray.open_dataset(path, engine="h5netcdf", decode_times=False) as file:
        file.drop_vars("time").to_netcdf(tmp_path / "e.nc", engine="h5netcdf")
    with pytest.raises(
        ValueError, match=r"e.nc: expected frames in the order of their times, got \['NaT', 'NaT', 'NaT'\]"
    ):
        read_currents(tmp_path / "e.nc")


def test_damage_is_named(tmp_path: Path, write_currents: Write) -> None:
    path = write_currents(tmp_path / "a.nc", flow(), LATITUDE, LONGITUDE)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"a.nc is not a complete NetCDF file"):
        read_currents(path)
    path.write_bytes(b"GRIB and so on")
    with pytest.raises(ValueError, match=r"a.nc is not NetCDF"):
        read_currents(path)
    with pytest.raises(FileNotFoundError, match="no file matches"):
        read_currents(tmp_path / "b.nc")


@pytest.mark.skipif(not REAL, reason="the real file is not on this machine")
def test_the_real_file() -> None:
    found = read_currents(REAL)
    assert found.velocity.shape == (6, 2, 171, 360)
    assert float(np.isnan(found.velocity).mean()) == pytest.approx(0.27, abs=0.01)
    assert found.latitude[[0, -1]] == pytest.approx([90.0, -79.54], abs=0.01)
    # The Antarctic Circumpolar Current and the equatorial currents set to the east and to the west.
    assert np.nanmean(found.velocity[:, 0, (found.latitude > -55) & (found.latitude < -45)]) > 0.05
    pacific = read_currents(REAL, region=(1.0, 4.0, 180.0, 260.0))
    assert np.nanmean(pacific.velocity[:, 0]) < -0.1
    # Brasilia and the Sahara are land, the middle of the Pacific is not.
    for place, wet in (((-15.5, -48.5), False), ((22.5, 5.5), False), ((0.5, -150.5), True)):
        row, column = (
            int(np.abs(axis - x).argmin()) for axis, x in zip((found.latitude, found.longitude), place, strict=True)
        )
        assert np.isfinite(found.velocity[:, :, row, column]).all() == wet
