"""Virtual nodes, through which all nodes of a graph hear of each other at a cost that is linear in them."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch_geometric.nn.resolver import activation_resolver

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.nn.message.invariants import gram_matrix
from pyg_liesym.nn.message.metric import MetricShape
from pyg_liesym.nn.message.reduce import at_nodes, pool_nodes
from pyg_liesym.typing import OptTensor

VirtualState: TypeAlias = tuple[Tensor, Tensor]
"""Scalars :math:`(B, H)` and places :math:`(B, P, n)` of the virtual nodes of every graph."""


class VirtualNodes(nn.Module):
    r"""An ordered set of P virtual nodes a graph, which hear from all its nodes and answer each of them.

    After `FastEGNN <https://proceedings.mlr.press/v235/zhang24f.html>`_ (Zhang et al., ICML 2024), whose virtual nodes
    start at the mean of the graph and see distances with J = I. Here J is any form, and what is measured are the
    vectors of the nodes as well. With the mean :math:`\bar x` of the graph, virtual nodes at :math:`\bar x + w^p` with
    common scalars :math:`z`, and with :math:`A_i = (x_i - \bar x, v_i^1, \ldots, v_i^C)` and
    :math:`D_i = (x_i - \bar x, w^1, \ldots, w^P)`:

    .. math::
        (m_i, \alpha_i) &= \phi_g\bigl(h_i, z, \psi\langle A_i^a, D_i^b\rangle_J\bigr), \qquad
        w^p \leftarrow w^p + \frac1N \sum_i \sum_a \alpha_i^{pa} A_i^a

        z &\leftarrow z + \phi_z\Bigl(z, \frac1N \sum_i m_i, \psi\langle w^p, w^q\rangle_J\Bigr)

        (\delta_i, \beta_i) &= \phi_s\bigl(h_i, z, \psi\langle A_i^a, D_i^b\rangle_J\bigr), \qquad
        h_i \leftarrow h_i + \delta_i, \qquad v_i^c \leftarrow v_i^c + \sum_b \beta_i^{cb} D_i^b

    The set is ordered, so one message holds what all its nodes have to say: P enters through products of a few
    vectors, and no message is made for every pair of a node and a virtual node.

    **Law**: equivariant to every :math:`g` with :math:`g^\top J g = J` (of every form) and invariant to translations of
    ``pos``, because vectors are added up with coefficients that only J-invariants enter, and the mean of a graph moves
    along. Exact in exact arithmetic. Time and memory are linear in the number of nodes.

    Args:
        channels: Scalars H of a node, and of the virtual nodes of a graph.
        vector_channels: Vectors C of a node.
        num_nodes: Virtual nodes P.
        metric: Number and size of the forms, which come with every call.
        hidden_channels: Width of the maps.
        act: Activation, by name.

    Shapes:
        - **x**: :math:`(N, H)`; **pos**: :math:`(N, n)`; **vectors**: :math:`(N, C, n)`; **state**: :math:`(B, H)` and
          :math:`(B, P, n)`; **metric**: :math:`(F, n, n)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, H)`, :math:`(N, C, n)`, and the new state

    Raises:
        ValueError: Without a virtual node.

    Example:
        >>> virtual = VirtualNodes(8, 4, 3, metric=MetricShape(1, 3), hidden_channels=16)
        >>> x, vectors, state = virtual(torch.ones(5, 8), torch.randn(5, 3), torch.randn(5, 4, 3), torch.eye(3)[None])
        >>> x.shape, vectors.shape, [part.shape for part in state]
        (torch.Size([5, 8]), torch.Size([5, 4, 3]), [torch.Size([1, 8]), torch.Size([1, 3, 3])])
    """

    def __init__(
        self,
        channels: int,
        vector_channels: int,
        num_nodes: int,
        *,
        metric: MetricShape,
        hidden_channels: int,
        act: str = "silu",
    ) -> None:
        super().__init__()
        if num_nodes < 1:
            raise ValueError(f"expected at least one virtual node, got {num_nodes}")
        self.channels, self.vector_channels, self.num_nodes = channels, vector_channels, num_nodes
        self.hidden_channels = hidden_channels
        seen = 2 * channels + metric.forms * (1 + vector_channels) * (1 + num_nodes)
        known = channels + hidden_channels + metric.forms * num_nodes**2

        def perceptron(width: int, out: int) -> nn.Sequential:
            first, last = nn.Linear(width, hidden_channels), nn.Linear(hidden_channels, out)
            return nn.Sequential(first, activation_resolver(act), last)

        self.phi_g = perceptron(seen, hidden_channels + num_nodes * (1 + vector_channels))
        self.phi_z = perceptron(known, channels)
        self.phi_s = perceptron(seen, channels + vector_channels * (1 + num_nodes))

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        vectors: Tensor,
        metric: Tensor,
        state: VirtualState | None = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> tuple[Tensor, Tensor, VirtualState]:
        """Let the virtual nodes hear from all nodes, and answer them.

        Args:
            x: Invariant features.
            pos: Where the nodes are, of which differences from the mean enter.
            vectors: The channels.
            metric: The forms.
            state: What the virtual nodes know; ``None`` at the start: all are at the mean, and :math:`z = 0`.
            batch: Graph of every node; ``None`` for one graph.
            batch_size: Number of graphs.
        """
        mean = pool_nodes(pos, batch, batch_size, "mean")
        if state is None:
            scalars = x.new_zeros(mean.size(0), self.channels)
            places = pos.new_zeros(mean.size(0), self.num_nodes, pos.size(1))
        else:
            scalars, places = state
        own = torch.cat([(pos - at_nodes(mean, pos.size(0), batch))[:, None], vectors], dim=1)
        seen, _ = self._seen(x, own, scalars, places, metric, batch)
        hidden = self.hidden_channels
        message, along = self.phi_g(seen).split([hidden, self.num_nodes * own.size(1)], dim=-1)
        pulled = _combine(along.view(-1, self.num_nodes, own.size(1)), own).flatten(1)
        heard = pool_nodes(torch.cat([message, pulled], dim=-1), batch, batch_size, "mean")
        places = places + heard[:, hidden:].view_as(places)
        known = torch.cat([scalars, heard[:, :hidden], gram_matrix(places, metric)], dim=-1)
        scalars = scalars + self.phi_z(known)

        seen, theirs = self._seen(x, own, scalars, places, metric, batch)
        told, along = self.phi_s(seen).split([self.channels, self.vector_channels * theirs.size(1)], dim=-1)
        vectors = vectors + _combine(along.view(-1, self.vector_channels, theirs.size(1)), theirs)
        return x + told, vectors, (scalars, places)

    def _seen(
        self, x: Tensor, own: Tensor, scalars: Tensor, places: Tensor, metric: Tensor, batch: OptTensor
    ) -> tuple[Tensor, Tensor]:
        """What the maps of a node see, and the place of the node and those of the virtual nodes, D."""
        theirs = torch.cat([own[:, :1], at_nodes(places, own.size(0), batch)], dim=1)
        products = gram_matrix(own, metric, theirs)
        return torch.cat([x, at_nodes(scalars, x.size(0), batch), products], dim=-1), theirs

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.channels}, {self.vector_channels}, {self.num_nodes})"


def virtual_layers(
    num_layers: int,
    channels: int,
    vector_channels: int,
    num_nodes: int,
    *,
    metric: MetricShape,
    hidden_channels: int,
    act: str,
) -> nn.ModuleList:
    """Virtual nodes before each of some layers, with weights of their own; none of them without virtual nodes."""
    return nn.ModuleList(
        VirtualNodes(channels, vector_channels, num_nodes, metric=metric, hidden_channels=hidden_channels, act=act)
        for _ in range(num_layers if num_nodes else 0)
    )


def _combine(coefficients: Tensor, vectors: Tensor) -> Tensor:
    """Sums of vectors, in their precision."""
    with without_autocast(vectors.device):
        return coefficients.to(vectors.dtype) @ vectors
