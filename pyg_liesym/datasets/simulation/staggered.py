"""Velocities at the faces of the cells of a closed box."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

Array: TypeAlias = NDArray[np.float64]


def remove_divergence(u: Array, v: Array) -> tuple[Array, Array]:
    r"""Subtract the gradient of a pressure so that no divergence is left, in a closed box of square cells.

    The five-point Laplacian with zero gradient at the walls is diagonal in cosines (DCT-II), with eigenvalues
    :math:`2 \cos(\pi k / W) + 2 \cos(\pi l / H) - 4`; so the pressure is exact and costs two fast transforms.

    Args:
        u: x-components at the inner faces between columns.
        v: y-components at the inner faces between rows; rows upwards.

    Shapes:
        - **u**: :math:`(S, H, W - 1)`; **v**: :math:`(S, H - 1, W)`; both are returned
    """
    divergence = np.diff(u, axis=2, prepend=0.0, append=0.0) + np.diff(v, axis=1, prepend=0.0, append=0.0)
    rows, columns = (2 * np.cos(np.pi * np.arange(n) / n) - 2 for n in divergence.shape[1:])
    eigenvalues = rows[:, None] + columns
    eigenvalues[0, 0] = 1.0
    coefficients = dctn(divergence, axes=(1, 2)) / eigenvalues
    coefficients[:, 0, 0] = 0.0
    pressure = idctn(coefficients, axes=(1, 2))
    return u - np.diff(pressure, axis=2), v - np.diff(pressure, axis=1)


def at_middles(u: Array, v: Array) -> Array:
    """Velocities in the middles of the cells from those at the inner faces; they are zero at the walls.

    Shapes:
        - **u**: :math:`(S, H, W - 1)`; **v**: :math:`(S, H - 1, W)`; **output**: :math:`(S, 2, H, W)`
    """
    x, y = np.pad(u, ((0, 0), (0, 0), (1, 1))), np.pad(v, ((0, 0), (1, 1), (0, 0)))
    return np.stack([x[:, :, 1:] + x[:, :, :-1], y[:, 1:] + y[:, :-1]], axis=1) / 2
