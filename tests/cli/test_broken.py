"""``liesym broken`` on files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pyg_liesym.cli.broken_networks import compare_networks
from pyg_liesym.cli.main import main
from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices


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
