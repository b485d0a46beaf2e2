"""EGNN's n-body benchmark as a PyG dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.packing import load_packed, pack, save_packed
from pyg_liesym.datasets.simulation.coulomb import (
    ChargedState,
    ChargedTrajectories,
    draw_charged_particles,
    simulate_charged_particles,
)

SPLITS = {"train": 3000, "val": 2000, "test": 2000}
_DRAWN = {"train": 10_000, "val": 2000, "test": 2000}


class ChargedParticles(InMemoryDataset):
    r"""Five charged particles in three dimensions; given the state at one time, find the positions at a later one.

    The benchmark of `EGNN <https://arxiv.org/abs/2102.09844>`_ (Satorras et al., ICML 2021, Section 5.1), simulated
    when first used (:func:`~pyg_liesym.datasets.simulation.coulomb.simulate_charged_particles`). The inputs are those
    of that paper: speeds at the nodes; products of charges and squared distances at the edges of the complete graph.
    With the default seed the systems are those that the released generator draws for the paper's table
    (``--num-train 10000 --seed 43``, of which the first 3000 train).

    Args:
        root: Folder to keep the simulated graphs in.
        split: ``"train"`` (3000 systems, of at most 10 000), ``"val"`` (2000) or ``"test"`` (2000).
        seed: Seed of the simulation; the splits follow one another in its stream.
        frames: Frame of the input and of the target; a frame is 0.1 units of time.
        num_systems: Systems of the split, if not the benchmark's number.
        progress: Whether to show a bar while they are simulated.
        transform: Called on every graph when it is read.

    Units:
        Dimensionless: unit mass, charge and Coulomb constant.

    Shapes:
        ==============  ============  =========================================================
        **x**           (5, 1)        speed
        **pos**         (5, 3)        position at ``frames[0]``
        **vel**         (5, 3)        velocity at ``frames[0]``
        **charge**      (5,)          −1 or 1
        **edge_index**  (2, 20)       all ordered pairs, sorted by target
        **edge_attr**   (20, 2)       product of the charges, squared distance at ``frames[0]``
        **y**           (5, 3)        position at ``frames[1]``
        ==============  ============  =========================================================

    Raises:
        ValueError: If ``split`` is none of the three or does not have ``num_systems`` systems.
    """

    def __init__(
        self,
        root: str,
        split: Literal["train", "val", "test"] = "train",
        *,
        seed: int = 43,
        frames: tuple[int, int] = (30, 40),
        num_systems: int | None = None,
        progress: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"expected `split` to be one of {tuple(SPLITS)}, got {split!r}")
        self.split, self.seed, self.frames, self.progress = split, seed, frames, progress
        self.num_systems = SPLITS[split] if num_systems is None else num_systems
        if not 1 <= self.num_systems <= _DRAWN[split]:
            raise ValueError(
                f"expected `num_systems` from 1 to {_DRAWN[split]} for {split!r}, got {num_systems}; "
                "another `seed` gives other systems"
            )
        super().__init__(root, transform)
        self.data, self.slices = load_packed(self.processed_paths[0])

    @property
    def raw_file_names(self) -> list[str]:
        """Nothing is downloaded."""
        return []

    @property
    def processed_file_names(self) -> list[str]:
        """The name holds everything that changes the content."""
        first, last = self.frames
        return [f"{self.split}_{self.num_systems}_frames{first}-{last}_draw{self.seed}.safetensors"]

    def process(self) -> None:
        """Simulate the split and store its graphs."""
        rng = np.random.RandomState(self.seed)
        for split, drawn in _DRAWN.items():
            start = draw_charged_particles(drawn, rng=rng)
            if split == self.split:
                break
        chosen = ChargedState(*(values[: self.num_systems] for values in start))
        save_packed(
            self.processed_paths[0], *_graphs(simulate_charged_particles(chosen, self.frames, progress=self.progress))
        )


def _tensor(array: Any) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32)


def _graphs(trajectories: ChargedTrajectories) -> tuple[Data, dict[str, Tensor]]:
    systems, _, bodies, _ = trajectories.pos.shape
    target = np.repeat(np.arange(bodies), bodies - 1)
    source = np.array([j for i in range(bodies) for j in range(bodies) if j != i])
    pos, vel, charge = trajectories.pos[:, 0], trajectories.vel[:, 0], trajectories.charge
    squared = ((pos[:, target] - pos[:, source]) ** 2).sum(-1)
    edge_attr = np.stack([charge[:, target] * charge[:, source], squared], axis=-1)
    node = {
        "x": _tensor(np.linalg.norm(vel, axis=-1)).reshape(-1, 1),
        "pos": _tensor(pos).reshape(-1, 3),
        "vel": _tensor(vel).reshape(-1, 3),
        "charge": _tensor(charge).reshape(-1),
        "y": _tensor(trajectories.pos[:, 1]).reshape(-1, 3),
    }
    edge_index = torch.as_tensor(np.stack([source, target])).repeat(1, systems)
    edge = {"edge_index": edge_index, "edge_attr": _tensor(edge_attr).reshape(-1, 2)}
    counts = torch.full((systems,), bodies)
    return pack(counts, node, {}, edge, counts * (bodies - 1))
