"""A strict network that is told where it is by a free encoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d
from torch_geometric.nn.inits import reset

from pyg_liesym.nn.relaxable import Relaxable


class LiftExpansion(Relaxable):
    r"""Append the answers of a free encoder to the channels of a strict network, the same at every place.

    .. math:: F(f) = B\bigl(A f \oplus E f\bigr)

    The baseline "lift expansion" of `"Approximately Equivariant Networks for Imperfectly Symmetric Dynamics"
    <https://arxiv.org/abs/2201.11969>`_ (Wang, Walters, Yu, ICML 2022, section 5), after "Incorporating Symmetry into
    Deep Dynamics Models for Improved Generalization" (Wang, Walters, Yu, ICLR 2021). The encoder sees the means of the
    field over blocks, so that it stays small. Its last layer starts at zero.

    **Law**: equivariant to what A and B are equivariant to as long as the encoder's answers are zero, at the start and
    after :meth:`make_strict`; otherwise to nothing, since an answer that belongs to B's symmetric channels is a free
    number.

    Args:
        front: A.
        back: B, whose input has ``num_features`` channels more than A's output; with scales or group elements, one for
            each of them.
        in_channels: Channels of the field.
        hidden_channels: Width of the encoder.
        num_features: Number of the encoder's answers.
        blocks: The encoder sees means over blocks × blocks parts of the lattice.

    Shapes:
        - **field**: :math:`(B, C_{in}, H, W)`; **output**: that of B

    Example:
        >>> front, back = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(5, 2, 3, padding=1)
        >>> LiftExpansion(front, back, in_channels=2, hidden_channels=8, num_features=1)(torch.ones(1, 2, 8, 8)).shape
        torch.Size([1, 2, 8, 8])
    """

    def __init__(
        self,
        front: nn.Module,
        back: nn.Module,
        *,
        in_channels: int,
        hidden_channels: int,
        num_features: int,
        blocks: int = 4,
    ) -> None:
        super().__init__()
        self.front, self.back, self.blocks = front, back, blocks
        self.last = nn.Linear(hidden_channels, num_features)
        self.encoder = nn.Sequential(
            nn.Linear(in_channels * blocks**2, hidden_channels),
            nn.ReLU(),
            nn.Linear(hidden_channels, hidden_channels),
            nn.ReLU(),
        )
        self.make_strict()

    def reset_parameters(self) -> None:
        """Draw new parameters; the encoder is silent."""
        for child in self.children():
            reset(child)
        self.make_strict()

    def relaxation_penalty(self) -> Tensor:
        """The square of the weights of the encoder's last layer, to be added to a loss."""
        return self.last.weight.square().sum() + self.last.bias.square().sum()

    def make_strict(self) -> None:
        """Silence the encoder."""
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, field: Tensor) -> Tensor:
        """Run the network."""
        features = self.last(self.encoder(adaptive_avg_pool2d(field, self.blocks).flatten(1)))
        inner: Tensor = self.front(field)
        shape = inner.shape[2:]
        # [B, features] for every place, and for every scale where there are scales
        appended = features.view(*features.shape, *[1] * len(shape)).expand(-1, -1, *shape)
        out: Tensor = self.back(torch.cat([inner, appended], 1))
        return out
