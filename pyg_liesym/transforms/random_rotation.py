"""Rotations of jets."""

from __future__ import annotations

import math

import torch
from torch_geometric.data import Data
from torch_geometric.data.datapipes import functional_transform
from torch_geometric.transforms import BaseTransform

from pyg_liesym.lie.motions import random_axes, turns
from pyg_liesym.transforms.move import move, num_graphs


@functional_transform("random_rotation")
class RandomRotation(BaseTransform):
    r"""Turn every jet about a random axis, or about the beams, by an angle uniform in :math:`\pm\theta_{max}`.

    The four-momenta ``p4`` are turned in float64; ``pos`` and ``jet``, where there are any, are made anew of
    them. What is invariant (``x``, ``y``, ``weight``) stays.

    Args:
        max_angle: Largest angle :math:`\theta_{max}` in radians.
        about_beams: Whether to turn about the z axis.
        generator: Source of randomness, on the CPU; without one torch's default, which
            :class:`~pyg_liesym.systems.JetTagging` seeds in every step.

    Raises:
        ValueError: If the angle is negative or not finite, or the data have no four-momenta.

    Example:
        >>> jet = Data(p4=torch.tensor([[5.0, 3.0, 0.0, 4.0]]))
        >>> turned = RandomRotation(about_beams=True, generator=torch.Generator().manual_seed(0))(jet)
        >>> turned.p4[0, [0, 3]], round(float(turned.p4[0, 1:3].norm()), 4)
        (tensor([5., 4.]), 3.0)
    """

    def __init__(
        self, max_angle: float = math.pi, about_beams: bool = False, generator: torch.Generator | None = None
    ) -> None:
        if not 0 <= max_angle < float("inf"):
            raise ValueError(f"expected a finite `max_angle` of at least 0, got {max_angle}")
        self.max_angle, self.about_beams, self.generator = max_angle, about_beams, generator

    def forward(self, data: Data) -> Data:
        """Return the turned jets."""
        num = num_graphs(data)
        share = 2 * torch.rand(num, generator=self.generator, dtype=torch.float64) - 1
        if self.about_beams:
            axes = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64).expand(num, 3)
        else:
            axes = random_axes(num, self.generator)
        return move(data, turns(self.max_angle * share, axes))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.max_angle:.4g}, about_beams={self.about_beams})"
