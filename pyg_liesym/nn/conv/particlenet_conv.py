"""ParticleNet's message passing: the edge convolution block of the published jet tagger."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from pyg_liesym.nn.conv.sum_conv import SumConv
from pyg_liesym.nn.message.edge_map import Flow
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges, count_neighbours
from pyg_liesym.typing import OptTensor


class ParticleNetConv(SumConv):
    r"""ParticleNet's edge convolution block, with batch normalisation and a shortcut.

    The block of `"ParticleNet: Jet Tagging via Particle Clouds" <https://arxiv.org/abs/1902.08570>`_ (Qu & Gouskos,
    Phys. Rev. D 101 (2020) 056019, eq. 2 and figure 1):

    .. math:: x_i' = \mathrm{ReLU}\Bigl(\mathrm{BN}(W x_i) + \frac{1}{|N_i|} \sum_j \phi(x_i,\ x_j - x_i)\Bigr)

    with a perceptron :math:`\phi` of which every map is followed by batch normalisation and ReLU, and the sums over
    the edges that arrive at :math:`i`. The first map of :math:`\phi` acts on the nodes, since it is linear. A node
    without edges keeps the shortcut alone.

    **Law**: the numbering of the nodes does not matter; nothing else is kept but what ``x`` itself keeps.

    Args:
        in_channels: Channels of ``x``.
        channels: Width of each map of :math:`\phi`; the last is that of the new ``x``.
        flow: Which row of ``edge_index`` holds the targets, as in PyG.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **edge_index**: :math:`(2, |E|)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, F_{out})`

    Raises:
        ValueError: On sizes that do not go together, and in training on a single node or edge, of which batch
            normalisation knows no variance.

    Example:
        >>> ParticleNetConv(7, (64, 64, 64))(torch.rand(5, 7)).shape
        torch.Size([5, 64])
    """

    def __init__(self, in_channels: int, channels: Sequence[int], *, flow: Flow = "source_to_target") -> None:
        super().__init__(flow)
        if not channels:
            raise ValueError("expected the width of at least one map in `channels`, got none")
        self.in_channels, self.channels = in_channels, tuple(channels)
        self.lin_target = nn.Linear(in_channels, channels[0], bias=False)
        self.lin_difference = nn.Linear(in_channels, channels[0], bias=False)
        maps: list[nn.Module] = [nn.BatchNorm1d(channels[0]), nn.ReLU()]
        for before, width in pairwise(channels):
            maps += [nn.Linear(before, width, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
        self.phi = nn.Sequential(*maps)
        self.shortcut = nn.Sequential(nn.Linear(in_channels, channels[-1], bias=False), nn.BatchNorm1d(channels[-1]))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new parameters; the first map of φ as if it were one."""
        super().reset_parameters()
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.BatchNorm1d):
                module.reset_parameters()
        bound = (2 * self.in_channels) ** -0.5
        for linear in (self.lin_target, self.lin_difference):
            nn.init.uniform_(linear.weight, -bound, bound)

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        batch: OptTensor = None,
    ) -> Tensor:
        """Update ``x``.

        Args:
            x: Features.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            batch: Item of every node.
        """
        if x.dim() != 2 or x.size(1) != self.in_channels:
            raise ValueError(f"expected `x` of shape [num_nodes, {self.in_channels}], got {list(x.shape)}")
        edges = as_edges(edge_index, x.size(0), batch, self.flow, x.device)
        if isinstance(edges, CompleteGraph):
            edges = edges.listed(self.flow)
        difference = self.lin_difference(x)
        out = self.propagate(
            edges.edge_index,
            target=self.lin_target(x) - difference,
            source=difference,
            segments=edges.ptr,
            size=(x.size(0), x.size(0)),
        )
        return torch.relu(self.shortcut(x) + out / count_neighbours(edges, x.size(0), self.flow, out.dtype))

    def message(self, target_i: Tensor, source_j: Tensor) -> Tensor:
        r"""Return :math:`\phi`, shape :math:`(|E|, F_{out})`."""
        first = target_i + source_j
        if len(first) == 0:
            return first.new_zeros(0, self.channels[-1])
        message: Tensor = self.phi(first)
        return message

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.channels})"
