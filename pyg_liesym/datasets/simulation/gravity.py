"""Planar gravitational orbits of two and three bodies, integrated with SciPy (arrays in, arrays out)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from pyg_liesym.datasets.simulation.orbit_starts import RECIPES, Array, OrbitKind, OrbitSplit

_SYSTEMS_PER_SOLVE = 64


@dataclass(frozen=True)
class Orbits:
    """Trajectories of ``S`` systems of ``B`` bodies of mass 1 at ``T`` times (G = 1).

    Args:
        pos: Positions, ``[S, T, B, 2]``.
        mom: Momenta, ``[S, T, B, 2]`` (equal to the velocities, as the masses are 1).
        times: The sampled times, ``[T]``.
    """

    pos: Array
    mom: Array
    times: Array

    def __len__(self) -> int:
        return len(self.pos)


def simulate_orbits(
    kind: OrbitKind = "two_body",
    split: OrbitSplit = "train",
    *,
    num_orbits: int | None = None,
    seed: int = 0,
    trap: float = 0.0,
    rtol: float = 1e-9,
) -> Orbits:
    r"""Draw and integrate near-circular orbits of Hamiltonian Neural Networks and of LieGAN.

    Greydanus et al. 2019 (https://arxiv.org/abs/1906.01563), section 4 and appendix A; the wider split is
    that of Yang et al. 2023 (https://arxiv.org/abs/2302.00236). Newton's equations with masses and G equal to 1,

    .. math::
        \dot q_i = p_i, \qquad
        \dot p_i = \sum_{j \ne i} \frac{q_j - q_i}{\lVert q_j - q_i \rVert^3} - k\, (e_x \cdot q_i)\, e_x,

    are solved with DOP853 in float64; k is ``trap``, zero in those papers: a spring along x that breaks the rotation
    symmetry as much as one likes. The recipes:

    ================= ====== ===== ============= ================= ===============================
    kind              bodies steps times         orbits train/test start
    ================= ====== ===== ============= ================= ===============================
    ``two_body``      2      50    0 … 20        800 / 200         coordinates of body 1 uniform
                                                                   in [0.5, 1.5]
    ``two_body_wide`` 2      20    every 20/49   800 / 200         radius uniform in [3, 6], angle
                                                                   of body 1 in −180…0° (train,
                                                                   val) or 0…180° (test)
    ``three_body``    3      20    0 … 5         4000 / 1000       equilateral triangle, radius
                                                                   uniform in [0.9, 1.2]
    ================= ====== ===== ============= ================= ===============================

    Two bodies start opposite each other with the circular speed times ``1 + 0.05 n``, ``n`` standard normal
    (one number a system, so that the centre of mass rests). Three bodies start with the circular velocity of
    which every component is multiplied by a uniform number of 1 ± 0.2, so that their centre of mass drifts.
    The split ``val`` has as many orbits as ``test`` and the training distribution; no two splits share random
    numbers.

    Args:
        kind: Which recipe.
        split: Which independent part of the data.
        num_orbits: Number of systems, by default the recipe's.
        seed: The starts depend on (kind, split, seed) alone; asking for more only adds to them.
        trap: Strength k of the spring that draws every body to the line x = 0. Two bodies turn at about 0.3 (wide:
            0.05) per unit of time, the square of which is what k compares with; a strong trap makes them meet.
        rtol: Relative tolerance *of each system* (absolute: a thousandth of it).

    Units:
        Dimensionless: G = 1 and all masses are 1.

    Raises:
        ValueError: If ``kind`` or ``split`` is unknown, ``num_orbits`` is not positive or ``trap`` is negative.

    Example:
        >>> orbits = simulate_orbits("two_body", num_orbits=3, seed=0)
        >>> orbits.pos.shape, orbits.mom.shape, orbits.times.shape
        ((3, 50, 2, 2), (3, 50, 2, 2), (50,))

    Law: energy, momentum and angular momentum of every system are conserved to the solver's tolerance; the
    equations are equivariant to rotations, reflections, translations and Galilean boosts of the plane. With a trap,
    energy (that of the springs included) and momentum along y are conserved, and of the symmetries there are left the
    reflections of x and of y, and translations and boosts along y. The
    *data* of the wide split are not rotation invariant on purpose: body 1 of a test orbit starts where body 1
    of no training orbit did.
    """
    if kind not in RECIPES:
        raise ValueError(f"kind must be one of {list(RECIPES)}, got {kind!r}")
    if split not in get_args(OrbitSplit):
        raise ValueError(f"split must be one of {list(get_args(OrbitSplit))}, got {split!r}")
    recipe = RECIPES[kind]
    count = num_orbits if num_orbits is not None else recipe.train_orbits if split == "train" else recipe.test_orbits
    if count < 1:
        raise ValueError(f"num_orbits must be at least 1, got {count}")
    times = np.linspace(0.0, recipe.duration, recipe.steps)
    key = [seed, list(RECIPES).index(kind), get_args(OrbitSplit).index(split)]
    blocks = [
        recipe.draw(_SYSTEMS_PER_SOLVE, split, np.random.default_rng([*key, block]))
        for block in range(-(-count // _SYSTEMS_PER_SOLVE))
    ]
    solved = [integrate_orbits(pos, mom, times, trap=trap, rtol=rtol) for pos, mom in blocks]
    return Orbits(
        pos=np.concatenate([block.pos for block in solved])[:count],
        mom=np.concatenate([block.mom for block in solved])[:count],
        times=times,
    )


def integrate_orbits(pos: Array, mom: Array, times: Array, *, trap: float = 0.0, rtol: float = 1e-9) -> Orbits:
    """Solve Newton's equations from given states of many systems at once.

    Args:
        pos: Initial positions ``[S, B, 2]``.
        mom: Initial momenta ``[S, B, 2]``.
        times: Increasing times ``[T]``, the first being the initial one.
        trap: Strength of the spring along x, see :func:`simulate_orbits`.
        rtol: Relative tolerance of each system. The systems share one step size and SciPy controls the
            root-mean-square error over all of them, hence it is asked for ``rtol / sqrt(S)``.

    Raises:
        ValueError: If the shapes do not fit, an entry is not finite or ``trap`` is negative.
        RuntimeError: If the solver fails, as it does when two bodies collide.

    Example:
        >>> pos, mom = np.array([[[1.0, 0.0], [-1.0, 0.0]]]), np.array([[[0.0, 0.5], [0.0, -0.5]]])
        >>> circular = integrate_orbits(pos, mom, np.array([0.0, np.pi]))
        >>> circular.pos[0, 1, 0].round(6) + 0.0  # a quarter of the period 4 pi
        array([0., 1.])
    """
    if pos.shape != mom.shape or pos.ndim != 3 or pos.shape[-1] != 2:
        raise ValueError(f"pos and mom must both be [systems, bodies, 2], got {pos.shape} and {mom.shape}")
    if not (np.isfinite(pos).all() and np.isfinite(mom).all()):
        raise ValueError("pos and mom must be finite: check the initial states for NaN and infinity")
    if not trap >= 0:
        raise ValueError(f"a trap needs a strength of zero or more, or bodies fly away, got {trap}")
    shape = (2, *pos.shape)

    def derivative(_: float, flat: Array) -> Array:
        state = flat.reshape(shape)
        return np.stack([state[1], acceleration(state[0], trap)]).reshape(-1)

    accuracy = max(rtol / np.sqrt(len(pos)), 1e-13)
    solution = solve_ivp(
        derivative,
        (times[0], times[-1]),
        np.stack([pos, mom]).reshape(-1),
        method="DOP853",
        t_eval=times,
        rtol=accuracy,
        atol=1e-3 * accuracy,
    )
    if not solution.success:
        raise RuntimeError(f"the orbits could not be integrated to t = {times[-1]}: {solution.message}")
    path = solution.y.reshape(*shape, len(times))
    return Orbits(pos=np.moveaxis(path[0], -1, 1), mom=np.moveaxis(path[1], -1, 1), times=np.asarray(times))


def acceleration(pos: Array, trap: float = 0.0) -> Array:
    """Sums the pull of all other bodies and of the trap, ``[..., B, 2] -> [..., B, 2]`` (G = 1, masses 1)."""
    towards = pos[..., None, :, :] - pos[..., :, None, :]
    squared = (towards**2).sum(-1)
    np.einsum("...ii->...i", squared)[...] = np.inf
    pull: Array = (towards * squared[..., None] ** -1.5).sum(-2)
    pull[..., 0] -= trap * pos[..., 0]
    return pull


def total_energy(pos: Array, mom: Array, trap: float = 0.0) -> Array:
    """``Σᵢ ‖pᵢ‖²/2 − Σ_{i<j} 1/‖qᵢ − qⱼ‖ + k Σᵢ xᵢ²/2`` with k the trap: ``[..., B, 2] -> [...]``."""
    first, second = np.triu_indices(pos.shape[-2], k=1)
    distance = np.linalg.norm(pos[..., first, :] - pos[..., second, :], axis=-1)
    energy: Array = 0.5 * (mom**2).sum((-2, -1)) - (1.0 / distance).sum(-1) + 0.5 * trap * (pos[..., 0] ** 2).sum(-1)
    return energy


def angular_momentum(pos: Array, mom: Array) -> Array:
    """Total angular momentum about the origin, ``Σᵢ (xᵢ p_yᵢ − yᵢ p_xᵢ)``: ``[..., B, 2] -> [...]``."""
    total: Array = (pos[..., 0] * mom[..., 1] - pos[..., 1] * mom[..., 0]).sum(-1)
    return total


def one_step_pairs(orbits: Orbits) -> tuple[Array, Array]:
    """Pairs every state with the next one, as flat vectors for symmetry discovery.

    Args:
        orbits: Trajectories of ``S`` systems of ``B`` bodies at ``T`` times.

    Returns:
        ``x`` and ``y``, both ``[S * (T - 1), 4 B]``, orbit by orbit. Columns: the positions of all bodies,
        then their momenta; for two bodies ``(q1x, q1y, q2x, q2y, p1x, p1y, p2x, p2y)``.

    Example:
        >>> x, y = one_step_pairs(simulate_orbits("two_body", num_orbits=3))
        >>> x.shape, y.shape
        ((147, 8), (147, 8))
        >>> bool((x[1] == y[0]).all())
        True
    """
    systems, steps, bodies, _ = orbits.pos.shape
    state = np.stack([orbits.pos, orbits.mom], axis=2).reshape(systems, steps, 4 * bodies)
    return state[:, :-1].reshape(-1, 4 * bodies), state[:, 1:].reshape(-1, 4 * bodies)


def in_sector(vectors: Array, start: float = 0.0, width: float = 60.0) -> NDArray[np.bool_]:
    """Which states have body 1 in a sector around the origin.

    What training states leave out of the circle only a symmetry can tell about. A method that finds the rotation in a
    sector has not found it in the shape of the data.

    Args:
        vectors: States as vectors of the plane, the position of body 1 first, ``[..., V, 2]``: positions of the bodies,
            or rows of :func:`one_step_pairs` as ``x.reshape(len(x), -1, 2)``.
        start: Angle at which the sector begins, from the x-axis.
        width: Its width.

    Units:
        Angles are in degrees.

    Raises:
        ValueError: If the vectors do not lie in the plane, or the width is not between 0 and 360 degrees.

    Example:
        >>> in_sector(np.array([[[1.0, 0.1]], [[-1.0, 0.1]], [[1.0, -0.1]]]))
        array([ True, False, False])
    """
    if vectors.ndim < 2 or vectors.shape[-1] != 2:
        raise ValueError(f"expected vectors of the plane [..., V, 2], got shape {vectors.shape}")
    if not 0 < width <= 360:
        raise ValueError(f"a sector is wider than 0 and at most 360 degrees, got {width}")
    angle = np.degrees(np.arctan2(vectors[..., 0, 1], vectors[..., 0, 0]))
    inside: NDArray[np.bool_] = (angle - start) % 360 < width
    return inside
