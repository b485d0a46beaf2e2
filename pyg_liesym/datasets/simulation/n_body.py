"""Bodies that pull or push each other in three dimensions, all systems at once (arrays in, arrays out)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

Array = NDArray[np.float64]

_PAIRS = 2**14  # systems that are stepped together have about as many pairs, which fit in a core's cache


class Bodies(NamedTuple):
    """Systems at one time; ``charge`` is what a force is in proportion to, the mass where that is gravity.

    Shapes:
        - **pos**, **vel**: :math:`(S, M, 3)`; **charge**: :math:`(S, M)`
    """

    pos: Array
    vel: Array
    charge: Array


class BodyTrajectories(NamedTuple):
    """Frames of simulated systems.

    Shapes:
        - **pos**, **vel**: :math:`(S, T, M, 3)`; **charge**: :math:`(S, M)`
    """

    pos: Array
    vel: Array
    charge: Array


@dataclass(frozen=True)
class PairDynamics:
    r"""Bodies of unit mass under a force along the line between two of them, and the steps that follow it.

    .. math:: F_i = k \sum_{j \ne i} c_i c_j \frac{r_i - r_j}{(\|r_i - r_j\|^2 + \varepsilon^2)^{3/2}}

    A step is :math:`r \leftarrow r + v\,\delta t,\; v \leftarrow v + F(r)\,\delta t`. After a first kick of half a step
    it is the leapfrog scheme, which is of second order; a whole one, as in the charged benchmarks, makes it the
    symplectic Euler scheme, which is of first.

    Args:
        strength: :math:`k`: equal charges push each other if it is positive; masses pull if it is negative.
        softening: :math:`\varepsilon`, a length.
        max_force: Bound of every component of a force. It breaks rotation equivariance, and the conservation of
            momentum, where a force reaches it.
        dt: Time step :math:`\delta t`.
        half_kick: Whether the first kick is half a step. Velocities are then given at the time of the positions, and
            half a step earlier otherwise: those that led there.
        first_step: Steps before frame 0.
        steps_per_frame: Steps from one frame to the next.

    Units:
        Dimensionless: unit mass.
    """

    strength: float = 1.0
    softening: float = 0.0
    max_force: float = np.inf
    dt: float = 1e-3
    half_kick: bool = True
    first_step: int = 0
    steps_per_frame: int = 100

    def force(self, pos: Array, coupling: Array) -> Array:
        """Total force on every body; ``coupling`` is ``k cᵢ cⱼ``.

        Shapes:
            - **pos**, **output**: :math:`(3, M, S)`; **coupling**: :math:`(M, M, S)`
        """
        relative = pos[:, :, None] - pos[:, None]
        squared = relative[0] * relative[0]
        term = relative[2] * relative[2]  # x, z, y: the order in which the first published systems were added up
        squared += term
        squared += np.multiply(relative[1], relative[1], out=term)
        if self.softening:
            squared += self.softening**2
        diagonal = np.arange(pos.shape[1])
        squared[diagonal, diagonal] = np.inf
        cubed = np.sqrt(squared, out=term)
        cubed *= squared
        relative *= np.divide(coupling, cubed, out=term)
        force: Array = relative.sum(2)
        if self.max_force < np.inf:
            np.clip(force, -self.max_force, self.max_force, out=force)
        return force

    def states(self, start: Bodies, steps: int) -> Iterator[tuple[Array, Array]]:
        """Positions and velocities after no, one, two … steps; valid until the next ones are asked for.

        Shapes:
            - **output**: :math:`(3, M, S)`, the systems last, as they are what steps run along
        """
        pos, vel = (np.array(part.T, order="C") for part in (start.pos, start.vel))
        charge = np.ascontiguousarray(start.charge.T)
        coupling = self.strength * charge[:, None] * charge
        yield pos, vel
        vel += (0.5 if self.half_kick else 1.0) * self.dt * self.force(pos, coupling)
        for _ in range(steps):
            pos += self.dt * vel
            kick = self.dt * self.force(pos, coupling)
            yield pos, vel + 0.5 * kick if self.half_kick else vel
            vel += kick


def simulate_bodies(
    start: Bodies, dynamics: PairDynamics, frames: tuple[int, ...], *, progress: bool = True
) -> BodyTrajectories:
    r"""Simulate systems of bodies, block by block of systems.

    Args:
        start: The systems at time zero, left as they are.
        dynamics: The force, and how it is followed. Frame :math:`k` is the state after
            ``first_step + k * steps_per_frame`` steps.
        frames: Which frames :math:`T` to keep, in rising order.
        progress: Whether to show a progress bar.

    Raises:
        ValueError: If ``frames`` is empty, negative or not rising.

    Example:
        >>> pos = np.array([[[0.5, 0.0, 0.0], [-0.5, 0.0, 0.0]]])
        >>> vel = np.array([[[0.0, 2**-0.5, 0.0], [0.0, -(2**-0.5), 0.0]]])  # two masses on a circle
        >>> circle = PairDynamics(strength=-1.0, steps_per_frame=1)
        >>> quarter = round(np.pi / 2 / 2**0.5 / circle.dt)
        >>> orbit = simulate_bodies(Bodies(pos, vel, np.ones((1, 2))), circle, (quarter,), progress=False)
        >>> orbit.pos[0, 0, 0].round(3) + 0.0
        array([0. , 0.5, 0. ])

    Law: momentum and angular momentum are conserved to rounding where no force reaches ``max_force``; energy to the
    order of the scheme. Equivariant to rotations, reflections and translations there, and
    to permutations of the bodies, up to rounding: close encounters make that grow.
    """
    if not frames or frames[0] < 0 or any(b <= a for a, b in pairwise(frames)):
        raise ValueError(f"expected `frames` to be non-negative and rising, got {frames}")
    systems, bodies = start.charge.shape
    kept_pos = np.empty((systems, len(frames), bodies, 3))
    kept_vel = np.empty_like(kept_pos)
    keep = {dynamics.first_step + dynamics.steps_per_frame * frame: index for index, frame in enumerate(frames)}
    size = max(1, _PAIRS // bodies**2)
    blocks = [slice(first, first + size) for first in range(0, systems, size)]
    with tqdm(
        total=len(blocks) * (max(keep) + 1), desc="bodies", unit="step", disable=None if progress else True
    ) as bar:
        for block in blocks:
            for step, (pos, vel) in enumerate(dynamics.states(Bodies(*(part[block] for part in start)), max(keep))):
                if step in keep:
                    kept_pos[block, keep[step]], kept_vel[block, keep[step]] = pos.T, vel.T
                bar.update()
    return BodyTrajectories(kept_pos, kept_vel, start.charge)
