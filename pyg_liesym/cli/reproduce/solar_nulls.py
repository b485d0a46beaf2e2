"""What needs no network to say where planets will be."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pyg_liesym.cli.reproduce.kepler import GAUSS, INVERSE_MASSES, Array, Ellipse, fitted, newton, osculating
from pyg_liesym.cli.reproduce.solar_states import INNER, PLANETS, about_sun, era, states

_FITTED_TO = 400
_INNER = sum(1 / INVERSE_MASSES[name] for name in INNER)


class Start(NamedTuple):
    """Where forecasts begin.

    Args:
        dates: Of the start and of the forecasts ``[S, T]``.
        pos: Of the Sun and the planets at the start ``[S, 5, 3]``.
        vel: Their velocities.
    """

    dates: Array
    pos: Array
    vel: Array


def _straight(start: Start) -> Array:
    since = (start.dates - start.dates[:, :1])[..., None, None]
    return about_sun(start.pos)[:, None] + since * about_sun(start.vel)[:, None]


def _period_ago(start: Start) -> Array:
    """Not a number where the ephemeris does not go back as far."""
    first, _ = era("train")
    path = np.full((*start.dates.shape, len(PLANETS), 3), np.nan)
    for planet, ellipse in enumerate(_ellipses()):
        earlier = start.dates - ellipse.period
        if earlier.min() >= first:
            path[:, :, planet] = about_sun(states(earlier)[0])[:, :, planet]
    return path


def _first_ellipse(start: Start) -> Array:
    path = np.empty((*start.dates.shape, len(PLANETS), 3))
    for planet, name in enumerate(PLANETS):
        for k, dates in enumerate(start.dates):
            pos, vel = about_sun(start.pos[k])[planet], about_sun(start.vel[k])[planet]
            path[k, :, planet] = osculating(pos, vel, _strength(name)).at(dates - dates[0])
    return path


def _strength(name: str) -> float:
    return GAUSS**2 * (1 + _INNER + 1 / INVERSE_MASSES[name])


@lru_cache(maxsize=1)
def _ellipses() -> tuple[Ellipse, ...]:
    """Of the years of training; time zero is their middle."""
    first, last = era("train")
    dates = np.linspace(first, last, _FITTED_TO)
    middle = (first + last) / 2
    pos, vel = (about_sun(part) for part in states(np.array([middle])))
    paths = about_sun(states(dates)[0])
    return tuple(
        fitted(dates - middle, paths[:, k], osculating(pos[0, k], vel[0, k], _strength(name)))
        for k, name in enumerate(PLANETS)
    )


def _fitted_ellipse(start: Start) -> Array:
    since = start.dates - sum(era("train")) / 2
    return np.stack([one.at(since.ravel()).reshape(*since.shape, 3) for one in _ellipses()], axis=2)


def _newton(start: Start) -> Array:
    strength = GAUSS**2 * np.array([1 + _INNER, *(1 / INVERSE_MASSES[name] for name in PLANETS)])
    return np.stack([about_sun(newton(q, v, strength, dates)) for dates, q, v in zip(*start, strict=True)])


NULLS: dict[str, Callable[[Start], Array]] = {
    "straight": _straight,
    "a period ago": _period_ago,
    "ellipse of the first state": _first_ellipse,
    "ellipses of the years of training": _fitted_ellipse,
    "Newton's law, masses known": _newton,
}
"""Row → paths about the Sun ``[S, T, 4, 3]`` in astronomical units."""
