"""Convection against what is known of it: conservation, symmetry, when it begins, and how much heat it carries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyg_liesym.datasets.simulation.convection import Convection, State, advance, first_state, simulate_convection
from pyg_liesym.datasets.simulation.convection_files import recipe_name, write_convection


def square(rayleigh: float, rows: int = 16, **options: object) -> Convection:
    return Convection(rayleigh, rows=rows, aspect=1.0, **options)  # type: ignore[arg-type]


def growth(rayleigh: float) -> float:
    """Rate at which the fastest disturbance of conduction grows, by the time that heat takes through the box."""
    box = square(rayleigh, disturbance=1e-6)
    first = advance(box, first_state(box), 30.0)
    second = advance(box, first, 10.0)
    rate = np.log(np.abs(second[1]).max() / np.abs(first[1]).max()) / 10
    return float(rate / box.diffusivity)


def test_convection_begins_at_the_critical_rayleigh_number() -> None:
    """2585.02 in a square box with insulating sides (Mizushima, J. Phys. Soc. Jpn. 64 (1995) 2420)."""
    rates = {rayleigh: growth(rayleigh) for rayleigh in (2200.0, 3000.0)}
    assert rates[2200.0] < 0 < rates[3000.0]
    critical = 2200 - 800 * rates[2200.0] / (rates[3000.0] - rates[2200.0])
    assert critical == pytest.approx(2585, rel=0.03)


def test_a_wide_box_begins_to_turn_over_earlier() -> None:
    """At 2100, between the critical numbers of a wide box and of a square one."""
    for aspect, sign in ((4.0, 1), (1.0, -1)):
        box = Convection(2100.0, rows=10, aspect=aspect, disturbance=1e-6)
        first = advance(box, first_state(box), 40.0)
        second = advance(box, first, 10.0)
        assert np.sign(np.log(np.abs(second[1]).max() / np.abs(first[1]).max())) == sign


@pytest.fixture(scope="module")
def steady() -> tuple[Convection, State]:
    """A single roll that has settled."""
    box = square(1e4)
    return box, advance(box, first_state(box), 100.0)


def test_the_heat_that_a_roll_carries(steady: tuple[Convection, State]) -> None:
    """Nu = 2.158 at Ra = 10⁴ (Ouertatani et al., C. R. Mécanique 336 (2008) 464), at floor, ceiling and within."""
    box, (_, v, t) = steady
    floor, ceiling = 2 * box.rows * (1 - t[:, 0]).mean(), 2 * box.rows * t[:, -1].mean()
    within = 1 + (np.pad(v, ((0, 0), (0, 1), (0, 0))) * (t + np.roll(t, -1, 1)) / 2).mean() / box.diffusivity
    coarse = square(1e4, rows=12)
    coarser = 2 * coarse.rows * (1 - advance(coarse, first_state(coarse), 60.0)[2][:, 0]).mean()
    ratio = (box.rows / coarse.rows) ** 2  # of errors that are of second order
    assert (ratio * floor - coarser) / (ratio - 1) == pytest.approx(2.158, rel=2e-3)
    assert floor == pytest.approx(2.158, rel=0.03)
    assert ceiling == pytest.approx(floor, rel=1e-4)
    assert within == pytest.approx(floor, rel=1e-4)


def test_a_steady_roll_gains_what_it_loses(steady: tuple[Convection, State]) -> None:
    """The work of buoyancy is what the roll loses to viscosity when buoyancy is switched off."""
    box, (u, v, t) = steady
    work = float((v * (t[:, 1:] + t[:, :-1]) / 2).sum()) / box.rows**2
    later = advance(box, (u, v, np.full_like(t, 0.5)), 1e-4)
    energy = [float((a**2).sum() + (b**2).sum()) / 2 / box.rows**2 for a, b in ((u, v), later[:2])]
    assert (energy[0] - energy[1]) / 1e-4 == pytest.approx(work, rel=0.01)


def test_fluid_sticks_to_the_walls(steady: tuple[Convection, State]) -> None:
    """Velocities along a wall, on the parabola through three cells, are zero there as far as 16 rows can show."""
    _, (u, v, _) = steady
    for component, axis in ((u, 1), (v, 2)):
        for beside in (np.moveaxis(component, axis, 0), np.moveaxis(component, axis, 0)[::-1]):
            on_wall = (15 * beside[0] - 10 * beside[1] + 3 * beside[2]) / 8
            assert np.abs(on_wall).max() < 0.15 * np.abs(component).max()
            assert np.abs(beside[0]).max() > 0.3 * np.abs(component).max()


def test_walls_and_divergence() -> None:
    box = Convection(1e6, rows=16, aspect=3.0, seeds=(0, 1))
    u, v, t = advance(box, first_state(box), 15.0)
    assert np.abs(u).max() > 0.1
    divergence = np.diff(u, axis=2, prepend=0.0, append=0.0) + np.diff(v, axis=1, prepend=0.0, append=0.0)
    assert np.abs(divergence).max() < 1e-12
    assert np.isfinite(t).all()
    frames = simulate_convection(box, 1, start=15.0, dtype=np.float64, progress=False)
    assert frames.velocity.shape == (2, 1, 2, 16, 48)
    assert frames.temperature.shape == (2, 1, 1, 16, 48)
    # Rows run downwards: the floor is the last, and warm.
    assert frames.temperature[..., -1, :].mean() > 0.7 > 0.3 > frames.temperature[..., 0, :].mean()
    # Warm fluid rises.
    assert (frames.velocity[:, :, 1] * (frames.temperature[:, :, 0] - 0.5)).mean() > 0.005


def test_conduction_stays_what_it_is() -> None:
    box = square(1e6)
    rest = first_state(box)
    rest = rest[0], rest[1], np.repeat(1 - (np.arange(16)[None, :, None] + 0.5) / 16, 16, 2)
    u, v, t = advance(box, rest, 5.0)
    assert max(np.abs(u).max(), np.abs(v).max()) < 1e-12
    np.testing.assert_allclose(t, rest[2], atol=1e-12)


def test_mirror_images_stay_mirror_images() -> None:
    """From left to right, and upside down with cold for warm; not upside down alone."""
    box = Convection(1e5, rows=12, aspect=2.0)
    u, v, t = first_state(box)
    flow = advance(box, (u, v, t), 8.0)
    left = advance(box, (u, v, t[:, :, ::-1]), 8.0)
    for one, other in zip(left, (-flow[0][:, :, ::-1], flow[1][:, :, ::-1], flow[2][:, :, ::-1]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    down = advance(box, (u, v, 1 - t[:, ::-1]), 8.0)
    for one, other in zip(down, (flow[0][:, ::-1], -flow[1][:, ::-1], 1 - flow[2][:, ::-1]), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    assert np.abs(flow[1] + flow[1][:, ::-1]).max() > 0.1


def test_the_start_does_not_depend_on_the_number_of_rows() -> None:
    fine, coarse = (first_state(Convection(1e6, rows=rows, aspect=2.0))[2] for rows in (32, 16))
    averaged = fine.reshape(1, 16, 2, 32, 2).mean((2, 4))
    assert np.abs(averaged - coarse).max() < 0.02
    assert first_state(Convection(rows=32))[2].std() == pytest.approx(np.hypot(0.1, 12**-0.5), rel=0.1)
    other = first_state(Convection(1e6, rows=16, aspect=2.0, seeds=(1,)))[2]
    assert np.abs(other - coarse).max() > 0.1


def test_what_is_refused() -> None:
    for wrong in ({"rayleigh": 0.0}, {"rows": 3}, {"rows": 10, "aspect": 0.75}, {"seeds": ()}, {"aspect": -1.0}):
        with pytest.raises(ValueError, match=r"must be positive|whole columns"):
            Convection(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="frames ≥ 1"):
        simulate_convection(square(1e4), 0)


def test_a_file_is_made_once_and_not_mixed(tmp_path: Path) -> None:
    box = square(1e4, rows=8)
    path = write_convection(tmp_path / "a", box, 2, interval=0.5, start=0.0, progress=False)
    made = path.stat().st_mtime_ns
    assert write_convection(tmp_path / "a", box, 2, interval=0.5, start=0.0, progress=False) == path
    assert path.stat().st_mtime_ns == made
    path.write_bytes(path.read_bytes()[:100])
    write_convection(tmp_path / "a", box, 2, interval=0.5, start=0.0, progress=False)
    assert path.stat().st_size > 100
    with pytest.raises(ValueError, match="holds convection made with"):
        write_convection(tmp_path / "a", square(2e4, rows=8), 2, interval=0.5, start=0.0, progress=False)
    names = {
        recipe_name(box, 2, 0.5, 0.0),
        recipe_name(box, 2, 0.5, 1.0),
        recipe_name(square(1e4, 8, seeds=(1,)), 2, 0.5, 0.0),
    }
    assert len(names) == 3
    assert all(name.startswith("1e+04-8-2frames-") for name in names)
