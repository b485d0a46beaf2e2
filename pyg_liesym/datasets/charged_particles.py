"""EGNN's n-body benchmark as a PyG dataset."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.packing import load_packed, pack, save_packed
from pyg_liesym.datasets.simulation.coulomb import ChargedTrajectories, simulate_charged_particles

SPLITS = {"train": 3000, "val": 2000, "test": 2000}
_CHUNK = 500


class ChargedParticles(InMemoryDataset):
    r"""Five charged particles in three dimensions; given the state at one time, find the positions at a later one.

    The benchmark of `EGNN <https://arxiv.org/abs/2102.09844>`_ (Satorras et al., ICML 2021, Section 5.1), simulated
    when first used (:func:`~pyg_liesym.datasets.simulation.coulomb.simulate_charged_particles`). The inputs are those
    of that paper: speeds at the nodes; products of charges and squared distances at the edges of the complete graph.

    Args:
        root: Folder to keep the simulated graphs in.
        split: ``"train"`` (3000 systems), ``"val"`` (2000) or ``"test"`` (2000).
        seed: Seed of the simulation; every split has its own stream.
        frames: Frame of the input and of the target; a frame is 0.1 units of time.
        num_systems: Systems of the split, if not the benchmark's number.
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
        ValueError: If ``split`` is none of the three.
    """

    def __init__(
        self,
        root: str,
        split: Literal["train", "val", "test"] = "train",
        *,
        seed: int = 43,
        frames: tuple[int, int] = (30, 40),
        num_systems: int | None = None,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"expected `split` to be one of {tuple(SPLITS)}, got {split!r}")
        self.split, self.seed, self.frames = split, seed, frames
        self.num_systems = num_systems or SPLITS[split]
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
        return [f"{self.split}_{self.num_systems}_frames{first}-{last}_seed{self.seed}.safetensors"]

    def process(self) -> None:
        """Simulate the split and store its graphs."""
        stream = np.random.SeedSequence(self.seed).spawn(len(SPLITS))[list(SPLITS).index(self.split)]
        chunks = [min(_CHUNK, self.num_systems - start) for start in range(0, self.num_systems, _CHUNK)]
        parts = [
            simulate_charged_particles(size, self.frames, rng=np.random.default_rng(seed))
            for size, seed in zip(chunks, stream.spawn(len(chunks)), strict=True)
        ]
        trajectories = ChargedTrajectories(*(np.concatenate(part) for part in zip(*parts, strict=True)))
        save_packed(self.processed_paths[0], *_graphs(trajectories))


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
