"""``liesym broken`` on files."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pyg_liesym.cli.broken_networks import compare_networks
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def windy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flows") / "flow.npy"
    np.save(path, simulate_vortices(Vortices(size=48, frames=30, wind=(1.0, 0.0))).velocity.astype(np.float32))
    return path


def test_a_page_with_the_answer_first(windy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(
        ["broken", str(windy), "--out", str(tmp_path), "--network-steps", "0", "--spacing", "0.1309", "--step", "0.05"]
    )
    printed = capsys.readouterr().out
    assert printed.startswith("BROKEN: rotation, mirror x, magnitude, scaling; kept: translation, time, mirror y")
    assert f"Report: {tmp_path / 'index.html'}" in printed
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.index("<h1>BROKEN") < page.index("Build in") < page.index("<table>") < page.index("broken.png")
    assert "30 frames of 48 × 48 places" in page
    said = json.loads((tmp_path / "symmetries.json").read_text())
    assert [one["status"] for one in said["symmetries"] if one["symmetry"] == "rotation"] == ["refuted"]
    assert (tmp_path / "broken.png").exists()


def test_nothing_is_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).normal(size=(12, 2, 40, 40)))
    main(["broken", str(tmp_path / "noise.npy"), "--out", str(tmp_path / "out"), "--network-steps", "0"])
    assert capsys.readouterr().out.startswith("NOTHING CAN BE SAID")
    assert "Record more often" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


def test_gaps_may_be_nan_and_other_shapes_are_refused(
    windy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flow = np.load(windy)
    flow[:, :, :3] = np.nan
    np.save(tmp_path / "gaps.npy", flow)
    main(["broken", str(tmp_path / "gaps.npy"), "--out", str(tmp_path / "out"), "--network-steps", "0"])
    assert "kept: translation, time" in capsys.readouterr().out
    for name, wrong in (("long.npy", flow[:, 0]), ("inf.npy", np.where(np.isnan(flow), np.inf, flow))):
        np.save(tmp_path / name, wrong)
        with pytest.raises(SystemExit, match="2"):
            main(["broken", str(tmp_path / name), "--network-steps", "0"])
    said = capsys.readouterr().err
    assert "long.npy: expected velocities [time, 2, H, W], got [30, 48, 48]" in said
    assert "inf.npy" in said


def test_currents_know_their_units(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    xarray = pytest.importorskip("xarray", reason="the extra ocean")
    pytest.importorskip("h5netcdf", reason="the extra ocean")
    frames = simulate_vortices(Vortices(size=48, frames=30, drag=1.0))
    # Cells of 0.1° at the equator are 11.1 km; a day is a step.
    metres = np.deg2rad(0.1) * 6.371e6
    speed = metres / frames.spacing / (86400 / frames.step)
    latitude, longitude = 2.35 - 0.1 * np.arange(48), 10 + 0.1 * np.arange(48)
    time = np.datetime64("2024-01-01", "ns") + np.arange(30) * np.timedelta64(1, "D")
    dims = ("time", "latitude", "longitude")
    parts = {
        name: (dims, (speed * frames.velocity[:, k]).astype(np.float32), {"units": "m s-1"})
        for k, name in enumerate(("uo", "vo"))
    }
    coordinates = {"time": time, "latitude": latitude, "longitude": longitude}
    xarray.Dataset(parts, coordinates).to_netcdf(tmp_path / "sea.nc", engine="h5netcdf")
    main(["broken", str(tmp_path / "sea.nc"), "--out", str(tmp_path / "out"), "--network-steps", "0"])
    said = json.loads((tmp_path / "out" / "symmetries.json").read_text())["symmetries"]
    answers = {one["symmetry"]: one["status"] for one in said}
    assert answers["scaling"] == "refuted"
    assert {answers[name] for name in ("translation", "rotation", "uniform motion")} == {"certified"}


@pytest.fixture(scope="module", params=["a wind", "none"])
def scattered(request: pytest.FixtureRequest) -> tuple[str, Array, Array]:
    """Places and velocities of a flow at the places of a lattice that were moved, by Fourier series."""
    frames = simulate_vortices(Vortices(size=48, frames=30, wind=(1.0, 0.0) if request.param == "a wind" else (0, 0)))
    places = np.indices((48, 48)).reshape(2, -1).T[:, ::-1] + np.random.default_rng(0).uniform(-0.4, 0.4, (48**2, 2))
    across, up = (np.exp(2j * np.pi * places[:, axis, None] * np.fft.fftfreq(48)) for axis in (0, 1))
    spectrum = np.fft.fft2(frames.velocity[:, :, ::-1]) / 48**2
    velocity = np.einsum("tcyx,ny,nx->tnc", spectrum, up, across, optimize=True).real
    return request.param, places * frames.spacing, velocity


def test_points_and_meshes_have_the_answers_of_lattices(
    scattered: tuple[str, Array, Array], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The wind breaks rotation, and without it rotation is kept."""
    wind, pos, velocity = scattered
    np.savez(tmp_path / "points.npz", pos=pos, velocity=velocity, time=0.05 * np.arange(30))
    flows = [tmp_path / "points.npz"]
    with contextlib.suppress(ImportError):
        import meshio

        for k, frame in enumerate(velocity):
            data = {"U": np.pad(frame, ((0, 0), (0, 1)))}
            meshio.write(
                tmp_path / f"{k}.vtu", meshio.Mesh(np.pad(pos, ((0, 0), (0, 1))), [("triangle", [[0, 1, 2]])], data)
            )
        flows.append(tmp_path / "*.vtu")
    for flow in flows:
        out = tmp_path / "out"
        words = ["--step", "0.05"] if flow.suffix == ".vtu" else []
        main(["broken", str(flow), "--out", str(out), "--network-steps", "0", *words])
        printed = capsys.readouterr().out
        broken, _, kept = printed.splitlines()[0].partition("; kept: ")
        assert ("rotation" in broken, "rotation" in kept) == (wind == "a wind", wind != "a wind")
        assert "uniform motion" in kept
        assert "2304 points were brought to a lattice of 48 × 48 places" in printed
        page = (out / "index.html").read_text(encoding="utf-8")
        assert "2304 points were brought to a lattice of 48 × 48 places" in page
        assert "broken.png" in page


@pytest.mark.parametrize(
    ("pos", "words", "message"),
    [
        (np.linspace(0, 1, 30)[:, None] * np.array([1.0, 2.0]), [], "points.npz: the points lie nearly on a line"),
        (np.array([[0.0, 0], [1, 0], [0, 1]]), [], "points.npz: expected places [N, 2] of four points or more, got [3"),
        (np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [0, 0]]), [], "points.npz: expected points at different places"),
        (np.random.default_rng(0).random((30, 2)), ["--spacing", "0.01"], "points.npz: expected a spacing of"),
        (np.random.default_rng(0).random((30, 2)), ["--periodic", "true"], "points.npz: points have no lattice that"),
        (np.random.default_rng(0).random((30, 2)), ["--field", "U"], "points.npz: the name of a field is of meshes"),
        (np.random.default_rng(0).random((30, 2)), [], "expected 1000 at least"),
    ],
)
def test_points_that_are_refused(
    pos: Array, words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "points.npz", pos=pos, velocity=np.random.default_rng(1).normal(size=(9, *pos.shape)))
    with pytest.raises(SystemExit, match="2"):
        main(["broken", str(tmp_path / "points.npz"), "--out", str(tmp_path / "out"), *words])
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_networks_side_by_side(windy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["broken", str(windy), "--out", str(tmp_path), "--network-steps", "2", "--progress", "false"])
    printed = capsys.readouterr().out
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Next frame, error over that of nothing changing:" in printed
    assert page.index("broken.png") < page.index("<h2>A strict") < page.index("forecasts.png")
    strict = next(line for line in printed.splitlines() if line.startswith("strict"))
    seen, turned = strict.split()[1], strict.split()[-1]
    assert abs(float(seen) - float(turned)) < 2e-3, "a strict network errs alike"


def test_a_strict_network_never_knows_of_turns_and_a_free_one_does(windy: Path) -> None:
    compared = compare_networks(torch.from_numpy(np.load(windy)), steps=25, seed=0, progress=False)
    strict, relaxed, free = compared.scores
    assert strict.turned == pytest.approx(strict.error, rel=1e-4)
    assert free.turned > 1.02 * free.error
    assert free.error < 0.95
    assert strict.relaxation == 0 < relaxed.relaxation
    assert compared.forecasts["free"].shape == compared.truth.shape
    assert 0.8 < strict.parameters / free.parameters < 1.25


def test_networks_say_what_they_lack(windy: Path) -> None:
    flow = torch.from_numpy(np.load(windy))
    with pytest.raises(ValueError, match="30 frames or more to train on"):
        compare_networks(flow[:20], steps=1, seed=0, progress=False)
    with pytest.raises(ValueError, match="nothing changes in the frames to train on"):
        compare_networks(flow[:1].expand(30, -1, -1, -1), steps=1, seed=0, progress=False)
    flow[:, :, :, 3:] = torch.nan
    with pytest.raises(
        ValueError, match=r"velocities in 10 % .* to train on in the square of 48 .* got 6\.2 %; the rest"
    ):
        compare_networks(flow, steps=1, seed=0, progress=False)


def half_land(windy: Path, size: int = 24) -> torch.Tensor:
    """A coast that no quarter turn keeps, and a frame that is missing."""
    flow = torch.from_numpy(np.load(windy))[..., :size, :size]
    land = torch.arange(size)[:, None] > torch.arange(size)
    flow[:, :, land] = torch.nan
    flow[7] = torch.nan
    return flow


def test_with_land_a_strict_network_errs_alike_and_a_free_one_does_not(windy: Path) -> None:
    flow = half_land(windy)
    compared = compare_networks(flow, steps=25, seed=0, progress=False)
    strict, _, free = compared.scores
    assert strict.turned == pytest.approx(strict.error, rel=1e-4)
    assert free.turned > 1.02 * free.error
    assert free.error < 0.95
    land = flow[-1].isnan()
    for forecast in (compared.truth, *compared.forecasts.values()):
        assert torch.equal(forecast.isnan(), land.expand_as(forecast)), "land is blank, and water is not"


def test_what_stands_in_gaps_does_not_matter(windy: Path) -> None:
    flow = half_land(windy)
    other = torch.where(flow[:, :1].isnan() & torch.tensor([False, True]).view(2, 1, 1), 1e6, flow)
    assert bool((other == 1e6).any())
    one, two = (compare_networks(each, steps=2, seed=0, progress=False) for each in (flow, other))
    assert one.scores == two.scores
    # Water at rest is not land: it would be forecast perfectly.
    zeros = compare_networks(flow.nan_to_num(), steps=2, seed=0, progress=False)
    assert zeros.scores[0].error != pytest.approx(one.scores[0].error, rel=1e-3)


def test_networks_look_where_most_is_known(windy: Path) -> None:
    whole = torch.from_numpy(np.load(windy))[..., :16, :16]
    recorded = torch.full((30, 2, 16, 40), torch.nan)
    recorded[..., 19:35] = whole
    one, two = (compare_networks(each, steps=2, seed=0, progress=False) for each in (whole, recorded))
    assert one.scores == two.scores


def test_land_reaches_the_page(windy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "coast.npy", half_land(windy, 48).numpy())
    main(["broken", str(tmp_path / "coast.npy"), "--out", str(tmp_path / "out"), "--network-steps", "2"])
    printed = capsys.readouterr()
    assert "Next frame, error over that of nothing changing:" in printed.out
    assert "nan" not in printed.out
    assert (tmp_path / "out" / "forecasts.png").exists()
