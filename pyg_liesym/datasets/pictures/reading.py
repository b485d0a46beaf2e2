"""Pictures read at any place and at any angle, by the cubic splines of SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor


def read_turned(
    picture: NDArray[np.float64], middles: NDArray[np.float64], angles: NDArray[np.float64], size: int, spacing: float
) -> Tensor:
    r"""Cut square windows out of a picture, each turned counterclockwise about its own middle.

    .. math:: (g f)(x) = f(g^{-1} x)

    read from the picture itself by cubic splines (:func:`scipy.ndimage.map_coordinates`), so that no window is
    interpolated twice. Beyond the picture it is zero.

    Args:
        picture: Numbers, row 0 uppermost.
        middles: Where the windows are: row and column, from 0 at the middle of the first pixel.
        angles: In radians, counterclockwise as one sees the picture.
        size: Pixels along a side of a window.
        spacing: Their distance, in pixels of the picture.

    Shapes:
        - **picture**: :math:`(H, W)`; **middles**: :math:`(S, 2)`; **angles**: :math:`(S)`; **output**:
          :math:`(S, 1, size, size)`, float32

    Raises:
        ValueError: If there is not an angle for each window.

    **Law**: windows of a square are turned by quarters as :func:`torch.rot90` turns them, to rounding.

    Example:
        >>> row = np.array([[0.0, 1.0, 2.0]] * 3)
        >>> read_turned(row, np.ones((2, 2)), np.array([0.0, np.pi / 2]), 3, 1.0)[:, 0].abs().round().int().tolist()
        [[[0, 1, 2], [0, 1, 2], [0, 1, 2]], [[2, 2, 2], [1, 1, 1], [0, 0, 0]]]
    """
    if middles.shape != (len(angles), 2):
        raise ValueError(f"expected a row and a column for each of {len(angles)} angles, got {list(middles.shape)}")
    step = (np.arange(size) - (size - 1) / 2) * spacing
    x, y = np.meshgrid(step, -step)
    cos, sin = (each(angles)[:, None, None] for each in (np.cos, np.sin))
    right, up = cos * x + sin * y, cos * y - sin * x
    places: Any = middles[:, :, None, None]
    read = ndimage.map_coordinates(picture, [places[:, 0] - up, places[:, 1] + right], order=3, mode="grid-constant")
    return torch.from_numpy(read.astype(np.float32))[:, None]


def random_angles(count: int, turn: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Angles drawn uniformly between −turn and turn, in radians.

    Raises:
        ValueError: If ``turn`` is negative or above π.
    """
    if not 0 <= turn <= np.pi + 1e-9:
        raise ValueError(f"expected the largest turn in radians, from 0 to π, got {turn}")
    return rng.uniform(-turn, turn, count)
