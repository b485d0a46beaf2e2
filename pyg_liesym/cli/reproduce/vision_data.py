"""Digits, textures and winds as networks see them."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch_geometric.loader import DataLoader

from pyg_liesym.cli.reproduce.vision_tasks import Seen
from pyg_liesym.datasets.flows.global_wind import GlobalWind
from pyg_liesym.datasets.pictures.digits import Digits, PictureSplit
from pyg_liesym.datasets.pictures.textures import Textures
from pyg_liesym.field.lattice import Lattice

VisionTable: TypeAlias = Literal[
    "digits", "turned digits", "textures", "turned textures", "winds completed", "winds forecast"
]  # fmt: skip
SIZES: dict[VisionTable, int] = {
    "digits": 12, "turned digits": 12, "textures": 12, "turned textures": 12, "winds completed": 9, "winds forecast": 9,
}  # fmt: skip
"""Tables, and pixels along a side of what networks see."""

TILT = math.pi / 3
_SPACING, _HOLE = 400.0, 900.0
_REGIONS = {"train": (0.0, 180.0), "val": (205.0, 245.0), "test": (270.0, 335.0)}
_COUNTS = {"train": 1000, "val": 300, "test": 500}
_HIGHEST = 60.0
_LEARNED: tuple[PictureSplit, ...] = ("train", "val")


@lru_cache(maxsize=2)
def parts_of(table: VisionTable, winds: Path) -> dict[str, Seen]:
    """Training, validation and test sets; those of tests upright, turned by any angle, of textures also tilted.

    Args:
        table: Which.
        winds: Folder of the cache of the winds.
    """
    turn = math.pi if table.startswith("turned") else 0.0
    if "winds" in table:
        dataset = GlobalWind(str(winds))
        parts = {split: _winds(dataset, table, split, turned=False) for split in ("train", "val", "test")}
        return {**_named(parts), "turned": _winds(dataset, table, "test", turned=True)}
    found: dict[str, Seen]
    if "digits" in table:
        found = {split: _pictures(Digits(split, turn=turn)) for split in _LEARNED}
        tests = {name: _pictures(Digits("test", turn=own)) for name, own in (("upright", 0.0), ("turned", math.pi))}
        return {**found, **tests}
    found = {split: _pictures(Textures(split, turn=turn)) for split in _LEARNED}
    tests = {name: _pictures(Textures("test", turn=own)) for name, own in (("upright", 0.0), ("turned", math.pi))}
    return {**found, **tests, "tilted": _pictures(Textures("test", tilt=TILT))}


def _named(parts: dict[str, Seen]) -> dict[str, Seen]:
    return {"upright" if name == "test" else name: part for name, part in parts.items()}


def _pictures(dataset: Digits | Textures) -> Seen:
    (batch,) = DataLoader(dataset, len(dataset))
    return Seen(batch.x, batch.y)


def _winds(dataset: GlobalWind, table: VisionTable, split: str, *, turned: bool) -> Seen:
    """Windows about random places of a range of longitudes, in units of the size of all winds."""
    count, size = _COUNTS[split], SIZES[table]
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
    if table == "winds forecast":
        x, y = now[:, :-1], (around(month + 1) - now)[:, -1]
    else:
        seen = places[:-1].norm(dim=1) > _HOLE
        x, y = now[:, :-1] * seen[:, None], now[:, -1]
        # What is asked is what the ring around the hole does not say by its mean.
        y = y - x.sum(1) / seen.sum()
    return Seen(lattice.to_field(x.flatten(0, 1)), y)
