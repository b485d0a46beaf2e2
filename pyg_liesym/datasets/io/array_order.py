"""Which components an array of numbers without names may have, by their values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.yaml_fields import UNKNOWN

_MOST = 0.99
_ROUNDING = 1e-3


def order_in_words(name: str, array: Any) -> tuple[dict[str, str], str]:
    """The components of an array ``[J, N, F]`` or ``[J, F, N]`` as a schema names them, and how that was told.

    Args:
        name: What the array is called.
        array: Some of its rows.

    Example:
        >>> p4 = np.array([[[3.0, 0, 4, 5], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]])
        >>> order_in_words("array", p4)[0]
        {'E': 'array[:, 3]', 'px': 'array[:, 0]', 'py': 'array[:, 1]', 'pz': 'array[:, 2]'}
    """
    values = np.asarray(array, np.float64)
    behind = values.shape[2] <= values.shape[1]  # the components are fewer than the constituents
    columns = np.moveaxis(values, 2 if behind else 1, 0).reshape(values.shape[2 if behind else 1], -1)
    columns = columns[:, np.isfinite(columns).all(0) & (columns != 0).any(0)]
    places = [f"{name}[:, {i}]" if behind else f"{name}[{i}]" for i in range(len(columns))]
    order, said = _order(columns)
    if order is None:
        said = f"each of {places[0]} to {places[-1]}; or px, py, pz, E"
        return dict.fromkeys(("pt", "eta", "phi", "m"), UNKNOWN), said
    return {component: places[i] for component, i in order.items()}, said


def _order(columns: NDArray[np.float64]) -> tuple[dict[str, int] | None, str]:
    if len(columns) < 3 or not columns.shape[1]:
        return None, ""
    squares = columns[:4] ** 2
    for energy in range(len(squares)) if len(columns) >= 4 else ():
        rest = squares.sum(0) - squares[energy]
        inside = (columns[energy] >= 0) & (squares[energy] >= rest * (1 - _ROUNDING))
        if inside.mean() >= _MOST:
            others = [i for i in range(4) if i != energy]
            said = "E is where E² ≥ p²; px, py, pz are taken in their order"
            return {"E": energy, **dict(zip(("px", "py", "pz"), others, strict=True))}, said
    pt, eta, phi = columns[:3]
    if (pt < 0).any() or (np.abs(eta) > 12).any() or (np.abs(phi) > 2 * np.pi + _ROUNDING).any():
        return None, ""
    order, said = {"pt": 0, "eta": 1, "phi": 2}, "pT ≥ 0, |η| < 12, |φ| ≤ 2π: is it eta, or the rapidity y?"
    if len(columns) > 3 and (columns[3] >= pt * np.cosh(eta) * (1 - _ROUNDING)).mean() >= _MOST:
        return order | {"E": 3}, said
    if len(columns) > 3 and (columns[3] >= 0).all() and (columns[3] < 2).mean() >= _MOST:
        return order | {"m": 3}, said
    return order, said
