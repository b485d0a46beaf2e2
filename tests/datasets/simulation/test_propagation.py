import numpy as np
import pytest

from pyg_liesym.datasets.simulation.propagation import FIELD, HALF_LENGTH, RADIUS, propagate


def step_by_step(momentum, vertex, charge, step=0.05):
    """The Lorentz force, turned by hand in steps of 0.05 mm of transverse path."""
    place, direction = vertex.astype(float).copy(), momentum / np.hypot(*momentum[:2])
    turn = -0.299792458e-3 * charge * FIELD / np.hypot(*momentum[:2]) * step
    cos, sin = np.cos(turn / 2), np.sin(turn / 2)

    def turned(vector):
        return np.array([cos * vector[0] - sin * vector[1], sin * vector[0] + cos * vector[1], vector[2]])

    while np.hypot(*place[:2]) < RADIUS and abs(place[2]) < HALF_LENGTH:
        direction = turned(direction)
        place = place + step * direction
        direction = turned(direction)
    return np.arcsinh(place[2] / np.hypot(*place[:2])), np.arctan2(place[1], place[0])


@pytest.mark.parametrize(
    ("momentum", "vertex", "charge"),
    [
        ([1.0, 0.5, 0.3], [0, 0, 0], 1),
        ([1.0, 0.5, 0.3], [0, 0, 0], -1),
        ([-0.5, 0.2, -0.4], [80, -30, 200], 1),
        ([0.2, 0.1, 0.5], [0, 0, 0], 1),  # curls up and leaves through the end
        ([0.2, -0.25, 0.01], [500, 300, -100], -1),
        ([-3.0, 4.0, 2.0], [300, 400, 0], 0),
        ([0.3, 0.4, 5.0], [0, 0, 0], 0),
    ],
)
def test_equals_the_path_in_small_steps(momentum, vertex, charge):
    momentum, vertex = np.array(momentum), np.array(vertex, float)
    found = propagate(momentum[None], vertex[None], np.array([charge]))
    np.testing.assert_allclose(np.concatenate(found), step_by_step(momentum, vertex, charge), atol=1e-3)


def test_positive_particles_turn_clockwise():
    _, phi = propagate(np.array([[1.0, 0, 0]] * 2), np.zeros((2, 3)), np.array([1.0, -1.0]))
    # a chord of R on a circle of radius pT / 0.3 B turns by asin(R / 2 r)
    expected = np.arcsin(1.15 / 2 * 0.299792458 * 2)
    np.testing.assert_allclose(phi, [-expected, expected])


def test_hard_particles_fly_straight():
    momentum = np.random.default_rng(0).normal(size=(50, 3)) * 1e6
    eta, phi = propagate(momentum, np.zeros((50, 3)), np.ones(50))
    np.testing.assert_allclose(phi, np.arctan2(momentum[:, 1], momentum[:, 0]), atol=1e-5)
    np.testing.assert_allclose(eta, np.arcsinh(momentum[:, 2] / np.hypot(*momentum.T[:2])), atol=1e-5)


def test_particles_made_outside_are_lost():
    vertex = np.array([[1200.0, 0, 0], [0, 0, 4000], [1100, 0, 0]])
    eta, _ = propagate(np.ones((3, 3)), vertex, np.array([0.0, 1.0, 1.0]))
    assert np.isnan(eta).tolist() == [True, True, False]


def test_a_particle_along_the_beam_stays_finite():
    eta, phi = propagate(np.array([[0.0, 0.0, 5.0]]), np.zeros((1, 3)), np.ones(1))
    assert np.isfinite([eta, phi]).all()
