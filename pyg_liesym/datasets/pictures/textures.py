"""Windows of photographed textures, upright, turned or seen obliquely, as a PyG data set."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch_geometric.data import InMemoryDataset

from pyg_liesym.datasets.io.pictures import find_picture, read_picture
from pyg_liesym.datasets.packing import pack
from pyg_liesym.datasets.pictures.digits import PictureSplit
from pyg_liesym.datasets.pictures.reading import random_angles, read_turned

Texture: TypeAlias = Literal["brick", "grass", "gravel"]

TEXTURES: tuple[Texture, ...] = get_args(Texture)
_SHARES = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}
_SMOOTHING = 1.5
"""Width of the Gaussian that photographs are smoothed with before anything else, in their pixels."""


class Textures(InMemoryDataset):
    r"""Windows at random places of photographs of a brick pavement, grass and gravel; which of them is it?

    The photographs (512 × 512, CC0) are in scikit-image's wheel (``pip install 'pyg-liesym[vision]'``); nothing is
    downloaded. Windows of the training set lie in the left 60 % of each photograph, those of the validation and test
    sets in the next and the last 20 %. They are discs with zeros around, so that no corner tells how a window is
    turned, and have a mean of zero and a variance of one, so that brightness and contrast tell nothing.

    Args:
        split: ``"train"``, ``"val"`` or ``"test"``.
        turn: Each window is turned by an angle drawn uniformly between −turn and turn, in radians.
        tilt: Angle at which the photographs are looked at, in radians: heights shrink by its cosine.
        count: Windows of each photograph; they overlap.
        size: Pixels along a side of a window.
        spacing: Their distance, in pixels of the photograph.
        seed: Seed of places and angles.
        transform: Called on every window when it is read.

    Shapes:
        =========  ====================  =========================================================================
        **x**      (1, 1, size, size)    grey levels, row 0 uppermost
        **y**      (1,)                  which texture, in the order of `TEXTURES`
        **angle**  (1,)                  by how much it is turned, in radians, counterclockwise
        **place**  (1, 2)                row and column of its middle in the photograph
        =========  ====================  =========================================================================

    Raises:
        ImportError: If scikit-image is not installed.
        ValueError: If ``split`` is unknown, an angle is out of range, or no window fits.
    """

    def __init__(
        self,
        split: PictureSplit = "train",
        *,
        turn: float = 0.0,
        tilt: float = 0.0,
        count: int = 300,
        size: int = 12,
        spacing: float = 2.0,
        seed: int = 0,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        if split not in get_args(PictureSplit):
            raise ValueError(f"expected `split` to be one of {get_args(PictureSplit)}, got {split!r}")
        super().__init__(None, transform)
        self.split, self.turn, self.tilt = split, turn, tilt
        rng = np.random.default_rng([seed, list(_SHARES).index(split)])
        parts: list[tuple[Tensor, NDArray[np.float64], NDArray[np.float64]]] = []
        for name in TEXTURES:
            picture = photograph(name, tilt)
            places = _places(picture.shape, split, size * spacing / 2 + 1, count, rng)
            angles = random_angles(count, turn, rng)
            parts.append((_standard(read_turned(picture, places, angles, size, spacing)), angles, places))
        all_x, all_angles, all_places = zip(*parts, strict=True)
        graph = {
            "x": torch.cat(all_x),
            "y": torch.arange(len(TEXTURES)).repeat_interleave(count),
            "angle": torch.from_numpy(np.concatenate(all_angles)).float(),
            "place": torch.from_numpy(np.concatenate(all_places)).float(),
        }
        self.slices: dict[str, Tensor]
        self._data, self.slices = pack(torch.ones(len(graph["y"]), dtype=torch.long), {}, graph)


def photograph(name: Texture, tilt: float = 0.0) -> NDArray[np.float64]:
    """A photograph without its finest detail, seen from straight above or obliquely.

    Details finer than 1.5 pixels are smoothed away; then heights shrink by the cosine of the tilt. In this order what
    is left of the texture is squeezed as a whole.

    Raises:
        ImportError: If scikit-image is not installed.
        ValueError: If there is no such texture, or the tilt is not below π/2.
    """
    if name not in TEXTURES:
        raise ValueError(f"expected one of the textures {', '.join(TEXTURES)}, got {name!r}")
    if not 0 <= tilt < math.pi / 2:
        raise ValueError(f"expected a tilt in radians, from 0 to below π/2, got {tilt}")
    smooth: NDArray[np.float64] = ndimage.gaussian_filter(read_picture(find_picture(name)), _SMOOTHING)
    return smooth if tilt == 0 else ndimage.zoom(smooth, (math.cos(tilt), 1.0), order=3)


def picture_gradients(
    picture: NDArray[np.float64], count: int, *, block: int = 32, seed: int = 0
) -> tuple[Tensor, Tensor]:
    r"""Gradients of a picture, central differences at random places: vectors that turn with it, for symmetry discovery.

    Where a texture has no direction their density keeps rotations. Seen obliquely, :math:`I'(x) = I(A^{-1} x)`, it has
    the gradients :math:`A^{-T} \nabla I`, whose density keeps the conjugate group, that of the metric
    :math:`J = A A^\top` up to a factor.

    Args:
        picture: Grey levels, row 0 uppermost.
        count: Number of places.
        block: Side of the squares whose gradients depend on each other, in pixels.
        seed: Of the places.

    Shapes:
        - **picture**: :math:`(H, W)`; **output**: gradients :math:`(S, 2)`, x to the right and y up, and the number of
          each one's block :math:`(S)`, the ``groups`` of :func:`~pyg_liesym.discovery.find_symmetry`
    """
    down, right = (np.gradient(picture, axis=axis) for axis in (0, 1))
    rng = np.random.default_rng(seed)
    row, column = (rng.integers(1, length - 1, count) for length in picture.shape)
    vectors = np.stack([right, -down], -1)[row, column]
    return torch.from_numpy(vectors), torch.from_numpy((row // block) * picture.shape[1] + column // block)


def _places(
    shape: tuple[int, ...], split: PictureSplit, half: float, count: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Middles of windows that stay in the part of a split, whatever their angle."""
    reach = half * math.sqrt(2)
    first, last = (share * (shape[1] - 1) for share in _SHARES[split])
    if last - first < 2 * reach or shape[0] - 1 < 2 * reach:
        raise ValueError(f"no window of half a side {half:g} fits, at any angle, into {last - first:.0f} columns")
    low, high = (reach, first + reach), (shape[0] - 1 - reach, last - reach)
    return rng.uniform(low, high, (count, 2))


def _standard(x: Tensor) -> Tensor:
    """Discs with zeros around, of mean zero and variance one."""
    step = torch.arange(x.size(-1)) - (x.size(-1) - 1) / 2
    disc = (step[:, None] ** 2 + step**2 <= (x.size(-1) / 2) ** 2).float()
    x = (x - (x * disc).sum((-2, -1), keepdim=True) / disc.sum()) * disc
    return x / (x.square().sum((-2, -1), keepdim=True) / disc.sum()).sqrt().clamp(min=1e-6)
