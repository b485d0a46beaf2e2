"""Digits, textures and winds as networks see them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch_geometric.loader import DataLoader

from pyg_liesym.cli.reproduce.table import Column
from pyg_liesym.cli.reproduce.vision_tasks import Seen
from pyg_liesym.datasets.flows.global_wind import GlobalWind
from pyg_liesym.datasets.pictures.digits import Digits, PictureSplit
from pyg_liesym.datasets.pictures.textures import Textures
from pyg_liesym.field.lattice import Lattice

VisionTable: TypeAlias = Literal[
    "digits", "turned digits", "textures", "turned textures", "winds completed", "winds forecast"
]  # fmt: skip
TILT = math.pi / 3
_SPACING, _HOLE = 400.0, 900.0
_REGIONS = {"train": (0.0, 180.0), "val": (205.0, 245.0), "test": (270.0, 335.0)}
_COUNTS = {"train": 1000, "val": 300, "test": 500}
_HIGHEST, _WINDOW = 60.0, 9
_TESTS = {"upright": 0.0, "turned": math.pi}
_LEARNED: tuple[PictureSplit, ...] = ("train", "val")


@dataclass(frozen=True)
class Table:
    """What networks learn from in a table, and what they are asked.

    Args:
        size: Pixels along a side of what they see.
        make: Makes training, validation and test sets by name, given the folder of the cache of the winds.
        pair: Two classes that a turn may carry into each other.
        vectors: Whether the answer is a vector, and not a class.
        more: Further scores to be shown.
    """

    size: int
    make: Callable[[Path], dict[str, Seen]]
    pair: tuple[int, ...] = ()
    vectors: bool = False
    more: tuple[Column, ...] = ()


def _digits(winds: Path, *, turn: float) -> dict[str, Seen]:
    learned = {split: _pictures(Digits(split, turn=turn)) for split in _LEARNED}
    return _by_name(learned) | {name: _pictures(Digits("test", turn=own)) for name, own in _TESTS.items()}


def _textures(winds: Path, *, turn: float) -> dict[str, Seen]:
    learned = {split: _pictures(Textures(split, turn=turn)) for split in _LEARNED}
    tests = {name: _pictures(Textures("test", turn=own)) for name, own in _TESTS.items()}
    return _by_name(learned) | tests | {"tilted": _pictures(Textures("test", tilt=TILT))}


def _by_name(parts: Mapping[PictureSplit, Seen]) -> dict[str, Seen]:
    return {str(split): part for split, part in parts.items()}


def _pictures(dataset: Digits | Textures) -> Seen:
    (batch,) = DataLoader(dataset, len(dataset))
    return Seen(batch.x, batch.y)


def _winds(winds: Path, *, forecast: bool) -> dict[str, Seen]:
    dataset = GlobalWind(str(winds))
    learned = {split: _windows(dataset, split, forecast, turned=False) for split in ("train", "val")}
    tests = {name: _windows(dataset, "test", forecast, turned=turn > 0) for name, turn in _TESTS.items()}
    return learned | tests


def _windows(dataset: GlobalWind, split: str, forecast: bool, *, turned: bool) -> Seen:
    """Windows about random places of a range of longitudes, in units of the size of all winds."""
    count, size = _COUNTS[split], _WINDOW
    generator = torch.Generator().manual_seed(list(_REGIONS).index(split))
    random = torch.rand(4, count, generator=generator, dtype=torch.float64)
    # Uniform on the globe between the latitudes.
    latitude = torch.rad2deg(torch.arcsin((2 * random[0] - 1) * math.sin(math.radians(_HIGHEST))))
    low, high = _REGIONS[split]
    longitude, month = low + (high - low) * random[1], (12 * random[2]).long()
    angle = 2 * math.pi * random[3] if turned else None
    half = (size - 1) / 2 * _SPACING
    lattice = Lattice(size, size, (_SPACING, _SPACING), (-half, -half))
    places = torch.cat([lattice.positions(), torch.zeros(1, 2)])

    def around(months: Tensor) -> Tensor:
        return dataset.around(months % 12, latitude, longitude, places, angle) / dataset.velocity.square().mean().sqrt()

    now = around(month)
    if forecast:
        x, y = now[:, :-1], (around(month + 1) - now)[:, -1]
    else:
        seen = places[:-1].norm(dim=1) > _HOLE
        x, y = now[:, :-1] * seen[:, None], now[:, -1]
        # What is asked is what the ring around the hole does not say by its mean.
        y = y - x.sum(1) / seen.sum()
    return Seen(lattice.to_field(x.flatten(0, 1)), y)


_PAIR = (Column("upright_pair", "6 and 9, upright", 1, "%"), Column("turned_pair", "6 and 9, turned", 1, "%"))
_TILTED = (Column("tilted", "error, tilted", 2, "%"),)
TABLES: dict[str, Table] = {
    "digits": Table(12, partial(_digits, turn=0.0), pair=(6, 9), more=_PAIR),
    "turned digits": Table(12, partial(_digits, turn=math.pi), pair=(6, 9), more=_PAIR),
    "textures": Table(12, partial(_textures, turn=0.0), more=_TILTED),
    "turned textures": Table(12, partial(_textures, turn=math.pi), more=_TILTED),
    "winds completed": Table(_WINDOW, partial(_winds, forecast=False), vectors=True),
    "winds forecast": Table(_WINDOW, partial(_winds, forecast=True), vectors=True),
}


@lru_cache(maxsize=2)
def parts_of(table: VisionTable, winds: Path) -> dict[str, Seen]:
    """Training, validation and test sets; those of tests ``upright``, ``turned`` by any angle, of textures ``tilted``.

    Args:
        table: Which.
        winds: Folder of the cache of the winds.
    """
    return TABLES[table].make(winds)
