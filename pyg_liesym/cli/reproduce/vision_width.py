"""How far digits can be turned before it costs what they say: Augerino's question, answered by neighbours."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.vision_tasks import Seen
from pyg_liesym.datasets.io.pictures import find_digits, read_digits
from pyg_liesym.datasets.pictures.digits import SPLITS
from pyg_liesym.datasets.pictures.reading import random_angles, read_turned

WIDTHS = (0, 15, 30, 60, 90, 135, 180)
"""In degrees."""

_COPIES, _SIZE, _PAIR = 24, 12, (6, 9)


def turned_within(width: int, seed: int) -> dict[str, float]:
    """What it costs to know digits only up to a turn by an angle within ± width.

    Every test digit is turned by such an angle and gets the class of the nearest of all training digits, of which there
    are 24 copies, each turned by an angle of its own: an estimate of what any network can make of such data, which
    trains nothing. The cost is the share of errors more than of the same digits upright, among as many copies.

    Args:
        width: In degrees.
        seed: Of all angles.

    Returns:
        Errors and their rise over upright digits, in per cent, with the error of a mean over the test digits; those
        among 6 and 9 apart.
    """
    wrong, upright = _wrong(width, seed), _wrong(0, seed)
    rise = 100 * (wrong - upright)
    among = torch.isin(torch.from_numpy(read_digits(find_digits())[1][SPLITS["test"]]), torch.tensor(_PAIR))
    root = len(rise) ** 0.5
    return {
        "error": 100 * float(wrong.mean()), "error_error": 100 * float(wrong.std()) / root,
        "rise": float(rise.mean()), "rise_error": float(rise.std()) / root, "rise_pair": float(rise[among].mean()),
        "rise_others": float(rise[~among].mean()),
        "rise_others_error": float(rise[~among].std()) / float((~among).sum()) ** 0.5,
    }  # fmt: skip


@lru_cache(maxsize=16)
def _wrong(width: int, seed: int) -> Tensor:
    known, asked = _turned("train", width, _COPIES, seed), _turned("test", width, 1, seed + 1_000_003)
    nearest = torch.cdist(asked.x.flatten(1), known.x.flatten(1)).argmin(1)
    return (known.y[nearest] != asked.y).double()


def _turned(split: str, width: int, copies: int, seed: int) -> Seen:
    """Copies of every digit of a split, turned by angles of their own."""
    pictures, labels = (part[SPLITS[split]] for part in read_digits(find_digits()))
    angles = random_angles(len(labels) * copies, math.radians(width), np.random.default_rng(seed))
    middles = np.full((copies, 2), (pictures.shape[-1] - 1) / 2)
    x = [
        read_turned(picture, middles, own, _SIZE, 1.0)
        for picture, own in zip(pictures, angles.reshape(-1, copies), strict=True)
    ]
    return Seen(torch.cat(x), torch.from_numpy(labels).repeat_interleave(copies))
