import numpy as np
import pytest

from pyg_liesym.datasets.simulation.gravity import (
    Orbits,
    acceleration,
    angular_momentum,
    in_sector,
    integrate_orbits,
    one_step_pairs,
    simulate_orbits,
    total_energy,
)

KINDS = ["two_body", "two_body_wide", "three_body"]


def slow_acceleration(pos):
    pull = np.zeros_like(pos)
    for i in range(len(pos)):
        for j in range(len(pos)):
            if i != j:
                apart = pos[j] - pos[i]
                pull[i] += apart / (apart @ apart) ** 1.5
    return pull


@pytest.fixture(scope="module", params=KINDS)
def orbits(request):
    return simulate_orbits(request.param, num_orbits=64)


def test_acceleration_equals_the_double_loop():
    pos = np.random.default_rng(0).normal(size=(5, 4, 3, 2))
    expected = np.array([[slow_acceleration(bodies) for bodies in row] for row in pos])
    np.testing.assert_allclose(acceleration(pos), expected, rtol=1e-12)


def test_energy_is_conserved(orbits):
    energy = total_energy(orbits.pos, orbits.mom)
    np.testing.assert_allclose(energy, np.broadcast_to(energy[:, :1], energy.shape), rtol=1e-7)


def test_angular_momentum_is_conserved(orbits):
    momentum = angular_momentum(orbits.pos, orbits.mom)
    np.testing.assert_allclose(momentum, np.broadcast_to(momentum[:, :1], momentum.shape), rtol=1e-7)


def test_the_centre_of_mass_moves_uniformly(orbits):
    mean_momentum = orbits.mom.mean(2)
    path = orbits.pos[:, :1].mean(2) + mean_momentum[:, :1] * orbits.times[:, None]
    np.testing.assert_allclose(mean_momentum, np.broadcast_to(mean_momentum[:, :1], mean_momentum.shape), atol=1e-8)
    np.testing.assert_allclose(orbits.pos.mean(2), path, atol=1e-7)


def test_two_bodies_rest_in_their_centre_of_mass():
    orbits = simulate_orbits("two_body", num_orbits=64)
    np.testing.assert_allclose(orbits.pos[:, :, 0], -orbits.pos[:, :, 1], atol=1e-9)


def test_an_ellipse_closes_after_keplers_period():
    pos = np.array([[[0.8, 0.3], [-0.8, -0.3]]])
    mom = np.array([[[-0.2, 0.35], [0.2, -0.35]]])
    # Bound orbit of two unit masses: E = -1 / (2 a), T = 2 pi sqrt(a³ / 2).
    semi_axis = -0.5 / total_energy(pos, mom)[0]
    period = 2 * np.pi * np.sqrt(semi_axis**3 / 2)
    orbit = integrate_orbits(pos, mom, np.array([0.0, period / 3, period]))
    np.testing.assert_allclose(orbit.pos[:, -1], pos, atol=1e-7)
    np.testing.assert_allclose(orbit.mom[:, -1], mom, atol=1e-7)
    assert np.abs(orbit.pos[:, 1] - pos).max() > 0.5


def test_the_solution_follows_a_rotation():
    pos, mom = np.random.default_rng(3).normal(size=(2, 4, 3, 2))
    pos *= 3
    times = np.linspace(0.0, 2.0, 5)
    cos, sin = np.cos(0.7), np.sin(0.7)
    turn = np.array([[cos, -sin], [sin, cos]])
    plain, turned = integrate_orbits(pos, mom, times), integrate_orbits(pos @ turn.T, mom @ turn.T, times)
    np.testing.assert_allclose(turned.pos, plain.pos @ turn.T, atol=1e-6)


def test_a_trap_leaves_reflections_energy_and_momentum_along_y_alone():
    orbits = simulate_orbits("three_body", num_orbits=8, trap=0.1)
    free = simulate_orbits("three_body", num_orbits=8)
    np.testing.assert_array_equal(orbits.pos[:, 0], free.pos[:, 0])
    assert np.abs(orbits.pos - free.pos)[:, -1].max() > 0.1
    energy = total_energy(orbits.pos, orbits.mom, trap=0.1)
    np.testing.assert_allclose(energy, np.broadcast_to(energy[:, :1], energy.shape), rtol=1e-6)
    assert np.ptp(total_energy(orbits.pos, orbits.mom), axis=1).max() > 1e-2
    total = orbits.mom.sum(2)
    np.testing.assert_allclose(total[..., 1], np.broadcast_to(total[:, :1, 1], total.shape[:2]), atol=1e-7)
    assert np.ptp(total[..., 0], axis=1).max() > 1e-2
    start, times = (orbits.pos[:, 0], orbits.mom[:, 0]), orbits.times[:6]
    for matrix, kept in ((np.diag([-1.0, 1.0]), True), (np.diag([1.0, -1.0]), True), (np.eye(2)[::-1], False)):
        moved = integrate_orbits(*(state @ matrix.T for state in start), times, trap=0.1)
        assert (np.abs(moved.pos - orbits.pos[:, :6] @ matrix.T).max() < 1e-6) == kept
    with pytest.raises(ValueError, match="strength of zero or more"):
        simulate_orbits(num_orbits=1, trap=-0.1)


def test_circular_starts():
    orbits = simulate_orbits("two_body", num_orbits=512)
    first, speed = orbits.pos[:, 0, 0], orbits.mom[:, 0, 0]
    assert ((first >= 0.5) & (first <= 1.5)).all()
    np.testing.assert_allclose((first * speed).sum(-1), 0.0, atol=1e-12)
    ratio = np.linalg.norm(speed, axis=-1) * 2 * np.sqrt(np.linalg.norm(first, axis=-1))
    assert abs(ratio.mean() - 1) < 4 * 0.05 / np.sqrt(512)
    assert abs(ratio.std() - 0.05) < 0.01


def test_three_body_starts():
    orbits = simulate_orbits("three_body", num_orbits=64)
    radius = np.linalg.norm(orbits.pos[:, 0], axis=-1)
    assert ((radius >= 0.9) & (radius <= 1.2)).all()
    np.testing.assert_allclose(radius, radius[:, :1] * np.ones(3))
    np.testing.assert_allclose(orbits.pos[:, 0].sum(1), 0.0, atol=1e-12)
    turned = np.stack([-orbits.pos[:, 0, :, 1], orbits.pos[:, 0, :, 0]], axis=-1)
    factor = orbits.mom[:, 0] / (turned * radius[..., None] ** -1.5 * 3**-0.25)
    assert ((factor >= 0.8 - 1e-9) & (factor <= 1.2 + 1e-9)).all()
    assert factor.std() > 0.1


def test_the_circular_speed_of_three_bodies_is_circular():
    angle = 2 * np.pi / 3 * np.arange(3)
    pos = 1.1 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)[None]
    mom = 3**-0.25 * 1.1**-1.5 * np.stack([-pos[..., 1], pos[..., 0]], axis=-1)
    orbit = integrate_orbits(pos, mom, np.linspace(0, 1, 4))
    np.testing.assert_allclose(np.linalg.norm(orbit.pos, axis=-1), 1.1, rtol=1e-8)


@pytest.mark.parametrize(("split", "low", "high"), [("train", -180, 0), ("val", -180, 0), ("test", 0, 180)])
def test_wide_split_angles_and_radii(split, low, high):
    start = simulate_orbits("two_body_wide", split, num_orbits=128).pos[:, 0, 0]
    angle = np.degrees(np.arctan2(start[:, 1], start[:, 0]))
    assert ((angle >= low) & (angle <= high)).all()
    assert angle.max() - angle.min() > 150
    radius = np.linalg.norm(start, axis=-1)
    assert ((radius >= 3) & (radius <= 6)).all()


def test_times():
    assert np.diff(simulate_orbits("two_body_wide", num_orbits=1).times) == pytest.approx(0.408, abs=5e-4)
    assert simulate_orbits("two_body", num_orbits=1).times[[0, -1]].tolist() == [0.0, 20.0]
    assert simulate_orbits("three_body", num_orbits=1).times[[0, -1]].tolist() == [0.0, 5.0]


@pytest.mark.parametrize("kind", KINDS)
def test_splits_and_seeds_are_disjoint(kind):
    starts = [
        tuple(start.ravel())
        for split in ("train", "val", "test")
        for seed in (0, 1)
        for start in simulate_orbits(kind, split, num_orbits=5, seed=seed).pos[:, 0]
    ]
    assert len(set(starts)) == len(starts)


def test_the_seed_decides_and_more_orbits_only_add():
    few, many = simulate_orbits(num_orbits=3, seed=4), simulate_orbits(num_orbits=70, seed=4)
    np.testing.assert_array_equal(many.pos[:3], few.pos)
    np.testing.assert_array_equal(simulate_orbits(num_orbits=3, seed=4).mom, few.mom)


def test_one_step_pairs_order():
    pos = np.arange(2 * 3 * 2 * 2, dtype=float).reshape(2, 3, 2, 2)
    x, y = one_step_pairs(Orbits(pos=pos, mom=-pos, times=np.arange(3.0)))
    assert x.shape == y.shape == (4, 8)
    assert x[0].tolist() == [0, 1, 2, 3, -0.0, -1, -2, -3]
    np.testing.assert_array_equal(y[0], x[1])
    np.testing.assert_array_equal(y[1][:4], pos[0, 2].ravel())
    np.testing.assert_array_equal(x[2][:4], pos[1, 0].ravel())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "four_body"}, "kind must be one of"),
        ({"split": "training"}, "split must be one of"),
        ({"num_orbits": 0}, "num_orbits must be at least 1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate_orbits(**arguments)


def test_wrong_states():
    good = np.ones((1, 2, 2))
    with pytest.raises(ValueError, match=r"\[systems, bodies, 2\]"):
        integrate_orbits(good[0], good[0], np.arange(2.0))
    with pytest.raises(ValueError, match="must be finite"):
        integrate_orbits(good * np.nan, good, np.arange(2.0))


def test_a_sector_is_turned_with_what_it_holds():
    x, _ = one_step_pairs(simulate_orbits("three_body", num_orbits=20))
    states = x.reshape(len(x), -1, 2)
    share = in_sector(states).mean()
    assert 0.1 < share < 0.25
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert (in_sector(states @ turn.T, 90.0) == in_sector(states)).mean() > 0.999
    assert sum(in_sector(states, start).sum() for start in range(-180, 180, 60)) == len(states)
    assert in_sector(states, 17.0, 360.0).all()


def test_a_sector_is_of_the_plane():
    with pytest.raises(ValueError, match="vectors of the plane"):
        in_sector(np.zeros((5, 4, 3)))
    with pytest.raises(ValueError, match="at most 360 degrees, got 0"):
        in_sector(np.zeros((5, 4, 2)), width=0)
