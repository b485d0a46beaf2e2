"""A strict layer and a free one, added."""

from __future__ import annotations

from torch import Tensor

from pyg_liesym.nn.baselines.free_path import FreePath
from pyg_liesym.nn.field.field_conv2d import FieldConv2d
from pyg_liesym.nn.field.scale_conv2d import ScaleConv2d
from pyg_liesym.nn.relaxable import Relaxable


class ResidualPathway(Relaxable):
    r"""Add a free path to a strict layer, held small by a prior.

    .. math:: y = A f + B f, \qquad A \text{ strict}, \quad B \text{ free}

    "Residual Pathway Priors for Soft Equivariance Constraints" (Finzi, Benton, Wilson, NeurIPS 2021,
    `arXiv:2112.01388 <https://arxiv.org/abs/2112.01388>`_, eq. 4): Gaussian priors on both, a narrow one on B, are a
    penalty. The free path starts at zero.

    **Law**: that of the strict layer as long as the free path is zero, at the start and after :meth:`make_strict`.

    Args:
        strict: The strict layer.
        free: The free path, of as many channels: :class:`~pyg_liesym.nn.baselines.PlainConv2d`, or
            :class:`~pyg_liesym.nn.baselines.LatticeLinear` from all places to all places. For a layer with scales it
            maps channels and scales together.

    Shapes:
        - **field**: that of the strict layer; **output**: its output's

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, vectors
        >>> from pyg_liesym.nn.baselines import LatticeLinear
        >>> from pyg_liesym.nn.field import SteerableConv2d
        >>> flow = vectors(PointGroup.cyclic(4), 1)
        >>> path = ResidualPathway(SteerableConv2d(flow, flow, 3), LatticeLinear(2, 2, (4, 5), rank=1))
        >>> path(torch.ones(1, 2, 4, 5)).shape, float(path.relaxation())
        (torch.Size([1, 2, 4, 5]), 0.0)
    """

    def __init__(self, strict: FieldConv2d | ScaleConv2d, free: FreePath) -> None:
        super().__init__()
        self.strict, self.free = strict, free
        self.make_strict()

    def reset_parameters(self) -> None:
        """Draw the strict layer's parameters; the free path is zero."""
        self.strict.reset_parameters()
        self.free.reset_parameters()
        self.make_strict()

    def relaxation_penalty(self) -> Tensor:
        r"""The free path's share of the layer, :math:`|B|^2 / (|A|^2 + |B|^2)`, by what white noise becomes."""
        free, strict = self.free.power(), self.strict.stencil_kernel().square().sum()
        return free / (free + strict).clamp(min=1e-30)

    def make_strict(self) -> None:
        """Set the free path to zero."""
        self.free.silence()

    def forward(self, field: Tensor) -> Tensor:
        """Add both paths."""
        out: Tensor = self.strict(field)
        free: Tensor = self.free(field.flatten(1, -3))
        return out + free.view_as(out)
