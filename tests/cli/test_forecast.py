"""``liesym forecast`` on files: what it says of flows that can be forecast, and of those that cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from pyg_liesym.cli.forecast import forecast
from pyg_liesym.cli.forecast_report import ForecastAnswer
from pyg_liesym.cli.forecast_skill import BLEND, MEAN, STILL
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.io.current_files import read_currents
from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices
from pyg_liesym.systems.forecaster_files import load_forecaster

Write = Callable[..., Path]
SIZE, FRAMES = 24, 42
LATITUDE, LONGITUDE = 30.0 + 0.25 * np.arange(SIZE)[::-1], -60.0 + 0.25 * np.arange(SIZE)
RNG = np.random.default_rng(0)
NOISE = RNG.normal(size=(12, 2, 10, 12)).astype(np.float32)
REAL = sorted((Path(__file__).parents[3] / "shared" / "data" / "copernicus").glob("*.nc"))


def swirls() -> np.ndarray:
    """Vortices in a wind, and a corner of land; frames so far apart that lines through two of them lead astray."""
    flow = simulate_vortices(Vortices(size=SIZE, frames=4 * FRAMES, wind=(1.0, 0.0))).velocity[::4].astype(np.float32)
    flow[:, :, :6, :6] = np.nan
    return flow


class Run(NamedTuple):
    file: Path
    out: Path
    printed: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, write_currents: Write) -> Run:
    folder = tmp_path_factory.mktemp("sea")
    file, out, printed = write_currents(folder / "sea.nc", swirls(), LATITUDE, LONGITUDE), folder / "out", StringIO()
    with redirect_stdout(printed):
        main(["forecast", str(file), "--out", str(out), "--horizon", "3", "--steps", "40", "--progress", "false"])
    return Run(file, out, printed.getvalue())


def test_vortices_in_a_wind_are_forecast(run: Run) -> None:
    assert run.printed.startswith("BETTER than nothing changes in the one stretch of time that was tested: ")
    assert "better than all that is simple for all 3 frames." in run.printed
    page = (run.out / "index.html").read_text(encoding="utf-8")
    parts = ("<h1>BETTER", "95 % interval", "Use the forecast", "forecast.png", "errors.png", "<table>", "test.png")
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    said = json.loads((run.out / "forecast.json").read_text())
    first, last = said["frames"]["test"]
    assert (last, said["frames"]["val"][1], said["frames"]["train"][1]) == (FRAMES, first, said["frames"]["val"][0])
    assert (said["holds"], said["history"], len(said["leads"])) == (3, 2, 3)
    assert said["leads"][0]["gains"][BLEND]["by"] > 0.05


def test_frames_go_on_where_the_file_ends(run: Run) -> None:
    ahead, recorded = read_currents(run.out / "forecast.nc"), read_currents(run.file)
    assert ahead.velocity.shape == (3, 2, SIZE, SIZE)
    assert ahead.names == ("uo", "vo")
    np.testing.assert_array_equal(ahead.latitude, recorded.latitude)
    np.testing.assert_array_equal(ahead.longitude, recorded.longitude)
    day = np.timedelta64(1, "D")
    np.testing.assert_array_equal(ahead.time, recorded.time[-1] + day * np.arange(1, 4))
    np.testing.assert_array_equal(np.isnan(ahead.velocity), np.isnan(recorded.velocity[-1:]).repeat(3, 0))
    # Nothing is far from what was, and something has changed.
    change = np.abs(ahead.velocity[0] - recorded.velocity[-1])
    assert 0.01 < np.nanmean(change) < 1.0


def test_the_file_says_how_it_came_about(run: Run) -> None:
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(run.out / "forecast.nc", mask_and_scale=False) as file:
        assert file.attrs["Conventions"] == "CF-1.8"
        assert file.attrs["history"] == f"liesym forecast {run.file}"
        assert "BETTER than nothing changes" in file.attrs["comment"]
        assert len(file.attrs["test_rmse"]) == 3
        assert file.uo.attrs["units"] == "m s-1"
        assert file.uo.attrs["standard_name"] == "eastward_sea_water_velocity"
        land = file.uo.values[:, :6, :6]
        assert (land == file.uo.attrs["_FillValue"]).all(), "never filled with zero"


def test_the_network_forecasts_the_same_when_loaded(run: Run) -> None:
    net, recorded = load_forecaster(run.out / "network.safetensors"), read_currents(run.file).velocity[-2:]
    values = torch.from_numpy(recorded)
    known = values.isfinite().all(1, keepdim=True)
    with torch.no_grad():
        ahead = net.rollout(torch.where(known, values, 0.0)[None], 3, known[None])[0]
    written = torch.from_numpy(read_currents(run.out / "forecast.nc").velocity)
    torch.testing.assert_close(torch.where(known[-1], ahead, torch.nan), written, equal_nan=True)


def ask(path: Path, flow: np.ndarray, **options: object) -> ForecastAnswer:
    np.save(path, flow)
    return forecast(str(path), out=path.with_suffix(""), progress=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["noise", "noise around a mean", "frames in disorder"])
def test_nothing_is_claimed_where_nothing_can_be_forecast(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow, rng = swirls(), np.random.default_rng(1)
    noise = rng.normal(size=flow.shape).astype(np.float32)
    flows = {
        "noise": noise,
        "noise around a mean": noise + 3 * flow.mean(0),
        "frames in disorder": rng.permutation(flow),
    }
    said = ask(tmp_path / "flow.npy", flows[kind], horizon=3, steps=25)
    assert capsys.readouterr().out.startswith(("NOT SHOWN TO BE BETTER than ", "WORSE than "))
    assert said.holds == 0
    # Against "nothing changes" alone it would have been claimed: that errs by the noise of two frames.
    assert all(lead.gains[STILL].better for lead in said.leads)
    assert not any(lead.gains[BLEND].better and lead.gains[MEAN].better for lead in said.leads)
    assert "record more often" in said.advice
    assert (tmp_path / "flow" / "forecast.npy").exists()


def test_what_stands_in_gaps_does_not_matter(tmp_path: Path) -> None:
    flow = NOISE.copy()
    flow[:, 0, :, :5] = np.nan
    other = flow.copy()
    other[:, 1, :, :5] = 1e6
    said = [ask(tmp_path / f"{name}.npy", each, steps=2) for name, each in (("a", flow), ("b", other))]
    assert said[0].leads == said[1].leads
    ahead, again = (np.load(tmp_path / name / "forecast.npy") for name in "ab")
    np.testing.assert_array_equal(ahead, again)
    assert np.isnan(ahead[..., :5]).all()
    assert np.isfinite(ahead[..., 5:]).all()


GAPPY, NORTH, EAST = 0.1 * NOISE, np.arange(40.0, 30.0, -1.0), np.arange(0.0, 12.0)
GAPPY[:, :, 2:4, 2:4] = np.nan


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, write_currents: Write) -> Path:
    """A forecast of a plain file."""
    folder = tmp_path_factory.mktemp("plain")
    forecast(str(write_currents(folder / "a.nc", GAPPY, NORTH, EAST)), out=folder, steps=2, progress=False)
    return folder / "forecast.nc"


@pytest.mark.parametrize("way", ["south first", "ugos", "u", "named", "packed", "two files", "seam"])
def test_other_files_give_the_same_forecast(way: str, plain: Path, tmp_path: Path, write_currents: Write) -> None:
    names = {"ugos": ("ugos", "vgos"), "u": ("u", "v"), "named": ("east", "north")}.get(way, ("uo", "vo"))
    file, own = tmp_path / "other.nc", names if way == "named" else None
    if way == "south first":
        write_currents(file, GAPPY[:, :, ::-1], NORTH[::-1], EAST)
    elif way == "two files":
        file = tmp_path / "part*.nc"
        write_currents(tmp_path / "part1.nc", GAPPY[:5], NORTH, EAST)
        write_currents(tmp_path / "part2.nc", GAPPY[5:], NORTH, EAST, first_day=5)
    elif way == "seam":
        write_currents(file, GAPPY, NORTH, (EAST + 175 + 180) % 360 - 180)
    else:
        write_currents(file, GAPPY, NORTH, EAST, names=names, packed=way == "packed")
    forecast(str(file), out=tmp_path / "out", steps=2, progress=False, names=own)
    one, two = read_currents(plain), read_currents(tmp_path / "out" / "forecast.nc", names=own)
    assert two.names == names
    np.testing.assert_allclose(two.velocity, one.velocity, atol=2e-3 if way == "packed" else 0)
    np.testing.assert_array_equal(two.time, one.time)
    np.testing.assert_array_equal(two.latitude, one.latitude)


def curvilinear(path: Path, flow: np.ndarray) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    dims, places = ("time", "y", "x"), np.arange(120.0).reshape(10, 12)
    parts = {name: (dims, flow[:, k], {"units": "m s-1"}) for k, name in enumerate(("uo", "vo"))}
    time = np.datetime64("2024-01-01", "ns") + np.arange(len(flow)) * np.timedelta64(1, "D")
    coordinates = {"time": time, "nav_lat": (("y", "x"), places / 2), "nav_lon": (("y", "x"), places)}
    xarray.Dataset(parts, coordinates).to_netcdf(path, engine="h5netcdf")


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("other names", "expected eastward and northward velocities named ('uo', 'vo')"),
        ("curvilinear", "got a curvilinear grid, nav_lat [10, 12]"),
        ("one frame", "expected 6 frames or more"),
        ("too few frames", "expected 6 frames or more"),
        ("too far ahead", "expected 15 frames or more"),
        ("all land", "got only land and gaps"),
        ("hardly any water", "10 % of the places and times to train on or more, got 3.3 %"),
        ("nothing at the end", "nothing is known in the last frame"),
        ("still water", "nothing changes in the frames to train on"),
        ("irregular times", "expected frames at equal times, got steps of 86400 to 129600 seconds"),
        ("a missing day", "expected frames at equal steps, got none between"),
        ("no units", "expected uo in units 'm s-1', got None"),
        ("no NetCDF", "is not NetCDF"),
        ("cut short", "not a complete"),
        ("no file", "no file matches"),
        ("other places", "no place of the test is known 1 frame ahead"),
        ("still at the end", "a forecast without a network is exact 1 frame ahead"),
        ("seen too late", "no window of 1 + 3 frames of 10 × 10 places"),
    ],
)
def test_what_cannot_be_forecast_is_refused_in_a_sentence(
    case: str, says: str, tmp_path: Path, write_currents: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    flow, path, words, options = 0.1 * NOISE, tmp_path / "sea.nc", [], {}
    if case == "other names":
        options["names"] = ("east", "north")
    elif case in ("one frame", "too few frames"):
        flow = flow[: 1 if case == "one frame" else 5]
    elif case == "too far ahead":
        words = ["--horizon", "4"]
    elif case == "all land":
        flow = np.full_like(flow, np.nan)
    elif case == "hardly any water":
        flow = np.where(np.arange(120).reshape(10, 12) < 4, flow, np.nan)
    elif case == "nothing at the end":
        flow[-1] = np.nan
    elif case == "still water":
        flow = np.broadcast_to(flow[:1], flow.shape)
    elif case == "other places":
        flow = np.where((np.arange(12) < 6) == (np.arange(12) < 9)[:, None, None, None], flow, np.nan)
    elif case == "still at the end":
        flow = np.concatenate([flow[:8], flow[8:9].repeat(4, 0)])
    elif case == "seen too late":
        flow, words = flow.copy(), ["--horizon", "3"]
        flow[4:6] = np.nan
    elif case == "a missing day":
        options["days"] = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
    elif case == "no units":
        options["units"] = None
    write_currents(path, flow, np.arange(40.0, 30.0, -1.0), np.arange(0.0, 12.0), **options)
    if case == "irregular times":
        xarray = pytest.importorskip("xarray")
        with xarray.open_dataset(path) as file:
            late = file.load().assign_coords(time=file.time + np.timedelta64(12, "h") * (np.arange(12) > 3))
        late.to_netcdf(path, engine="h5netcdf")
    elif case == "curvilinear":
        curvilinear(path, flow)
    elif case == "no NetCDF":
        path.write_text("time,u,v\n")
    elif case == "cut short":
        path.write_bytes(path.read_bytes()[:3000])
    elif case == "no file":
        path = tmp_path / "other.nc"
    with pytest.raises(SystemExit, match="2"):
        main(["forecast", str(path), "--out", str(tmp_path / "out"), "--steps", "1", "--progress", "false", *words])
    said = capsys.readouterr()
    errors = [line for line in said.err.splitlines() if line.startswith("liesym forecast: ")]
    assert len(errors) == 1
    assert says in errors[0]
    assert path.name in errors[0]
    assert said.out == ""
    assert not (tmp_path / "out").exists()


def test_the_extra_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sea.nc").write_bytes(b"CDF\x01")
    monkeypatch.setitem(__import__("sys").modules, "h5netcdf", None)
    with pytest.raises(SystemExit, match="2"):
        main(["forecast", str(tmp_path / "sea.nc")])
    assert "pip install 'pyg-liesym[ocean]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"steps": 0}, "one step of training or more, got 0"),
        ({"horizon": 0}, "a horizon of one frame or more, got 0"),
        ({"region": (0, 1, 0, 1)}, "names and a region are of NetCDF files"),
    ],
)
def test_options_that_mean_nothing(options: dict[str, object], says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        ask(tmp_path / "flow.npy", NOISE, **options)


def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "forecast.npy"
    np.save(path, NOISE)
    with pytest.raises(
        ValueError,
        match=r"forecast.npy is among the files to read and would be written over: choose another name or folder",
    ):
        forecast(str(path), out=tmp_path, steps=1, progress=False)
    np.testing.assert_array_equal(np.load(path), NOISE)


@pytest.mark.parametrize("name", ["points.npz", "flow.xdmf", "flow.vtu"])
def test_points_are_for_another_command(name: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"expected a lattice, .* `liesym broken` takes points and meshes"):
        forecast(str(tmp_path / name), steps=1, progress=False)


@pytest.mark.skipif(not REAL, reason="the real file is not on this machine")
def test_the_real_ocean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    words = ["--region", "[-40, -10, -170, -120]", "--steps", "3", "--progress", "false"]
    main(["forecast", str(REAL[0]), "--out", str(tmp_path), *words])
    assert "So few cannot tell how much other times differ." in capsys.readouterr().out
    ahead = read_currents(tmp_path / "forecast.nc")
    assert str(ahead.time[0]) == "2024-02-02T00:00:00", "five days after the last"
