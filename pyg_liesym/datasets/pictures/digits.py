"""Handwritten digits, upright or turned, as a PyG data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import InMemoryDataset

from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.datasets.io.pictures import DIGIT_SIZE, find_digits, read_digits
from pyg_liesym.datasets.packing import pack
from pyg_liesym.datasets.pictures.reading import random_angles, read_turned

PictureSplit: TypeAlias = Literal["train", "val", "test"]

SPLITS = {"train": slice(0, 1000), "val": slice(1000, 1250), "test": slice(1250, None)}
WIDTH = 12.0


class Digits(InMemoryDataset):
    r"""1797 digits that thirteen people wrote, 8 × 8 pixels of 17 grey levels, each turned by an angle.

    The test part of the *Optical Recognition of Handwritten Digits* (Alpaydin and Kaynak, 1998, `UCI
    <https://doi.org/10.24432/C50P49>`_), which scikit-learn carries (``pip install 'pyg-liesym[vision]'``); nothing is
    downloaded. The splits follow the order of the file: the first 1000, the next 250, the last 547.

    Args:
        split: ``"train"``, ``"val"`` or ``"test"``.
        turn: Each digit is turned by an angle drawn uniformly between −turn and turn, in radians; upright with 0, any
            angle with π.
        size: Pixels along a side of a window of 12 × 12 pixels of the file, large enough for any turn.
        seed: Seed of the angles.
        path: The table, if not that of the installed scikit-learn.
        transform: Called on every digit when it is read.

    Shapes:
        =========  =====================  =====================================================
        **x**      (1, 1, size, size)     ink, from 0 to about 1, row 0 uppermost
        **y**      (1,)                   which digit
        **angle**  (1,)                   by how much it is turned, in radians, counterclockwise
        =========  =====================  =====================================================

        A batch has ``x [B, 1, size, size]``. :class:`~pyg_liesym.transforms.GridToGraph` makes a graph of points of
        ``x[0]``.

    Raises:
        ImportError: If scikit-learn is not installed and no path is given.
        ValueError: If ``split`` is unknown, ``turn`` is not between 0 and π, or the table is damaged.
    """

    def __init__(
        self,
        split: PictureSplit = "train",
        *,
        turn: float = 0.0,
        size: int = 12,
        seed: int = 0,
        path: PathLike | None = None,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        if split not in get_args(PictureSplit):
            raise ValueError(f"expected `split` to be one of {get_args(PictureSplit)}, got {split!r}")
        super().__init__(None, transform)
        self.split, self.turn = split, turn
        pictures, labels = (part[SPLITS[split]] for part in read_digits(find_digits() if path is None else path))
        angles = random_angles(len(labels), turn, np.random.default_rng([seed, list(SPLITS).index(split)]))
        middle = np.full((1, 2), (DIGIT_SIZE - 1) / 2)
        x = [
            read_turned(picture, middle, angle, size, WIDTH / size)
            for picture, angle in zip(pictures, angles[:, None], strict=True)
        ]
        self.slices: dict[str, Tensor]
        graph = {"x": torch.cat(x), "y": torch.from_numpy(labels), "angle": torch.from_numpy(angles).float()}
        self._data, self.slices = pack(torch.ones(len(labels), dtype=torch.long), {}, graph)
