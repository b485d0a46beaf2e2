"""Charged particles in three dimensions, as in the n-body benchmark of EGNN."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

Array = NDArray[np.float64]


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


def simulate_charged_particles(
    num_systems: int,
    frames: tuple[int, ...] = (30, 40),
    *,
    num_bodies: int = 5,
    strength: float = 1.0,
    loc_std: float = 1.0,
    speed: float = 0.5,
    dt: float = 1e-3,
    steps_per_frame: int = 100,
    max_force: float = 100.0,
    rng: np.random.Generator,
    progress: bool = True,
) -> ChargedTrajectories:
    r"""Simulate particles under Coulomb forces, all systems at once.

    The protocol of `EGNN <https://arxiv.org/abs/2102.09844>`_ (Satorras et al., ICML 2021, Section 5.1), itself after
    `NRI <https://arxiv.org/abs/1802.04687>`_ (Kipf et al., ICML 2018): charges :math:`\pm 1` with equal chance,
    positions :math:`\mathcal N(0, 1)`, velocities of a fixed length in random directions, and

    .. math:: F_i = \sum_{j \ne i} q_i q_j \frac{r_i - r_j}{\|r_i - r_j\|^3}

    with each component clamped, integrated by the leapfrog scheme :math:`r \leftarrow r + v\,\delta t,\;
    v \leftarrow v + F(r)\,\delta t` that starts with one kick. Frame :math:`k` is the state after the position
    update of step :math:`100 (k + 1)`.

    Args:
        num_systems: Number of systems :math:`S`.
        frames: Which frames to keep, in rising order.
        num_bodies: Particles :math:`M` of each system.
        strength: Coulomb constant.
        loc_std: Standard deviation of the initial positions.
        speed: Initial speed.
        dt: Time step.
        steps_per_frame: Steps between two frames.
        max_force: Bound of every component of a force.
        rng: Source of randomness.
        progress: Whether to show a progress bar.

    Units:
        Dimensionless: unit mass and charge.

    Raises:
        ValueError: If ``frames`` is empty, negative or not rising.

    Example:
        >>> out = simulate_charged_particles(2, (0,), rng=np.random.default_rng(0), progress=False)
        >>> out.pos.shape
        (2, 1, 5, 3)
    """
    if not frames or frames[0] < 0 or any(b <= a for a, b in pairwise(frames)):
        raise ValueError(f"expected `frames` to be non-negative and rising, got {frames}")
    charge = rng.choice([-1.0, 1.0], size=(num_systems, num_bodies))
    pos = rng.normal(scale=loc_std, size=(num_systems, num_bodies, 3))
    vel = rng.normal(size=pos.shape)
    vel *= speed / np.linalg.norm(vel, axis=-1, keepdims=True)
    coupling = strength * charge[:, :, None] * charge[:, None]

    keep = {steps_per_frame * (frame + 1): index for index, frame in enumerate(frames)}
    kept_pos = np.empty((num_systems, len(frames), num_bodies, 3))
    kept_vel = np.empty_like(kept_pos)
    vel += dt * _force(pos, coupling, max_force)
    for step in tqdm(range(1, max(keep) + 1), desc="charged particles", unit="step", disable=not progress):
        pos += dt * vel
        if step in keep:
            kept_pos[:, keep[step]], kept_vel[:, keep[step]] = pos, vel
        vel += dt * _force(pos, coupling, max_force)
    return ChargedTrajectories(kept_pos, kept_vel, charge)
