"""The JPL ephemeris DE421 as the package ``skyfield-data`` carries it, read with ``jplephem``."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.files import LayoutError, PathLike, in_package, naming_damage

BODIES = ("Sun", "Mercury", "Venus", "Earth", "Mars", "Jupiter", "Saturn", "Uranus", "Neptune", "Pluto")
_NUMBERS = (10, 1, 2, 3, 4, 5, 6, 7, 8, 9)
"""Of the barycentres of the planets with their moons, as SPICE counts them; the Sun is 10."""
_ASTRONOMICAL_UNIT = 149_597_870.7
_STEP = 0.5
_MARGIN = 2 * _STEP


class States(NamedTuple):
    """Bodies at some dates, about the barycentre of the solar system.

    Attributes:
        pos: Positions in astronomical units, ``[T, B, 3]``.
        vel: Velocities in astronomical units a day.
        acc: Accelerations in astronomical units a day squared.
    """

    pos: NDArray[np.float64]
    vel: NDArray[np.float64]
    acc: NDArray[np.float64]


def find_ephemeris() -> Path:
    """The file in the installed package.

    Raises:
        ImportError: If it is not installed, saying how to install it.
    """
    return in_package("skyfield-data", "skyfield_data/data/de421.bsp", "solar")


class Ephemeris:
    """Positions of the Sun and the planets in an SPK file, by Chebyshev polynomials of the time; a context manager.

    Args:
        path: The file, by default that of the installed package.

    Attributes:
        first: First date (Julian, barycentric dynamical time) at which all bodies have an acceleration.
        last: The last one.

    Raises:
        ImportError: If ``jplephem`` or the file is not installed.
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged or lacks a body.
    """

    def __init__(self, path: PathLike | None = None) -> None:
        try:
            from jplephem.daf import DAF
            from jplephem.spk import SPK
        except ImportError as error:
            raise ImportError("reading an ephemeris takes jplephem: pip install 'pyg-liesym[solar]'") from error
        self.path = find_ephemeris() if path is None else Path(path)
        if not self.path.exists():
            raise FileNotFoundError(f"there is no ephemeris {self.path}")
        with ExitStack() as on_failure:
            self._file = on_failure.enter_context(self.path.open("rb"))
            with naming_damage(self.path, "SPK"):
                found = SPK(DAF(self._file)).pairs
                missing = [name for name, number in zip(BODIES, _NUMBERS, strict=True) if (0, number) not in found]
                if missing:
                    raise LayoutError(f"{self.path} has no {missing[0]} about the barycentre of the solar system")
            self._segments = [found[0, number] for number in _NUMBERS]
            on_failure.pop_all()
        self.first = max(float(segment.start_jd) for segment in self._segments) + _MARGIN
        self.last = min(float(segment.end_jd) for segment in self._segments) - _MARGIN

    def states(self, dates: NDArray[np.float64]) -> States:
        """All bodies of `BODIES` at some dates.

        Accelerations are central differences of fourth order of the velocities, over half a day: errors of 10⁻⁷ for
        Mercury, less for all others.

        Raises:
            ValueError: If a date lies outside of `first` … `last`.
        """
        if len(dates) and not self.first <= dates.min() <= dates.max() <= self.last:
            raise ValueError(f"expected dates from {self.first} to {self.last}, got {dates.min()} to {dates.max()}")
        pos, vel = self._at(dates)
        near, far = (self._at(dates + k * _STEP)[1] - self._at(dates - k * _STEP)[1] for k in (1, 2))
        return States(pos, vel, (8 * near - far) / (12 * _STEP))

    def _at(self, dates: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        with naming_damage(self.path, "SPK"):
            found = [segment.compute_and_differentiate(dates) for segment in self._segments]
        pos, vel = (np.stack([pair[k].T for pair in found], 1) / _ASTRONOMICAL_UNIT for k in (0, 1))
        return pos, vel

    def __enter__(self) -> Ephemeris:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
