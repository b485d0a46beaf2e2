"""Planar gravitational orbits as graphs of bodies, one step after another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.packing import load_packed, pack, save_packed
from pyg_liesym.datasets.simulation.gravity import Orbits, in_sector, simulate_orbits
from pyg_liesym.datasets.simulation.orbit_starts import OrbitKind, OrbitSplit


class GravitationalOrbits(InMemoryDataset):
    """One-step pairs along orbits of two or three bodies of mass 1 (G = 1), for forecasting.

    The recipes are those of Hamiltonian Neural Networks (Greydanus et al. 2019, https://arxiv.org/abs/1906.01563)
    and of LieGAN (Yang et al. 2023, https://arxiv.org/abs/2302.00236); see
    :func:`~pyg_liesym.datasets.simulation.gravity.simulate_orbits` for their numbers and for the law.

    The data are simulated: in about a second for two bodies, half a minute for three. With ``root`` they are cached
    in ``root/processed``, one file for every choice of arguments; without it nothing is written.

    Args:
        root: Folder of the cache, for instance ``"datasets/gravitational_orbits"``, or None for no cache.
        split: ``"train"``, ``"val"`` or ``"test"``; whole orbits are in one of them.
        kind: ``"two_body"`` (50 steps), ``"two_body_wide"`` (20 steps; test orbits start on the other side) or
            ``"three_body"`` (20 steps).
        num_orbits: Number of orbits, by default the recipe's.
        seed: Seed of the initial states.
        trap: Strength of a spring along x that breaks the rotation symmetry.
        sector: Start and width in degrees of a sector of the plane. ``"train"`` and ``"val"`` keep the steps that begin
            with body 1 in it, ``"test"`` all others: a model passes that knows the rotation symmetry.
        transform: Called on every graph when it is read.
        force_reload: Simulate again even if there is a cache.

    Shapes:
        An item is one step of one orbit of ``B`` bodies: ``Data`` with

        - ``pos [B, 2]``, ``vel [B, 2]``: positions and momenta (velocities, as the masses are 1) now;
        - ``y [B, 4]``: position and momentum of every body one step later;
        - ``edge_index [2, B (B - 1)]``: the complete graph;
        - ``orbit [1]``, ``step [1]``: the number of the orbit and of the step in it.

    Raises:
        ValueError: If ``split`` or ``kind`` is unknown, ``num_orbits`` is not positive, ``trap`` is negative, or the
            width of ``sector`` is not between 0 and 360 degrees.

    Example:
        >>> dataset = GravitationalOrbits(split="test", num_orbits=4)
        >>> dataset[0]
        Data(pos=[2, 2], vel=[2, 2], y=[2, 4], orbit=[1], step=[1], edge_index=[2, 2])
        >>> len(dataset), dataset.trajectories().shape
        (196, torch.Size([4, 50, 2, 4]))
    """

    def __init__(
        self,
        root: str | None = None,
        split: OrbitSplit = "train",
        kind: OrbitKind = "two_body",
        *,
        num_orbits: int | None = None,
        seed: int = 0,
        trap: float = 0.0,
        sector: tuple[float, float] | None = None,
        transform: Callable[[Data], Data] | None = None,
        force_reload: bool = False,
    ) -> None:
        self.split, self.kind, self.num_orbits, self.seed, self.trap = split, kind, num_orbits, seed, float(trap)
        self.sector = None if sector is None else (float(sector[0]), float(sector[1]))
        self._cached = root is not None
        super().__init__(root, transform, force_reload=force_reload)
        self._data, self.slices = load_packed(self.processed_paths[0]) if self._cached else self._simulate()

    @property
    def has_process(self) -> bool:
        """Whether there is a cache to fill."""
        return self._cached

    @property
    def processed_file_names(self) -> list[str]:
        """One name for every choice of arguments."""
        size = "recipe" if self.num_orbits is None else self.num_orbits
        trap = f"-trap{self.trap}" if self.trap else ""
        sector = "-sector{}-{}".format(*self.sector) if self.sector else ""
        return [f"{self.kind}-{self.split}-{size}-seed{self.seed}{trap}{sector}.safetensors"]

    def process(self) -> None:
        """Simulate the orbits and save the packed tensors."""
        save_packed(self.processed_paths[0], *self._simulate())

    def trajectories(self) -> Tensor:
        """The whole orbits ``[S, T, B, 4]`` (position, momentum), for rollouts and pictures.

        Raises:
            ValueError: If a sector cuts them.
        """
        if self.sector is not None:
            raise ValueError("a sector cuts the orbits into single steps: leave `sector` out for whole orbits")
        data = self._data
        bodies = 3 if self.kind == "three_body" else 2
        steps = int(data.step.max()) + 1
        orbits = int(data.orbit.max()) + 1
        now = torch.cat([data.pos, data.vel], dim=-1).view(orbits, steps, bodies, 4)
        return torch.cat([now, data.y.view(orbits, steps, bodies, 4)[:, -1:]], dim=1)

    def _simulate(self) -> tuple[Data, dict[str, Tensor]]:
        orbits = simulate_orbits(self.kind, self.split, num_orbits=self.num_orbits, seed=self.seed, trap=self.trap)
        if self.sector is None:
            return _one_step_graphs(orbits, np.ones(orbits.pos[:, :-1, 0, 0].shape, dtype=bool))
        return _one_step_graphs(orbits, in_sector(orbits.pos[:, :-1], *self.sector) != (self.split == "test"))


def _one_step_graphs(orbits: Orbits, wanted: NDArray[np.bool_]) -> tuple[Data, dict[str, Tensor]]:
    """The steps that are wanted, ``[S, T − 1]``."""
    bodies = orbits.pos.shape[2]
    pos, vel = (torch.from_numpy(array.astype(np.float32)) for array in (orbits.pos, orbits.mom))
    kept = torch.from_numpy(wanted)
    orbit, step = torch.nonzero(kept, as_tuple=True)
    items = len(orbit)
    pairs = torch.tensor([(source, target) for target in range(bodies) for source in range(bodies) if source != target])
    return pack(
        num_nodes=torch.full((items,), bodies),
        node={
            "pos": pos[:, :-1][kept].reshape(-1, 2),
            "vel": vel[:, :-1][kept].reshape(-1, 2),
            "y": torch.cat([pos, vel], dim=-1)[:, 1:][kept].reshape(-1, 4),
        },
        graph={"orbit": orbit, "step": step},
        edge={"edge_index": pairs.T.repeat(1, items)},
        num_edges=torch.full((items,), len(pairs)),
    )
