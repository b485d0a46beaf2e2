"""Which vectors of pictures and winds keep rotations, and how much of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.vision_data import TILT
from pyg_liesym.datasets.flows.global_wind import GlobalWind
from pyg_liesym.datasets.io.pictures import find_digits, read_digits
from pyg_liesym.datasets.pictures.textures import Texture, photograph, picture_gradients
from pyg_liesym.discovery.discovered_symmetry import DiscoveredSymmetry, Finding
from pyg_liesym.lie.algebra import LieAlgebra

MARGIN = 0.15
_POINTS, _WIND_POINTS, _WIND_BLOCK, _HIGHEST = 40_000, 20_000, 20.0, 60.0
_ROTATIONS = LieAlgebra.rotation(2)


class Asked(NamedTuple):
    """Vectors, which of them depend on each other, and the algebra that their density is asked about."""

    x: Tensor
    groups: Tensor
    algebra: LieAlgebra = _ROTATIONS


def _texture(name: Texture, tilt: float, winds: Path, seed: int) -> Asked:
    return Asked(*picture_gradients(photograph(name, tilt), _POINTS, seed=seed))


def _own_metric(name: Texture, winds: Path, seed: int) -> Asked:
    """Of a tilted photograph: the left half gives the metric that its right half is asked about."""
    picture = photograph(name, TILT)
    half = picture.shape[1] // 2
    fitted = picture_gradients(picture[:, :half], _POINTS, seed=seed)[0]
    metric = torch.linalg.inv(fitted.mT @ fitted / len(fitted))
    judged = picture_gradients(picture[:, half:], _POINTS, seed=seed)
    return Asked(*judged, LieAlgebra.preserving(metric))


def _digits(winds: Path, seed: int) -> Asked:
    """Gradients in the middles of pixels, of all digits; those of one digit depend on each other."""
    pictures = read_digits(find_digits())[0]
    down, right = np.gradient(pictures, axis=(1, 2))
    x = torch.from_numpy(np.stack([right, -down], -1)).flatten(1, 2)
    digit = torch.arange(len(x)).repeat_interleave(x.size(1))
    inked = x.flatten(0, 1).norm(dim=1) > 0
    rows = torch.nonzero(inked).flatten()
    chosen = rows[torch.randperm(len(rows), generator=torch.Generator().manual_seed(seed))[:_POINTS]]
    return Asked(x.flatten(0, 1)[chosen], digit[chosen])


def _winds(eddies: bool, winds: Path, seed: int) -> Asked:
    """Winds of all months at places uniform on the globe between the latitudes; squares of 20° are independent."""
    dataset = GlobalWind(str(winds))
    velocity = dataset.velocity[0].double()
    if eddies:
        velocity = velocity - velocity.mean(-1, keepdim=True)
    generator = torch.Generator().manual_seed(seed)
    random = torch.rand(3, _WIND_POINTS, generator=generator, dtype=torch.float64)
    latitude = torch.rad2deg(torch.arcsin((2 * random[0] - 1) * math.sin(math.radians(_HIGHEST))))
    row = ((90 - latitude) * (len(dataset.latitude) - 1) / 180).round().long()
    column = (len(dataset.longitude) * random[1]).long()
    x = velocity[(12 * random[2]).long(), :, row, column]
    square = torch.div(latitude + 90, _WIND_BLOCK, rounding_mode="floor") * 1000
    return Asked(x, (square + dataset.longitude[column].div(_WIND_BLOCK, rounding_mode="floor")).long())


QUESTIONS: dict[str, Callable[[Path, int], Asked]] = {
    "gravel": lambda *own: _texture("gravel", 0.0, *own),
    "grass": lambda *own: _texture("grass", 0.0, *own),
    "brick": lambda *own: _texture("brick", 0.0, *own),
    "gravel, tilted by 60°": lambda *own: _texture("gravel", TILT, *own),
    "gravel, tilted, its own metric": lambda *own: _own_metric("gravel", *own),
    "digits": _digits,
    "winds": lambda *own: _winds(False, *own),
    "winds, less their zonal means": lambda *own: _winds(True, *own),
}
"""Name → vectors whose density is asked for rotations, or for those of a metric."""


def ask(name: str, winds: Path, seed: int) -> dict[str, Any]:
    """What certifies or refutes the algebra, how far it is broken, and how far a random one is.

    Args:
        name: Which question.
        winds: Folder of the cache of the winds.
        seed: Of the places, the halves and the random matrix.
    """
    x, groups, algebra = question = QUESTIONS[name](winds, seed)
    random = torch.randn(1, 2, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    claim = _density(question, seed).claim
    null = _density(question._replace(algebra=LieAlgebra(random)), seed).claim.breaking
    numbers = {
        "certified": int(claim.status == "certified"),
        "refuted": int(claim.status == "refuted"),
        "null": None if null is None else 100 * null.size,
        "samples": len(x),
        "units": len(torch.unique(groups)),
        "says": f"{claim.status}; {claim.reason}",
    }
    breaking = claim.breaking
    sizes = {} if breaking is None else {"breaking": breaking.size, "low": breaking.low, "high": breaking.high}
    metric = algebra.invariant_metric().J
    least, most = torch.linalg.eigvalsh(metric).tolist()
    seen = {"metric": metric.tolist(), "tilt": math.degrees(math.acos(math.sqrt(least / most)))}
    return {**numbers, **{key: 100 * size for key, size in sizes.items()}, **seen}


def _density(question: Asked, seed: int) -> Finding:
    asked = DiscoveredSymmetry.of(question.algebra)
    found = asked.certify(question.x, groups=question.groups, margin=MARGIN, seed=seed)
    return next(finding for finding in found.findings if finding.claim.question == "density")
