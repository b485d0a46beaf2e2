"""What astronomers would say about planets: ellipses, and Newton's law with known masses."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import least_squares

Array = NDArray[np.float64]

GAUSS = 0.01720209895
"""Root of G times the mass of the Sun, in astronomical units and days (IAU 1976)."""
INVERSE_MASSES = {
    "Mercury": 6023600.0, "Venus": 408523.71, "Earth": 328900.56, "Mars": 3098708.0, "Jupiter": 1047.3486,
    "Saturn": 3497.898, "Uranus": 22902.98, "Neptune": 19412.24,
}  # fmt: skip
"""Mass of the Sun over that of a planet with its moons (IAU 2009)."""


class Ellipse(NamedTuple):
    """An orbit about the Sun.

    Args:
        elements: Logarithm of the semi-major axis, eccentricity, inclination, node, pericentre, mean anomaly at time
            zero, and logarithm of the mean motion.
    """

    elements: Array

    @property
    def period(self) -> float:
        """In units of the times."""
        return float(2 * np.pi / np.exp(self.elements[6]))

    def at(self, times: Array) -> Array:
        """Positions ``[T, 3]``."""
        size, eccentricity, inclination, node, pericentre, anomaly, motion = self.elements
        mean = anomaly + np.exp(motion) * times
        eccentric = mean + eccentricity * np.sin(mean)
        for _ in range(8):  # Newton's method: quadratic, and e is small
            excess = eccentric - eccentricity * np.sin(eccentric) - mean
            eccentric = eccentric - excess / (1 - eccentricity * np.cos(eccentric))
        x = np.exp(size) * (np.cos(eccentric) - eccentricity)
        y = np.exp(size) * np.sqrt(1 - eccentricity**2) * np.sin(eccentric)
        (cn, sn), (ci, si), (cp, sp) = ((np.cos(a), np.sin(a)) for a in (node, inclination, pericentre))
        first = np.array([cn * cp - sn * sp * ci, sn * cp + cn * sp * ci, sp * si])
        second = np.array([-cn * sp - sn * cp * ci, -sn * sp + cn * cp * ci, cp * si])
        found: Array = x[:, None] * first + y[:, None] * second
        return found


def osculating(pos: Array, vel: Array, strength: float) -> Ellipse:
    """The ellipse of one state about the Sun, at time zero.

    Args:
        pos: Position ``[3]``.
        vel: Velocity ``[3]``.
        strength: G times the mass of the Sun and the planet.

    Example:
        >>> orbit = osculating(np.array([1.0, 0.2, 0.1]), np.array([-0.1, 1.0, 0.1]), 1.0)
        >>> orbit.at(np.zeros(1)).round(6)
        array([[1. , 0.2, 0.1]])
    """
    distance, turning = float(np.linalg.norm(pos)), np.cross(pos, vel)
    toward = np.cross(vel, turning) / strength - pos / distance
    eccentricity = float(np.linalg.norm(toward))
    size = 1 / (2 / distance - vel @ vel / strength)
    inclination = np.arctan2(np.hypot(turning[0], turning[1]), turning[2])
    node = np.arctan2(turning[0], -turning[1])
    across = np.cross(turning / np.linalg.norm(turning), [np.cos(node), np.sin(node), 0.0])
    pericentre = np.arctan2(toward @ across, toward[0] * np.cos(node) + toward[1] * np.sin(node))
    motion = np.sqrt(strength / size**3)
    sine, cosine = pos @ vel / np.sqrt(strength * size), 1 - distance / size  # e sin E, e cos E
    anomaly = np.arctan2(sine, cosine) - sine
    return Ellipse(np.array([np.log(size), eccentricity, inclination, node, pericentre, anomaly, np.log(motion)]))


def fitted(times: Array, pos: Array, start: Ellipse) -> Ellipse:
    """The ellipse, of any period, that is nearest to positions by least squares.

    Shapes:
        - **times**: ``[T]``; **pos**: ``[T, 3]``
    """
    found = least_squares(lambda elements: (Ellipse(elements).at(times) - pos).ravel(), start.elements, x_scale="jac")
    return Ellipse(found.x)


def newton(pos: Array, vel: Array, strength: Array, times: Array) -> Array:
    """Positions ``[T, B, 3]`` of bodies under Newton's law, by SciPy's DOP853.

    Args:
        pos: First positions ``[B, 3]``.
        vel: First velocities.
        strength: G times each mass ``[B]``.
        times: Rising, the first that of the first state.
    """
    shape = pos.shape

    def change(_: float, state: Array) -> Array:
        q, p = state.reshape(2, *shape)
        relative = q[None] - q[:, None]
        squared = (relative**2).sum(-1) + np.eye(len(q))
        pull: Array = (strength[None, :, None] * relative / squared[..., None] ** 1.5).sum(1)
        return np.concatenate([p.ravel(), pull.ravel()])

    first = np.concatenate([pos.ravel(), vel.ravel()])
    found = solve_ivp(change, (times[0], times[-1]), first, "DOP853", times, rtol=1e-11, atol=1e-13)
    paths: Array = found.y.T.reshape(len(times), 2, *shape)[:, 0]
    return paths
