"""EGNN's n-body benchmark as a PyG data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyg_liesym.datasets.bodies.n_body import NBody
from pyg_liesym.datasets.simulation.n_body_recipes import NBodySplit


class ChargedParticles(NBody):
    r"""Five charged particles: ``NBody(kind="charged")``, the benchmark of EGNN.

    The protocol of `EGNN <https://arxiv.org/abs/2102.09844>`_ (Satorras et al., ICML 2021, Section 5.1), itself after
    `NRI <https://arxiv.org/abs/1802.04687>`_ (Kipf et al., ICML 2018). The inputs are those of that paper: speeds at
    the nodes; products of charges and squared distances at the edges of the complete graph. With the default seed the
    systems are those that the released generator draws for the paper's table (``--num-train 10000 --seed 43``, of which
    the first 3000 train).

    Args:
        root: Folder to keep the simulated graphs in.
        split: ``"train"`` (3000 systems, of at most 10 000), ``"val"`` (2000) or ``"test"`` (2000).
        seed: Seed of the starts; the splits follow one another in its stream.
        frames: Frame of the input and of the target; a frame is 0.1 units of time.
        num_systems: Systems of the split, if not the benchmark's number.
        progress: Whether to show a bar while they are simulated.
        transform: Called on every graph when it is read.

    Units:
        Dimensionless: unit mass, charge and Coulomb constant.

    Shapes:
        Those of :class:`~pyg_liesym.datasets.bodies.n_body.NBody` with 5 bodies and 20 edges.

    Raises:
        ValueError: If ``split`` is none of the three or does not have ``num_systems`` systems.
    """

    def __init__(
        self,
        root: str,
        split: NBodySplit = "train",
        *,
        seed: int = 43,
        frames: tuple[int, int] = (30, 40),
        num_systems: int | None = None,
        progress: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        super().__init__(
            root, split, seed=seed, frames=frames, num_systems=num_systems, progress=progress, transform=transform
        )
