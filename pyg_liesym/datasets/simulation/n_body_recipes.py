"""The n-body benchmarks: how their systems begin and move, which frames count, and how many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from pyg_liesym.datasets.simulation.n_body import Bodies, BodyTrajectories, PairDynamics, simulate_bodies

NBodyKind: TypeAlias = Literal["charged", "gravity", "many_charged"]
NBodySplit: TypeAlias = Literal["train", "val", "test"]


@dataclass(frozen=True)
class NBodyRecipe:
    """A benchmark.

    Args:
        num_bodies: Bodies of a system.
        frames: Frame of the input and of the target.
        systems: Systems of each split.
        drawn: Systems that each split draws from the stream of random numbers, before the next split.
        edges: Share of the pairs of bodies that are joined by edges, the nearest ones.
        source: Name of what a force is in proportion to.
        dynamics: Force and integrator.
        draw: First states, from the number of systems, the number of bodies and the source of randomness.
    """

    num_bodies: int
    frames: tuple[int, int]
    systems: dict[NBodySplit, int]
    drawn: dict[NBodySplit, int]
    edges: float
    source: Literal["charge", "mass"]
    dynamics: PairDynamics
    draw: Callable[[int, int, np.random.RandomState], Bodies]


def draw_charged_particles(
    num_systems: int,
    *,
    num_bodies: int = 5,
    loc_std: float = 1.0,
    speed: float = 0.5,
    observations: int = 49,
    rng: np.random.RandomState,
) -> Bodies:
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
    return Bodies(pos, vel, charge)


def draw_gravitating_bodies(
    num_systems: int, *, num_bodies: int = 5, observations: int = 50, rng: np.random.RandomState
) -> Bodies:
    r"""Draw the first states of the gravity benchmark of SEGNN, number for number.

    Unit masses, positions and velocities :math:`\mathcal N(0, 1)`, the centre of mass at rest. As in
    :func:`draw_charged_particles` the released generator draws noise of variance zero after each system, here of
    positions, velocities and forces.

    Args:
        num_systems: Number of systems :math:`S`.
        num_bodies: Bodies :math:`M` of each system.
        observations: Frames whose (vanishing) noise is drawn after each system.
        rng: NumPy's legacy source of randomness.

    Example:
        >>> start = draw_gravitating_bodies(2, rng=np.random.RandomState(43))
        >>> bool(np.abs(start.vel.sum(1)).max() < 1e-14)
        True
    """
    pos, vel = np.empty((2, num_systems, num_bodies, 3))
    for system in range(num_systems):
        pos[system], vel[system] = rng.randn(num_bodies, 3), rng.randn(num_bodies, 3)
        rng.randn(3, observations, num_bodies, 3)
    vel -= vel.mean(1, keepdims=True)
    return Bodies(pos, vel, np.ones((num_systems, num_bodies)))


def _egnn(num_systems: int, num_bodies: int, rng: np.random.RandomState) -> Bodies:
    return draw_charged_particles(num_systems, num_bodies=num_bodies, loc_std=(num_bodies / 5) ** (1 / 3), rng=rng)


def _gmn(num_systems: int, num_bodies: int, rng: np.random.RandomState) -> Bodies:
    width = (num_bodies / 5) ** (1 / 3) + 0.1
    return draw_charged_particles(num_systems, num_bodies=num_bodies, loc_std=width, observations=0, rng=rng)


def _segnn_gravity(num_systems: int, num_bodies: int, rng: np.random.RandomState) -> Bodies:
    return draw_gravitating_bodies(num_systems, num_bodies=num_bodies, rng=rng)


_SPLITS: dict[NBodySplit, int] = {"train": 3000, "val": 2000, "test": 2000}
_DRAWN: dict[NBodySplit, int] = {"train": 10_000, "val": 2000, "test": 2000}
_MANY: dict[NBodySplit, int] = {"train": 5000, "val": 2000, "test": 2000}
_CHARGED = PairDynamics(max_force=100.0, half_kick=False, first_step=100)
_MANY_CHARGED = PairDynamics(max_force=100.0, half_kick=False, first_step=1)
_GRAVITY = PairDynamics(strength=-1.0, softening=0.1)

RECIPES: dict[NBodyKind, NBodyRecipe] = {
    "charged": NBodyRecipe(5, (30, 40), dict(_SPLITS), _DRAWN, 1.0, "charge", _CHARGED, _egnn),
    "gravity": NBodyRecipe(5, (0, 10), dict(_SPLITS), _DRAWN, 1.0, "mass", _GRAVITY, _segnn_gravity),
    "many_charged": NBodyRecipe(100, (30, 40), dict(_MANY), _MANY, 0.25, "charge", _MANY_CHARGED, _gmn),
}


def draw_n_body(
    kind: NBodyKind = "charged",
    split: NBodySplit = "train",
    *,
    num_systems: int | None = None,
    num_bodies: int | None = None,
    seed: int = 43,
) -> Bodies:
    """Draw the first states of a split of an n-body benchmark; the arguments are those of :func:`simulate_n_body`.

    Example:
        >>> draw_n_body("gravity", num_systems=2).pos.shape
        (2, 5, 3)
    """
    if kind not in RECIPES:
        raise ValueError(f"expected `kind` to be one of {tuple(RECIPES)}, got {kind!r}")
    recipe = RECIPES[kind]
    if split not in recipe.systems:
        raise ValueError(f"expected `split` to be one of {tuple(recipe.systems)}, got {split!r}")
    num_systems = recipe.systems[split] if num_systems is None else num_systems
    if not 1 <= num_systems <= recipe.drawn[split]:
        raise ValueError(
            f"expected `num_systems` from 1 to {recipe.drawn[split]} for {split!r}, got {num_systems}; "
            "another `seed` gives other systems"
        )
    num_bodies = recipe.num_bodies if num_bodies is None else num_bodies
    if num_bodies < 2:
        raise ValueError(f"expected two bodies or more, got {num_bodies}")
    rng = np.random.RandomState(seed)
    for earlier, drawn in recipe.drawn.items():
        if earlier == split:
            break
        recipe.draw(drawn, num_bodies, rng)
    return recipe.draw(num_systems, num_bodies, rng)


def simulate_n_body(
    kind: NBodyKind = "charged",
    split: NBodySplit = "train",
    *,
    frames: tuple[int, ...] | None = None,
    num_systems: int | None = None,
    num_bodies: int | None = None,
    seed: int = 43,
    progress: bool = True,
) -> BodyTrajectories:
    r"""Simulate a split of an n-body benchmark.

    ================ ====== =========================== ========== ====================== ============================
    kind             bodies force                       frames     train / val / test     after
    ================ ====== =========================== ========== ====================== ============================
    ``charged``      5      Coulomb, components ≤ 100   30 → 40    3000 / 2000 / 2000     `EGNN`_, Section 5.1
    ``gravity``      5      :math:`\varepsilon = 0.1`   0 → 10     3000 / 2000 / 2000     `SEGNN`_, `SEGNO`_
    ``many_charged`` 100    Coulomb, components ≤ 100   30 → 40    5000 / 2000 / 2000     `GMN`_, `FastEGNN`_
    ================ ====== =========================== ========== ====================== ============================

    A frame is 100 steps of 0.001. The columns "1000 / 1500 / 2000 time steps" of SEGNO are frames 30 → 40, 45, 50 of
    charged particles and 0 → 10, 15, 20 under gravity. M charged particles begin with positions of deviation
    :math:`(M/5)^{1/3}`, many charged ones with that and 0.1.

    The starts of ``charged`` and ``gravity`` are number for number those that the released generators draw with
    ``--num-train 10000 --seed 43``; those of ``many_charged`` were drawn in processes without a seed, and ours are
    others of the same kind. Close encounters make rounding grow: some 6 % of the targets of ``charged`` depend on the
    order in which forces are added up.

    .. _EGNN: https://arxiv.org/abs/2102.09844
    .. _SEGNN: https://arxiv.org/abs/2110.02905
    .. _SEGNO: https://arxiv.org/abs/2308.13212
    .. _GMN: https://arxiv.org/abs/2203.06442
    .. _FastEGNN: https://proceedings.mlr.press/v235/zhang24f.html

    Args:
        kind: Which benchmark.
        split: Which independent part of it; the splits follow one another in the stream of the seed.
        frames: Frames to keep, in rising order, by default the benchmark's two.
        num_systems: Systems of the split, if not the benchmark's number.
        num_bodies: Bodies of a system, if not the benchmark's number.
        seed: Seed of the starts.
        progress: Whether to show a progress bar.

    Units:
        Dimensionless: unit mass, charge and constants.

    Raises:
        ValueError: If ``kind`` or ``split`` is unknown, the split does not have ``num_systems`` systems, there are
            fewer than two bodies, or ``frames`` do not rise.

    Example:
        >>> simulate_n_body("gravity", num_systems=2, progress=False).pos.shape
        (2, 2, 5, 3)
    """
    start = draw_n_body(kind, split, num_systems=num_systems, num_bodies=num_bodies, seed=seed)
    recipe = RECIPES[kind]
    return simulate_bodies(start, recipe.dynamics, recipe.frames if frames is None else frames, progress=progress)
