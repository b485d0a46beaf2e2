"""The Sun and the planets at dates of 150 years, as a PyG data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.io.ephemeris import BODIES, Ephemeris
from pyg_liesym.datasets.io.files import PathLike
from pyg_liesym.datasets.packing import load_packed, pack, save_packed

SolarSplit: TypeAlias = Literal["train", "val", "test"]

_ERAS = {"train": (0.0, 0.6), "val": (0.6, 0.8), "test": (0.8, 1.0)}


class SolarSystem(InMemoryDataset):
    r"""Positions, velocities and accelerations of the Sun and nine planets, from the ephemeris that spacecraft fly by.

    JPL's DE421 (Folkner, Williams and Boggs, IPN Progress Report 42-178, 2009), fitted to ranging, radar and
    telescopes, 1899 to 2053. The package ``skyfield-data`` has it (``pip install 'pyg-liesym[solar]'``); nothing is
    downloaded. Dates are drawn uniformly from an era of each split, the first three fifths for training.

    Args:
        root: Folder of the cache, or None for none.
        split: ``"train"`` (1899 to 1991), ``"val"`` (to 2022) or ``"test"`` (to 2053).
        num_dates: Number of dates.
        seed: Seed of the dates.
        path: An SPK file, if not that of the installed package.
        transform: Called on every graph when it is read.
        force_reload: Read the ephemeris again even if there is a cache.

    Shapes:
        ==============  ===========  ===========================================================================
        **x**           (10, 10)     which body it is, one-hot: Sun, Mercury, …, Neptune, Pluto
        **pos**         (10, 3)      position in astronomical units, about the barycentre of the solar system
        **vel**         (10, 3)      velocity in astronomical units a day
        **y**           (10, 3)      acceleration in astronomical units a day squared
        **edge_index**  (2, 90)      the complete graph
        **date**        (1,)         days since the first date of the ephemeris
        ==============  ===========  ===========================================================================

        Axes are those of the ICRF: the orbits lie near a plane that is tilted by 23.4° about x. A planet is the
        barycentre of it and its moons.

    Raises:
        ImportError: If ``skyfield-data`` or ``jplephem`` is not installed.
        ValueError: If ``split`` is unknown, ``num_dates`` is not positive, or the file is damaged.
    """

    def __init__(
        self,
        root: str | None = None,
        split: SolarSplit = "train",
        *,
        num_dates: int = 1000,
        seed: int = 0,
        path: PathLike | None = None,
        transform: Callable[..., Any] | None = None,
        force_reload: bool = False,
    ) -> None:
        if split not in get_args(SolarSplit):
            raise ValueError(f"expected `split` to be one of {get_args(SolarSplit)}, got {split!r}")
        if num_dates < 1:
            raise ValueError(f"expected one date or more, got {num_dates}")
        self.split, self.num_dates, self.seed, self._path = split, num_dates, seed, path
        self._cached = root is not None
        super().__init__(root, transform, force_reload=force_reload)
        self._data, self.slices = load_packed(self.processed_paths[0]) if self._cached else self._read()

    @property
    def has_process(self) -> bool:
        """Whether there is a cache to fill."""
        return self._cached

    @property
    def processed_file_names(self) -> list[str]:
        """One name for every choice of arguments."""
        return [f"{self.split}-{self.num_dates}-seed{self.seed}.safetensors"]

    def process(self) -> None:
        """Read the ephemeris and save the packed tensors."""
        save_packed(self.processed_paths[0], *self._read())

    def pulls(self, planets: Sequence[str] = ("Mercury", "Venus", "Earth", "Mars")) -> tuple[Tensor, Tensor]:
        r"""Vectors from the Sun, and how strongly each planet is pulled along it.

        The acceleration points at the Sun, :math:`a = -k\,r`, whatever the angles between the axes are: k needs no
        metric. (The other planets' pulls are left: some :math:`10^{-5}` for these four, :math:`10^{-3}` farther out.)
        By Kepler's third law :math:`k^{-2/3}` is the squared distance, up to a factor: a quadratic form of r, and the
        one thing that distinguishes directions.

        Args:
            planets: Which of them.

        Shapes:
            - **output**: :math:`(P T, 3)` in astronomical units, planet by planet, and :math:`(P T)` in days⁻²

        Raises:
            ValueError: If there is no such planet.
        """
        unknown = [name for name in planets if name not in BODIES[1:]]
        if unknown or not planets:
            raise ValueError(f"expected some of {', '.join(BODIES[1:])}, got {list(planets)}")
        pos, acc = (values.double().view(-1, len(BODIES), 3) for values in (self._data.pos, self._data.y))
        chosen = [BODIES.index(name) for name in planets]
        r, a = (pos - pos[:, :1])[:, chosen].transpose(0, 1).flatten(0, 1), acc[:, chosen].transpose(0, 1).flatten(0, 1)
        return r, -(a * r).sum(1) / (r * r).sum(1)

    def _read(self) -> tuple[Data, dict[str, Tensor]]:
        rng = np.random.default_rng([self.seed, list(_ERAS).index(self.split)])
        with Ephemeris(self._path) as ephemeris:
            first, span = ephemeris.first, ephemeris.last - ephemeris.first
            low, high = (first + share * span for share in _ERAS[self.split])
            dates = np.sort(rng.uniform(low, high, self.num_dates))
            states = ephemeris.states(dates)
        bodies = len(BODIES)
        pairs = torch.tensor([(i, j) for j in range(bodies) for i in range(bodies) if i != j])
        node = {
            "x": torch.eye(bodies).repeat(self.num_dates, 1),
            **{name: _tensor(values).view(-1, 3) for name, values in zip(("pos", "vel", "y"), states, strict=True)},
        }
        return pack(
            torch.full((self.num_dates,), bodies),
            node,
            {"date": torch.as_tensor(dates - first)},
            {"edge_index": pairs.T.repeat(1, self.num_dates)},
            torch.full((self.num_dates,), len(pairs)),
        )


def _tensor(array: Any) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32)
