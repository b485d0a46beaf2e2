from __future__ import annotations

import numpy as np
import pytest

from pyg_liesym.datasets.simulation.coulomb import (
    ChargedState,
    ChargedTrajectories,
    draw_charged_particles,
    simulate_charged_particles,
)


def run(num_systems: int, frames: tuple[int, ...], num_bodies: int = 5, **options: float) -> ChargedTrajectories:
    start = draw_charged_particles(num_systems, num_bodies=num_bodies, rng=np.random.RandomState(0))
    return simulate_charged_particles(start, frames, progress=False, **options)


def test_equals_the_scheme_body_by_body() -> None:
    """One system, the recurrence of EGNN's protocol with three loops."""
    options = {"steps_per_frame": 5, "dt": 1e-2, "max_force": 2.0}
    got = run(1, (0, 2), num_bodies=3, **options)
    start = draw_charged_particles(1, num_bodies=3, rng=np.random.RandomState(0))
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


def test_start_of_the_benchmark() -> None:
    got = run(2000, (0,), steps_per_frame=1)
    assert set(np.unique(got.charge)) == {-1.0, 1.0}
    assert abs(got.charge.mean()) < 0.05
    assert abs(got.pos.std() - 1) < 0.02


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


def test_momentum_is_conserved_where_no_force_is_clamped() -> None:
    got = run(20, (0, 5), max_force=np.inf)
    np.testing.assert_allclose(got.vel[:, 0].sum(1), got.vel[:, 1].sum(1), atol=1e-9)


@pytest.mark.parametrize("frames", [(), (-1,), (3, 3), (4, 2)])
def test_bad_frames(frames: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="non-negative and rising"):
        run(1, frames)


def test_some_targets_hang_on_the_last_digit() -> None:
    """As the card of the data says: renumbered particles end elsewhere in 6 % of the systems."""
    start = draw_charged_particles(300, rng=np.random.RandomState(43))
    order = np.array([3, 0, 4, 2, 1])
    renumbered = ChargedState(*(part[:, order] for part in start))
    first, second = (simulate_charged_particles(state, (40,), progress=False).pos for state in (start, renumbered))
    moved = np.abs(first[:, :, order] - second).max(axis=(1, 2, 3))
    assert 0.02 < (moved > 1e-6).mean() < 0.1
    assert np.median(moved) < 1e-11
