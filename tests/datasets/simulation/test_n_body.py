from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from pyg_liesym.datasets.simulation.n_body import Bodies, BodyTrajectories, PairDynamics, simulate_bodies
from pyg_liesym.datasets.simulation.n_body_recipes import (
    RECIPES,
    draw_charged_particles,
    draw_gravitating_bodies,
    simulate_n_body,
)

KINDS = ["charged", "gravity", "many_charged"]
CHARGED, GRAVITY = RECIPES["charged"].dynamics, RECIPES["gravity"].dynamics


def run(
    num_systems: int, frames: tuple[int, ...], num_bodies: int = 5, kind: str = "charged", **options: float
) -> BodyTrajectories:
    start = RECIPES[kind].draw(num_systems, num_bodies, np.random.RandomState(0))
    return simulate_bodies(start, replace(RECIPES[kind].dynamics, **options), frames, progress=False)  # type: ignore[arg-type]


def energy(found: BodyTrajectories, dynamics: PairDynamics) -> np.ndarray:
    """Of every system at every frame, pair by pair."""
    bodies = found.pos.shape[2]
    total = 0.5 * (found.vel**2).sum((-2, -1))
    for i in range(bodies):
        for j in range(i):
            squared = ((found.pos[:, :, i] - found.pos[:, :, j]) ** 2).sum(-1) + dynamics.softening**2
            total += (dynamics.strength * found.charge[:, i] * found.charge[:, j])[:, None] / np.sqrt(squared)
    return total


def test_charged_equals_the_scheme_body_by_body() -> None:
    """One system, the recurrence of EGNN's protocol with three loops."""
    got = run(1, (0, 2), num_bodies=3, steps_per_frame=5, first_step=5, dt=1e-2, max_force=2.0)
    start = RECIPES["charged"].draw(1, 3, np.random.RandomState(0))
    pos, vel, charge = (values[0] for values in start)

    def force() -> np.ndarray:
        total = np.zeros((3, 3))
        for i in range(3):
            for j in range(3):
                if i != j:
                    total[i] += charge[i] * charge[j] * (pos[i] - pos[j]) / np.linalg.norm(pos[i] - pos[j]) ** 3
        return np.clip(total, -2.0, 2.0)

    vel = vel + 1e-2 * force()
    frames = {}
    for step in range(1, 16):
        pos = pos + 1e-2 * vel
        frames[step] = (pos, vel)
        vel = vel + 1e-2 * force()
    for index, step in enumerate((5, 15)):
        np.testing.assert_allclose(got.pos[0, index], frames[step][0])
        np.testing.assert_allclose(got.vel[0, index], frames[step][1])


def test_gravity_equals_kick_drift_kick_body_by_body() -> None:
    """SEGNN's protocol: half a kick, a drift, half a kick; frame 0 is the start."""
    got = run(1, (0, 2), num_bodies=3, kind="gravity", steps_per_frame=5, dt=1e-2)
    start = RECIPES["gravity"].draw(1, 3, np.random.RandomState(0))
    pos, vel = start.pos[0], start.vel[0]
    np.testing.assert_array_equal(got.pos[0, 0], pos)
    np.testing.assert_array_equal(got.vel[0, 0], vel)

    def pull() -> np.ndarray:
        total = np.zeros((3, 3))
        for i in range(3):
            for j in range(3):
                total[i] += (pos[j] - pos[i]) / (((pos[j] - pos[i]) ** 2).sum() + 0.1**2) ** 1.5
        return total

    for _ in range(10):
        vel = vel + 0.5e-2 * pull()
        pos = pos + 1e-2 * vel
        vel = vel + 0.5e-2 * pull()
    np.testing.assert_allclose(got.pos[0, 1], pos)
    np.testing.assert_allclose(got.vel[0, 1], vel)


def test_frames_of_many_charged_particles_follow_one_step() -> None:
    """GMN's and FastEGNN's generator keeps a state after the first step and every hundredth after it."""
    start = RECIPES["many_charged"].draw(1, 6, np.random.RandomState(0))
    got = simulate_n_body("many_charged", num_systems=1, num_bodies=6, seed=0, frames=(0, 1), progress=False)
    np.testing.assert_allclose(np.linalg.norm(got.pos[0, 0] - start.pos[0], axis=-1), 0.5e-3, rtol=0.05)
    np.testing.assert_allclose(got.pos[0, 0] - start.pos[0], 1e-3 * got.vel[0, 0], atol=1e-12)
    later = run(1, (101,), num_bodies=6, kind="many_charged", first_step=0, steps_per_frame=1)
    np.testing.assert_array_equal(got.pos[0, 1], later.pos[0, 0])


def test_start_of_the_benchmarks() -> None:
    got = run(2000, (0,), first_step=1)
    assert set(np.unique(got.charge)) == {-1.0, 1.0}
    assert abs(got.charge.mean()) < 0.05
    assert abs(got.pos.std() - 1) < 0.02
    many = RECIPES["many_charged"].draw(200, 100, np.random.RandomState(0))
    assert abs(many.pos.std() - (20 ** (1 / 3) + 0.1)) < 0.03
    np.testing.assert_allclose(np.linalg.norm(many.vel, axis=-1), 0.5)


def test_draw_is_the_one_of_the_released_generator() -> None:
    """The generator's own calls, in its order: charges, positions, velocities, noise of variance zero."""
    legacy = np.random.RandomState(43)
    got = draw_charged_particles(3, rng=np.random.RandomState(43))
    for system in range(3):
        charge = legacy.choice(np.array([-1.0, 0.0, 1.0]), size=(5, 1), p=[0.5, 0.0, 0.5])
        pos, vel = legacy.randn(3, 5), legacy.randn(3, 5)
        legacy.randn(49, 3, 5), legacy.randn(49, 3, 5)
        np.testing.assert_array_equal(got.charge[system], charge[:, 0])
        np.testing.assert_array_equal(got.pos[system], pos.T)
        np.testing.assert_allclose(got.vel[system], (0.5 * vel / np.linalg.norm(vel, axis=0)).T)


def test_draw_of_gravity_is_the_one_of_the_released_generator() -> None:
    """Positions, velocities, noise of 50 frames of positions, velocities and forces; the centre of mass at rest."""
    legacy = np.random.RandomState(43)
    got = draw_gravitating_bodies(3, rng=np.random.RandomState(43))
    for system in range(3):
        pos, vel = legacy.randn(5, 3), legacy.randn(5, 3)
        for _ in range(3):
            legacy.randn(50, 5, 3)
        np.testing.assert_array_equal(got.pos[system], pos)
        np.testing.assert_allclose(got.vel[system], vel - vel.mean(0), atol=1e-15)
    assert (got.charge == 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_momentum_is_conserved_where_no_force_is_clamped(kind: str) -> None:
    got = run(20, (0, 5), max_force=np.inf, kind=kind)
    np.testing.assert_allclose(got.vel[:, 0].sum(1), got.vel[:, 1].sum(1), atol=1e-9)


def test_energy_and_angular_momentum_under_gravity() -> None:
    """Angular momentum to rounding; energy better by four for half the step, as the scheme is of second order."""
    found = {dt: run(20, (0, 10), kind="gravity", dt=dt, steps_per_frame=round(0.1 / dt)) for dt in (1e-3, 5e-4)}
    change = {dt: np.abs(np.diff(energy(got, GRAVITY))) for dt, got in found.items()}
    assert np.median(change[1e-3]) < 1e-4
    assert 3.5 < np.median(change[1e-3] / change[5e-4]) < 4.5
    angular = np.cross(found[1e-3].pos, found[1e-3].vel).sum(-2)
    np.testing.assert_allclose(angular[:, 0], angular[:, 1], atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_equivariant_to_rotations_reflections_and_translations(kind: str) -> None:
    turn = -Rotation.random(random_state=1).as_matrix()
    start = RECIPES[kind].draw(6, 5, np.random.RandomState(2))
    moved = Bodies(start.pos @ turn.T + [1.0, -2.0, 3.0], start.vel @ turn.T, start.charge)
    dynamics = replace(RECIPES[kind].dynamics, max_force=np.inf)
    first, second = (simulate_bodies(state, dynamics, (5,), progress=False) for state in (start, moved))
    close = 1e-7 if kind == "gravity" else 1e-5
    np.testing.assert_allclose(first.pos @ turn.T + [1.0, -2.0, 3.0], second.pos, atol=close)
    np.testing.assert_allclose(first.vel @ turn.T, second.vel, atol=10 * close)


def test_systems_do_not_know_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Block by block or all at once, to the last digit."""
    together = run(7, (0, 1))
    monkeypatch.setattr("pyg_liesym.datasets.simulation.n_body._PAIRS", 3 * 25)
    apart = run(7, (0, 1))
    np.testing.assert_array_equal(together.pos, apart.pos)
    np.testing.assert_array_equal(together.vel, apart.vel)


@pytest.mark.parametrize("frames", [(), (-1,), (3, 3), (4, 2)])
def test_bad_frames(frames: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="non-negative and rising"):
        run(1, frames)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "springs"}, "'charged', 'gravity', 'many_charged'"),
        ({"split": "valid"}, "'train', 'val', 'test'"),
        ({"num_systems": 10_001}, "another `seed`"),
        ({"num_bodies": 1}, "two bodies or more"),
    ],
)
def test_mistakes_get_a_sentence(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate_n_body(**{"kind": "gravity", "progress": False, **options})  # type: ignore[arg-type]


def test_some_targets_hang_on_the_last_digit() -> None:
    """As the card of the data says: renumbered particles end elsewhere in 6 % of the systems."""
    start = draw_charged_particles(300, rng=np.random.RandomState(43))
    order = np.array([3, 0, 4, 2, 1])
    renumbered = Bodies(*(part[:, order] for part in start))
    first, second = (simulate_bodies(state, CHARGED, (40,), progress=False).pos for state in (start, renumbered))
    moved = np.abs(first[:, :, order] - second).max(axis=(1, 2, 3))
    assert 0.02 < (moved > 1e-6).mean() < 0.1
    assert np.median(moved) < 1e-11
