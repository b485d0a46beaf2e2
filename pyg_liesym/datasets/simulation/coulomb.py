"""Charged particles in three dimensions, as in the n-body benchmark of EGNN."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

Array = NDArray[np.float64]


class ChargedState(NamedTuple):
    """Systems at one time.

    Shapes:
        - **pos**, **vel**: :math:`(S, M, 3)`; **charge**: :math:`(S, M)`
    """

    pos: Array
    vel: Array
    charge: Array


class ChargedTrajectories(NamedTuple):
    """Frames of simulated systems.

    Shapes:
        - **pos**, **vel**: :math:`(S, T, M, 3)`; **charge**: :math:`(S, M)`
    """

    pos: Array
    vel: Array
    charge: Array


def _force(pos: Array, strength: Array, max_force: float) -> Array:
    relative = pos[:, :, None] - pos[:, None]
    squared = np.einsum("sijk,sijk->sij", relative, relative)
    diagonal = np.arange(pos.shape[1])
    squared[:, diagonal, diagonal] = np.inf
    force: Array = np.einsum("sij,sijk->sik", strength / (squared * np.sqrt(squared)), relative)
    return np.clip(force, -max_force, max_force, out=force)


def draw_charged_particles(
    num_systems: int,
    *,
    num_bodies: int = 5,
    loc_std: float = 1.0,
    speed: float = 0.5,
    observations: int = 49,
    rng: np.random.RandomState,
) -> ChargedState:
    r"""Draw the first states of the n-body benchmark of EGNN, number for number.

    Charges :math:`\pm 1` with equal chance, positions :math:`\mathcal N(0, 1)`, velocities of a fixed length in random
    directions. The released generator draws one system after the other from NumPy's legacy stream, and after each one
    noise of variance zero for ``observations`` frames; the same numbers in the same order give the same systems.

    Args:
        num_systems: Number of systems :math:`S`.
        num_bodies: Particles :math:`M` of each system.
        loc_std: Standard deviation of the positions.
        speed: Speed of every particle.
        observations: Frames whose (vanishing) noise is drawn after each system.
        rng: NumPy's legacy source of randomness, whose stream never changes (NEP 19).

    Example:
        >>> draw_charged_particles(2, rng=np.random.RandomState(43)).charge[0]
        array([-1.,  1., -1., -1., -1.])
    """
    pos, vel = np.empty((2, num_systems, num_bodies, 3))
    charge = np.empty((num_systems, num_bodies))
    for system in range(num_systems):
        charge[system] = np.where(rng.random_sample(num_bodies) < 0.5, -1.0, 1.0)
        pos[system] = loc_std * rng.randn(3, num_bodies).T
        vel[system] = rng.randn(3, num_bodies).T
        rng.randn(2, observations, 3, num_bodies)
    vel *= speed / np.linalg.norm(vel, axis=-1, keepdims=True)
    return ChargedState(pos, vel, charge)


def simulate_charged_particles(
    start: ChargedState,
    frames: tuple[int, ...] = (30, 40),
    *,
    strength: float = 1.0,
    dt: float = 1e-3,
    steps_per_frame: int = 100,
    max_force: float = 100.0,
    progress: bool = True,
) -> ChargedTrajectories:
    r"""Simulate particles under Coulomb forces, all systems at once.

    The protocol of `EGNN <https://arxiv.org/abs/2102.09844>`_ (Satorras et al., ICML 2021, Section 5.1), itself after
    `NRI <https://arxiv.org/abs/1802.04687>`_ (Kipf et al., ICML 2018):

    .. math:: F_i = \sum_{j \ne i} q_i q_j \frac{r_i - r_j}{\|r_i - r_j\|^3}

    with each component clamped, integrated by the leapfrog scheme :math:`r \leftarrow r + v\,\delta t,\;
    v \leftarrow v + F(r)\,\delta t` that starts with one kick. Frame :math:`k` is the state after the position
    update of step :math:`100 (k + 1)`.

    Close encounters make rounding grow: some 6 % of the benchmark's targets depend on the order in which forces are
    added up, and differ from those of the released generator, whose starts are the same.

    Args:
        start: The systems at time zero, as :func:`draw_charged_particles` gives them; left as they are.
        frames: Which frames :math:`T` to keep, in rising order.
        strength: Coulomb constant.
        dt: Time step.
        steps_per_frame: Steps between two frames.
        max_force: Bound of every component of a force.
        progress: Whether to show a progress bar.

    Units:
        Dimensionless: unit mass and charge.

    Raises:
        ValueError: If ``frames`` is empty, negative or not rising.

    Example:
        >>> start = draw_charged_particles(2, rng=np.random.RandomState(0))
        >>> simulate_charged_particles(start, (0,), progress=False).pos.shape
        (2, 1, 5, 3)
    """
    if not frames or frames[0] < 0 or any(b <= a for a, b in pairwise(frames)):
        raise ValueError(f"expected `frames` to be non-negative and rising, got {frames}")
    pos, vel, charge = start.pos.copy(), start.vel.copy(), start.charge
    coupling = strength * charge[:, :, None] * charge[:, None]

    keep = {steps_per_frame * (frame + 1): index for index, frame in enumerate(frames)}
    kept_pos = np.empty((len(pos), len(frames), *pos.shape[1:]))
    kept_vel = np.empty_like(kept_pos)
    vel += dt * _force(pos, coupling, max_force)
    for step in tqdm(
        range(1, max(keep) + 1), desc="charged particles", unit="step", disable=None if progress else True
    ):
        pos += dt * vel
        if step in keep:
            kept_pos[:, keep[step]], kept_vel[:, keep[step]] = pos, vel
        vel += dt * _force(pos, coupling, max_force)
    return ChargedTrajectories(kept_pos, kept_vel, charge)
