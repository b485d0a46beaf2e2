"""Real data, and what is asked of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.cli.discover import leading_constituents
from pyg_liesym.datasets.bodies.solar_system import SolarSystem
from pyg_liesym.datasets.io.files import find_files
from pyg_liesym.datasets.io.npy import ArrayRows
from pyg_liesym.datasets.jets.jets import Jets
from pyg_liesym.datasets.molecules.moments import principal_axes, vectors_of_moments
from pyg_liesym.datasets.molecules.qm9 import QM9
from pyg_liesym.discovery.evidence.moments import Moments
from pyg_liesym.discovery.evidence.relations import Relations
from pyg_liesym.discovery.samples import OutputKind
from pyg_liesym.lie.algebra import LieAlgebra

_PAIRS, _DATES, _MOLECULES = 1000, 500, 3000
_STRETCH = 1.1
_SO3, _LORENTZ = LieAlgebra.rotation(3), LieAlgebra.lorentz()
_CONE = LieAlgebra(torch.cat([_LORENTZ.basis, LieAlgebra.scaling(4).basis]))


@dataclass(frozen=True)
class Sources:
    """Where real data lie.

    Args:
        muons: Pairs of muons: an ``.npz`` with ``p4`` and ``mass``.
        jets: Files of jets; the packaged sample if none is named.
        cache: Folder of what is read from packages.
    """

    muons: Path = Path("datasets/muons/raw/zmumu_3000.npz")
    jets: tuple[str, ...] = ()
    cache: Path = Path("datasets")


class Drawn(NamedTuple):
    """Data to be asked, and matrices that were found on others; None to find them here."""

    x: Tensor
    y: Tensor
    output: OutputKind
    given: LieAlgebra | None = None


class Case(NamedTuple):
    """One question put to one kind of data.

    Args:
        question: Which of the three.
        expected: What a physicist expects, to which angles are measured.
        draw: Makes the data of a seed.
    """

    question: str
    expected: LieAlgebra
    draw: Callable[[Sources, int], Drawn]


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _muons(sources: Sources, seed: int) -> Drawn:
    (path,) = find_files(sources.muons)
    p4, mass = (torch.from_numpy(ArrayRows(path, name).read()).double() for name in ("p4", "mass"))
    chosen = torch.randperm(len(p4), generator=_generator(seed))[:_PAIRS]
    return Drawn(p4[chosen], mass[chosen, None], "scalar")


def _pulls(seed: int, split: str) -> tuple[Tensor, Tensor]:
    """Vectors from the Sun, and by Kepler's third law the squares of their lengths, in units of their mean."""
    r, k = SolarSystem(None, split, num_dates=_DATES, seed=seed).pulls()  # type: ignore[arg-type]
    lengths = k ** (-2 / 3)
    return r, lengths / lengths.mean()


def _planets(sources: Sources, seed: int) -> Drawn:
    return Drawn(*_pulls(seed, "test"), "scalar")


def _planets_of_another_era(sources: Sources, seed: int) -> Drawn:
    quadric = Relations(Moments.of(*_pulls(seed, "train"), output="scalar")).form()
    assert quadric is not None
    return Drawn(*_pulls(seed, "test"), "scalar", LieAlgebra.preserving(quadric))


@lru_cache(maxsize=1)
def _qm9(cache: Path) -> QM9:
    return QM9(str(cache / "qm9"), "all")


def _extents(sources: Sources, seed: int) -> Drawn:
    dataset, generator = _qm9(sources.cache), _generator(seed)
    chosen = torch.randperm(len(dataset), generator=generator)[:_MOLECULES]
    x = vectors_of_moments(dataset.second_moments("charge")[chosen], generator)
    return Drawn(x, dataset.target("r2")[chosen, None], "scalar")


def _stretched(sources: Sources, seed: int) -> Drawn:
    drawn = _extents(sources, seed)
    return drawn._replace(x=drawn.x * torch.tensor([1.0, 1.0, _STRETCH], dtype=torch.float64))


def _induced(sources: Sources, seed: int, tensors: Callable[[QM9], Tensor]) -> Drawn:
    """The long axis v of every isomer of C₇H₁₀O₂, and T v: a vector that moves with v if the tensor T does.

    T without its trace, which is the same in every frame and says nothing about one.
    """
    dataset = _qm9(sources.cache)
    chosen = dataset.isomers(7, 10, oxygen=2)
    tensor = tensors(dataset)[chosen].double()
    tensor = tensor - tensor.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(3)
    axis = principal_axes(dataset.second_moments("charge")[chosen], 1, _generator(seed))
    return Drawn(axis, torch.einsum("sab,svb->sva", tensor, axis), "vector", _SO3)


def _polarisabilities(sources: Sources, seed: int) -> Drawn:
    return _induced(sources, seed, QM9.polarisability)


def _inertia(sources: Sources, seed: int) -> Drawn:
    return _induced(sources, seed, lambda dataset: dataset.second_moments("mass"))


def _charges(sources: Sources, seed: int) -> Drawn:
    return _induced(sources, seed, lambda dataset: dataset.second_moments("charge"))


@cache
def _leading(files: Sequence[str]) -> tuple[Tensor, Tensor]:
    return leading_constituents(Jets(files=list(files) or None, max_constituents=2))


def _jets(sources: Sources, seed: int) -> Drawn:
    x, y = _leading(sources.jets)
    return Drawn(x, y, "label")


def _jets_shuffled(sources: Sources, seed: int) -> Drawn:
    x, y = _leading(sources.jets)
    return Drawn(x, y[torch.randperm(len(y), generator=_generator(seed))], "label")


CASES: dict[str, Case] = {
    "muons": Case("support", _LORENTZ, _muons),
    "planets, by earlier decades": Case("support", _SO3, _planets_of_another_era),
    "planets": Case("support", _SO3, _planets),
    "molecules": Case("law", _SO3, _extents),
    "molecules, stretched by 10 %": Case("law", _SO3, _stretched),
    "moments of charge": Case("law", _SO3, _charges),
    "inertia": Case("law", _SO3, _inertia),
    "polarisabilities": Case("law", _SO3, _polarisabilities),
    "jets, where they lie": Case("support", _CONE, _jets),
    "jets, labels shuffled": Case("support", _CONE, _jets_shuffled),
    "jets, what the label keeps": Case("law", _LORENTZ, _jets),
}
"""Name → what is asked."""
