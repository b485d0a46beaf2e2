"""States of the Sun and the outer planets in the eras of training, validation and test."""

from __future__ import annotations

import numpy as np

from pyg_liesym.cli.reproduce.kepler import INVERSE_MASSES, Array
from pyg_liesym.datasets.io.ephemeris import BODIES, Ephemeris

PLANETS = ("Jupiter", "Saturn", "Uranus", "Neptune")
INNER = ("Mercury", "Venus", "Earth", "Mars")
YEAR = 365.25
"""In days."""
ERAS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}
"""Shares of the ephemeris, as :class:`~pyg_liesym.datasets.SolarSystem` has them."""
_IDS = [BODIES.index(name) for name in PLANETS]
_INNER = [1.0 if name == "Sun" else 1 / INVERSE_MASSES[name] if name in INNER else 0.0 for name in BODIES]
_CENTRE = np.array(_INNER) / sum(_INNER)


def era(split: str) -> tuple[float, float]:
    """First and last date of a split."""
    with Ephemeris() as ephemeris:
        first, span = ephemeris.first, ephemeris.last - ephemeris.first
    low, high = ERAS[split]
    return first + low * span, first + high * span


def states(dates: Array) -> tuple[Array, Array]:
    """Positions and velocities of the Sun and the planets ``[..., 5, 3]``, in astronomical units and days.

    The first body is the centre of mass of the Sun and its four inner planets: they pull the Sun by a seventh of what
    Jupiter does, to and fro within months.
    """
    with Ephemeris() as ephemeris:
        found = ephemeris.states(dates.ravel())
    pos, vel = (
        np.concatenate([np.einsum("b,tbi->ti", _CENTRE, part)[:, None], part[:, _IDS]], 1).reshape(*dates.shape, -1, 3)
        for part in (found.pos, found.vel)
    )
    return pos, vel


def about_sun(pos: Array) -> Array:
    """Vectors of the planets from the Sun ``[..., 4, 3]``."""
    found: Array = pos[..., 1:, :] - pos[..., :1, :]
    return found


def era_dates(split: str, number: int, step: float, seed: int) -> Array:
    """Dates drawn from a split, at which a step ends within it."""
    first, last = era(split)
    return np.random.default_rng([seed, list(ERAS).index(split)]).uniform(first, last - step, number)
