"""Simulations that are kept block by block, so that a killed one goes on where it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from pyg_liesym.datasets.packing import load_packed, pack, save_packed
from pyg_liesym.datasets.simulation.n_body import Array, Bodies, BodyTrajectories, PairDynamics, simulate_bodies

_PAIRS = 2**20  # pairs of a block, which take 10 ns each a step: 40 s for 4000 steps


def simulate_in_blocks(
    start: Bodies, dynamics: PairDynamics, frames: tuple[int, ...], folder: Path, *, progress: bool = True
) -> BodyTrajectories:
    """Simulate systems as :func:`~pyg_liesym.datasets.simulation.simulate_bodies` does, and keep what is done.

    A block of systems is a file of ``folder``, named by the first and the last. One that is there is read. The folder
    must be of the same systems, forces and frames; of their number only the last block depends.

    Args:
        start: The systems at time zero.
        dynamics: The force, and how it is followed.
        frames: Which frames to keep.
        folder: Where the blocks are.
        progress: Whether to show a bar.

    Raises:
        ValueError: If ``frames`` are not rising, or a block is damaged.
    """
    systems, bodies = start.charge.shape
    size = max(1, _PAIRS // bodies**2)
    parts = []
    for first in tqdm(range(0, systems, size), desc="blocks of systems", disable=None if progress else True):
        block = slice(first, min(first + size, systems))
        path = folder / f"{block.start}-{block.stop}.safetensors"
        if not path.exists():
            own = Bodies(*(part[block] for part in start))
            keep_block(path, simulate_bodies(own, dynamics, frames, progress=False))
        parts.append(_read(path, bodies))
    return BodyTrajectories(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def keep_block(path: Path, block: BodyTrajectories) -> None:
    """Write a block of systems, body by body."""
    bodies = {name: torch.as_tensor(_rows(value)) for name, value in block._asdict().items()}
    save_packed(path, *pack(torch.full((len(block.charge),), block.charge.shape[1]), bodies, {}))


def _rows(value: Array) -> Array:
    """Bodies of all systems, their frames behind."""
    return value.reshape(-1) if value.ndim == 2 else value.swapaxes(1, 2).reshape(-1, value.shape[1], 3)


def _read(path: Path, bodies: int) -> BodyTrajectories:
    data, _ = load_packed(path)
    pos, vel = (
        data[name].numpy().reshape(-1, bodies, data[name].shape[1], 3).swapaxes(1, 2) for name in ("pos", "vel")
    )
    return BodyTrajectories(pos, vel, data["charge"].numpy().reshape(-1, bodies))
