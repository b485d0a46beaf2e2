"""Four-momenta from the components that files have."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

CARTESIAN = ("E", "px", "py", "pz")
"""The components of the four-momenta of this package, in their order."""
COMPONENTS = (*CARTESIAN, "pt", "eta", "y", "phi", "m")
"""What a file may have: energy, momentum; transverse momentum, pseudorapidity, rapidity, azimuth; mass."""
TOLERANCE = 0.01
"""Share of an energy by which the mass beside it may disagree; files keep some numbers with ten bits."""
_AXIS = ("pt", "eta", "phi", "E")
_CONVENTIONS = "E, px, py, pz; px, py, pz, m; pt, eta, phi, m; pt, eta, phi, E; pt, eta, phi of massless particles"


def check_components(names: Collection[str]) -> None:
    """Refuse components from which no four-momentum follows.

    Two of them say the transverse momentum (``px, py`` or ``pt, phi``), one the momentum along the beam (``pz``,
    ``eta`` or ``y``), and ``E`` or ``m`` the rest; without these particles are massless.

    Raises:
        ValueError: Naming what was expected and what was found.
    """
    across = {"px", "py", "pt", "phi"} & set(names)
    along = {"pz", "eta", "y"} & set(names)
    if across not in ({"px", "py"}, {"pt", "phi"}) or len(along) != 1 or not set(names) <= set(COMPONENTS):
        raise ValueError(f"expected the components {_CONVENTIONS}, got {', '.join(map(str, names)) or 'none'}")


def four_momenta(values: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    r"""Four-momenta (E, px, py, pz) of components in any convention.

    ``px = pT cos φ``, ``py = pT sin φ``, ``pz = pT sinh η``, or of the rapidity ``pz = √(pT² + m²) sinh y`` and, where
    the energy is given, ``pz = E tanh y``; ``E = √(p² + m|m|)``: a negative mass is that of a negative square, as ROOT
    has it. Computed in float64; four Cartesian components stay as they are.

    Args:
        values: Components by name; see :func:`check_components`.

    Shapes:
        - **values**: each :math:`(N)`; **output**: :math:`(N, 4)`

    Example:
        >>> zero = np.zeros(1)
        >>> four_momenta({"pt": zero + 3, "eta": zero, "phi": zero, "m": zero + 4})
        array([[5., 3., 0., 0.]])
    """
    if set(CARTESIAN) <= set(values):
        return np.stack([values[name] for name in CARTESIAN], axis=-1)
    given = {name: np.asarray(value, np.float64) for name, value in values.items()}
    momentum = _momentum(given)
    energy = given["E"] if "E" in given else energy_of(momentum, given.get("m"))
    return np.stack([energy, *momentum], axis=-1)


def energy_of(momentum: tuple[NDArray[Any], ...], mass: NDArray[Any] | None) -> NDArray[np.float64]:
    """The energy of three components and a mass; without one, of massless particles."""
    square = sum(np.square(part, dtype=np.float64) for part in momentum)
    square = square if mass is None else square + np.multiply(mass, np.abs(mass), dtype=np.float64)
    return np.asarray(np.sqrt(square), dtype=np.float64)


def contradictions(values: Mapping[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Where energy and mass, both given, differ by more than :data:`TOLERANCE` of the energy."""
    if not {"E", "m"} <= set(values):
        return np.zeros(0, np.int64)
    given = {name: np.asarray(value, np.float64) for name, value in values.items()}
    energy, other = given["E"], energy_of(_momentum(given), given["m"])
    return np.flatnonzero(~(np.abs(energy - other) <= TOLERANCE * np.maximum(energy, other)))


def axis_of(values: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """(pT, η, φ, E) of jets, of components in any convention, ``[J, 4]``."""
    if set(values) != set(_AXIS):
        energy, px, py, pz = four_momenta(values).T.astype(np.float64)
        pt = np.hypot(px, py)
        eta = values.get("eta", np.arcsinh(pz / np.maximum(pt, 1e-30)))
        values = {"pt": pt, "eta": eta, "phi": np.arctan2(py, px), "E": energy}
    return np.stack([values[name] for name in _AXIS], axis=-1)


def _momentum(given: Mapping[str, NDArray[np.float64]]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    if "pt" in given:
        pt, phi = given["pt"], given["phi"]
        px, py = pt * np.cos(phi), pt * np.sin(phi)
    else:
        px, py = given["px"], given["py"]
        pt = np.hypot(px, py)
    if "pz" in given:
        return px, py, given["pz"]
    if "eta" in given:
        return px, py, pt * np.sinh(given["eta"])
    if "E" in given:
        return px, py, given["E"] * np.tanh(given["y"])
    transverse = energy_of((px, py), given.get("m"))
    return px, py, transverse * np.sinh(given["y"])
