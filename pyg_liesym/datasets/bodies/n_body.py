"""The n-body benchmarks as a PyG data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.data import Data, InMemoryDataset

from pyg_liesym.datasets.bodies.blocks import simulate_in_blocks
from pyg_liesym.datasets.packing import load_packed, pack, save_packed
from pyg_liesym.datasets.simulation.n_body import BodyTrajectories
from pyg_liesym.datasets.simulation.n_body_recipes import RECIPES, NBodyKind, NBodySplit, draw_n_body

_ROWS = 2**22  # pairs whose distances are compared at once


class NBody(InMemoryDataset):
    r"""Bodies in three dimensions; given the state at one time, find the positions at a later one.

    Charged particles as in `EGNN <https://arxiv.org/abs/2102.09844>`_, masses as in
    `SEGNN <https://arxiv.org/abs/2110.02905>`_ and `SEGNO <https://arxiv.org/abs/2308.13212>`_, a hundred charged
    particles as in `FastEGNN <https://proceedings.mlr.press/v235/zhang24f.html>`_: what they are, the frames that
    SEGNO's columns stand for, and which systems are the published ones, is in
    :func:`~pyg_liesym.datasets.simulation.n_body_recipes.simulate_n_body`. That function also gives velocities and
    more frames, for rollouts.

    The systems are simulated when first used, in NumPy: in half a minute for the three splits of five bodies, and in
    most of an hour for those of a hundred. Blocks of them, a minute each, are kept below ``raw``: a simulation that was
    killed goes on from there, and other ``edges``, or more systems, do not simulate again what is there.

    Args:
        root: Folder to keep the simulated graphs in, one file for every choice of arguments.
        split: ``"train"``, ``"val"`` or ``"test"``.
        kind: ``"charged"`` (5 bodies), ``"gravity"`` (5) or ``"many_charged"`` (100).
        seed: Seed of the starts; the splits follow one another in its stream.
        frames: Frames of the input and of the target, 0.1 units of time each, if not the benchmark's.
        num_systems: Systems of the split, if not the benchmark's number.
        num_bodies: Bodies of a system, if not the benchmark's number.
        edges: Share of the pairs of bodies that edges join, the nearest ones in each system: 1 for the complete graph,
            0.25 for "75 % of edges dropped", 0 for none. By default 1, and 0.25 for many bodies. All edges of a hundred
            bodies take 0.24 MB a system, 1.2 GB for training.
        progress: Whether to show a bar while they are simulated.
        transform: Called on every graph when it is read.

    Units:
        Dimensionless: unit mass, charge and constants.

    Shapes:
        With M bodies, and E edges (two for every pair that is joined):

        ======================  =======  ================================================================
        **x**                   (M, 1)   speed
        **pos**, **vel**        (M, 3)   position and velocity at ``frames[0]``
        **charge** or **mass**  (M,)     −1 or 1; under gravity 1
        **edge_index**          (2, E)   sorted by target; not there if ``edges`` is 0
        **edge_attr**           (E, 2)   product of the charges or masses, squared distance at ``frames[0]``
        **y**                   (M, 3)   position at ``frames[1]``
        ======================  =======  ================================================================

    Raises:
        ValueError: If ``kind`` or ``split`` is unknown, the split does not have ``num_systems`` systems, there are
            fewer than two bodies, ``frames`` do not rise, or ``edges`` is not between 0 and 1.
    """

    def __init__(
        self,
        root: str,
        split: NBodySplit = "train",
        kind: NBodyKind = "charged",
        *,
        seed: int = 43,
        frames: tuple[int, int] | None = None,
        num_systems: int | None = None,
        num_bodies: int | None = None,
        edges: float | None = None,
        progress: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        if kind not in RECIPES:
            raise ValueError(f"expected `kind` to be one of {tuple(RECIPES)}, got {kind!r}")
        recipe = RECIPES[kind]
        if split not in recipe.systems:
            raise ValueError(f"expected `split` to be one of {tuple(recipe.systems)}, got {split!r}")
        self.kind, self.split, self.seed, self.progress = kind, split, seed, progress
        self.frames = recipe.frames if frames is None else frames
        self.num_systems = recipe.systems[split] if num_systems is None else num_systems
        self.num_bodies = recipe.num_bodies if num_bodies is None else num_bodies
        self.edges = recipe.edges if edges is None else float(edges)
        if not 0 <= self.edges <= 1:
            raise ValueError(f"expected `edges`, a share of the pairs, from 0 to 1, got {edges}")
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
        parts = [self.split, str(self.num_systems), f"frames{first}-{last}", f"draw{self.seed}"]
        if self.kind != "charged":
            parts.insert(0, self.kind)
        if self.num_bodies != RECIPES[self.kind].num_bodies:
            parts.append(f"bodies{self.num_bodies}")
        if self.edges != RECIPES[self.kind].edges:
            parts.append(f"edges{self.edges:g}")
        return ["_".join(parts) + ".safetensors"]

    def process(self) -> None:
        """Simulate the split and store its graphs."""
        recipe, (first, last) = RECIPES[self.kind], self.frames
        start = draw_n_body(
            self.kind, self.split, num_systems=self.num_systems, num_bodies=self.num_bodies, seed=self.seed
        )
        parts = (self.kind, self.split, f"frames{first}-{last}", f"draw{self.seed}", f"bodies{self.num_bodies}")
        blocks = Path(self.raw_dir) / "_".join(parts)
        trajectories = simulate_in_blocks(start, recipe.dynamics, self.frames, blocks, progress=self.progress)
        save_packed(self.processed_paths[0], *_graphs(trajectories, recipe.source, self.edges))


class _Pairs(NamedTuple):
    """The joined pairs of every system, as numbers of bodies ``[S, E]``."""

    target: NDArray[np.int64]
    source: NDArray[np.int64]


def _joined(pos: NDArray[np.float64], share: float) -> _Pairs:
    """The nearest ``share`` of all pairs, both ways, sorted by target and source."""
    systems, bodies, _ = pos.shape
    first, second = np.triu_indices(bodies, k=1)
    kept = int(share * len(first) + 1e-9)
    chosen = np.empty((systems, kept), dtype=np.int64)
    size = max(1, _ROWS // len(first))
    for block in (slice(begin, begin + size) for begin in range(0, systems, size)):
        squared = ((pos[block][:, first] - pos[block][:, second]) ** 2).sum(-1)
        chosen[block] = np.argsort(squared, axis=-1, kind="stable")[:, :kept]
    low, high = first[chosen], second[chosen]
    both = np.sort(np.concatenate([low * bodies + high, high * bodies + low], axis=-1), axis=-1)
    return _Pairs(both // bodies, both % bodies)


def _tensor(array: Any) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32)


def _graphs(trajectories: BodyTrajectories, name: str, share: float) -> tuple[Data, dict[str, Tensor]]:
    pos, vel, charge = trajectories.pos[:, 0], trajectories.vel[:, 0], trajectories.charge
    systems, bodies, _ = pos.shape
    node = {
        "x": _tensor(np.linalg.norm(vel, axis=-1)).reshape(-1, 1),
        "pos": _tensor(pos).reshape(-1, 3),
        "vel": _tensor(vel).reshape(-1, 3),
        name: _tensor(charge).reshape(-1),
        "y": _tensor(trajectories.pos[:, 1]).reshape(-1, 3),
    }
    counts = torch.full((systems,), bodies)
    if not share:
        return pack(counts, node, {})
    target, source = _joined(pos, share)
    system = np.arange(systems)[:, None]
    squared = ((pos[system, target] - pos[system, source]) ** 2).sum(-1)
    edge_attr = np.stack([charge[system, target] * charge[system, source], squared], axis=-1)
    edge_index = torch.as_tensor(np.stack([source.reshape(-1), target.reshape(-1)]))
    edge = {"edge_index": edge_index, "edge_attr": _tensor(edge_attr).reshape(-1, 2)}
    return pack(counts, node, {}, edge, torch.full_like(counts, target.shape[1]))
