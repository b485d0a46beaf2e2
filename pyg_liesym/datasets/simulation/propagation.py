"""Where particles hit the calorimeter: straight lines and helices in a solenoid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RADIUS, HALF_LENGTH = 1150.0, 3510.0
FIELD = 2.0
_BEND = 2.99792458e-4  # GeV of transverse momentum per tesla and millimetre of radius


def propagate(momentum: Array, vertex: Array, charge: Array) -> tuple[Array, Array]:
    r"""Follow particles to the surface of a cylinder with a field along its axis.

    A charged particle flies on a helix of radius :math:`p_T / (0.3\,\lvert q\rvert B)` (GeV, tesla, metres), a neutral
    one straight. The cylinder is that of Delphes' ATLAS card: radius 1.15 m, half-length 3.51 m, 2 T. A particle that
    curls up inside leaves through an end.

    Args:
        momentum: ``(px, py, pz)`` where the particle is made, ``[N, 3]``.
        vertex: That place ``(x, y, z)``, ``[N, 3]``.
        charge: In units of the positron's, ``[N]``.

    Units:
        GeV and millimetres.

    Returns:
        η and φ of the place where each particle leaves, ``[N]`` each, as seen from the middle; NaN for a particle
        that is made outside.

    Example:
        >>> straight = propagate(np.array([[3.0, 3.0, 0.0]]), np.zeros((1, 3)), np.zeros(1))
        >>> [float(angle[0].round(4)) for angle in straight]
        [0.0, 0.7854]
    """
    pt = np.maximum(np.hypot(momentum[:, 0], momentum[:, 1]), 1e-9)
    phi = np.arctan2(momentum[:, 1], momentum[:, 0])
    slope = momentum[:, 2] / pt
    with np.errstate(divide="ignore"):
        to_end = (np.copysign(HALF_LENGTH, slope) - vertex[:, 2]) / slope
    curvature = _BEND * FIELD * charge / pt
    path = np.minimum(_path_to_wall(vertex, phi, curvature), to_end)
    turned = curvature * path
    # The chord of an arc: its length and direction stay exact where the curvature is zero.
    chord = path * np.sinc(turned / (2 * np.pi))
    x = vertex[:, 0] + chord * np.cos(phi - turned / 2)
    y = vertex[:, 1] + chord * np.sin(phi - turned / 2)
    z = vertex[:, 2] + slope * path
    outside = (np.hypot(vertex[:, 0], vertex[:, 1]) > RADIUS) | (np.abs(vertex[:, 2]) > HALF_LENGTH)
    eta = np.arcsinh(z / np.maximum(np.hypot(x, y), 1e-9))
    return np.where(outside, np.nan, eta), np.arctan2(y, x)


def _path_to_wall(vertex: Array, phi: Array, curvature: Array) -> Array:
    """Transverse path to the cylinder's wall, infinite for a helix that stays inside."""
    cos, sin = np.cos(phi), np.sin(phi)
    along = vertex[:, 0] * cos + vertex[:, 1] * sin
    gap = np.maximum(RADIUS**2 - vertex[:, 0] ** 2 - vertex[:, 1] ** 2, 0.0)
    straight = -along + np.sqrt(along**2 + gap)
    bent = curvature != 0
    radius = 1.0 / np.where(bent, curvature, 1.0)
    centre = vertex[:, 0] + radius * sin, vertex[:, 1] - radius * cos
    distance = np.maximum(np.hypot(*centre), 1e-9)
    opening = (RADIUS**2 - distance**2 - radius**2) / (2 * radius * distance)
    reaches = np.abs(opening) <= 1
    start = phi + np.arctan2(centre[0], centre[1])
    half = np.arccos(np.clip(opening, -1, 1))
    turns = [np.mod(np.sign(radius) * (start - crossing), 2 * np.pi) for crossing in (half, -half)]
    curved = np.where(reaches, np.abs(radius) * np.minimum(*turns), np.inf)
    return np.where(bent, curved, straight)
