"""Boosts of jets, for training on more frames than one."""

from __future__ import annotations

import torch
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.lie.motions import boosts, boosts_along_z, random_axes
from pyg_liesym.transforms.move import move, num_graphs


@functional_transform("random_boost")
class RandomBoost(BaseTransform):
    r"""Boost every jet along a random axis, or along the beams, by a rapidity uniform in :math:`[0, \eta_{max}]`.

    The four-momenta ``p4`` are boosted in float64; ``pos`` and ``jet``, where there are any, are made anew of
    them. What is invariant (``x``, ``y``, ``weight``) stays.

    Args:
        max_rapidity: Largest rapidity :math:`\eta_{max}`; energies grow up to :math:`e^{\eta_{max}}`-fold.
        along_beams: Whether to boost along the z axis, either way, as the collisions of a collider are boosted.
        generator: Source of randomness, on the CPU; without one torch's default, which
            :class:`~pyg_liesym.systems.JetTagging` seeds in every step.

    Raises:
        ValueError: If the rapidity is negative or not finite, or the data have no four-momenta.

    Example:
        >>> jet = Data(p4=torch.tensor([[5.0, 3.0, 0.0, 4.0], [2.0, 0.0, 2.0, 0.0]]))
        >>> moved = RandomBoost(1.0, generator=torch.Generator().manual_seed(0))(jet)
        >>> p = moved.p4.sum(0)
        >>> round(float(p[0] ** 2 - p[1:].square().sum()), 3)
        20.0
    """

    def __init__(
        self, max_rapidity: float, along_beams: bool = False, generator: torch.Generator | None = None
    ) -> None:
        if not 0 <= max_rapidity < float("inf"):
            raise ValueError(f"expected a finite `max_rapidity` of at least 0, got {max_rapidity}")
        self.max_rapidity, self.along_beams, self.generator = max_rapidity, along_beams, generator

    def forward(self, data: Data) -> Data:
        """Return the boosted jets."""
        num = num_graphs(data)
        share = torch.rand(num, generator=self.generator, dtype=torch.float64)
        if self.along_beams:
            unit = boosts_along_z(num, 1.0, self.generator)
            axes = unit[:, 0, 1:] / unit[:, 0, 1:].norm(dim=1, keepdim=True)
        else:
            axes = random_axes(num, self.generator)
        return move(data, boosts(self.max_rapidity * share, axes))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.max_rapidity}, along_beams={self.along_beams})"
