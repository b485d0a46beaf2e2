"""LieGNN and LorentzNet the way they are written down: edge list, concatenation, ``index_add``, plain autograd.

Nothing of :mod:`pyg_liesym` is used, so that these networks are yardsticks of its speed and of its numbers alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

Shared = Iterator[tuple[nn.Parameter | Tensor, list[Tensor]]]
"""A tensor of a textbook network, and the tensors of ours that side by side (along dimension 1) are the same."""


def psi(s: Tensor) -> Tensor:
    """Sign and logarithm of an invariant that spans decades."""
    return torch.sign(s) * torch.log(torch.abs(s) + 1)


def product(a: Tensor, b: Tensor, metric: Tensor) -> Tensor:
    """Inner products of rows, ``[N, 1]``."""
    return (a @ metric * b).sum(-1, keepdim=True)


def sum_at(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Sums of the rows that share an index, ``[size, F]``."""
    return torch.zeros(size, values.size(1), dtype=values.dtype, device=values.device).index_add(0, index, values)


def mean_at(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Means of the rows that share an index, ``[size, F]``."""
    return sum_at(values, index, size) / sum_at(torch.ones_like(values[:, :1]), index, size).clamp(min=1)


class _Network(nn.Module):
    """What both networks share: embedding, layers, mean over the nodes of a graph, head."""

    embedding: nn.Linear
    layers: nn.ModuleList
    head: nn.Sequential
    metric: Tensor

    def forward(self, pos: Tensor, edge_index: Tensor, batch: Tensor, batch_size: int) -> Tensor:
        """Return the logits of every graph."""
        scalars = psi(product(pos, pos, self.metric))
        h = self.embedding(scalars)
        for layer in self.layers:
            h, pos = layer(h, pos, edge_index, self.metric, scalars)
        return self.head(mean_at(h, batch, batch_size))

    def shared(self, ours: Any) -> Shared:
        """Every tensor of this network beside those of ours."""
        yield from _same(self.embedding, ours.embedding)
        for layer, conv in zip(self.layers, ours.convs, strict=True):
            yield from layer.shared(conv)
        yield from _same(self.head, ours.head)

    @torch.no_grad()
    def copy_from(self, ours: Any) -> Any:
        """Take the weights of ours."""
        for mine, theirs in self.shared(ours):
            mine.copy_(torch.cat(theirs, dim=1) if len(theirs) > 1 else theirs[0])
        return self


class TextbookLieGNNLayer(nn.Module):
    r"""One layer: :math:`m_{ij} = \phi_e(h_i, h_j, \psi(\|x_i - x_j\|^2), \psi(\langle x_i, x_j \rangle))`."""

    def __init__(self, hidden: int, move: bool) -> None:
        super().__init__()
        self.phi_e = nn.Sequential(nn.Linear(2 * hidden + 2, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.phi_m = nn.Sequential(nn.Linear(hidden, 1), nn.Sigmoid())
        self.phi_h = nn.Sequential(nn.Linear(2 * hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.phi_x = None
        if move:
            self.phi_x = nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 1, bias=False))

    def forward(
        self, h: Tensor, pos: Tensor, edge_index: Tensor, metric: Tensor, scalars: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the new node features and vectors."""
        source, target = edge_index
        relative = pos[target] - pos[source]
        distance, inner = product(relative, relative, metric), product(pos[target], pos[source], metric)
        message = self.phi_e(torch.cat([h[target], h[source], psi(distance), psi(inner)], dim=1))
        gathered = sum_at(message * self.phi_m(message), target, h.size(0))
        if self.phi_x is not None:
            pos = pos + mean_at(relative * self.phi_x(message), target, h.size(0))
        return h + self.phi_h(torch.cat([h, gathered], dim=1)), pos

    def shared(self, conv: Any) -> Shared:
        """Every tensor of this layer beside those of ours."""
        yield self.phi_e[0].weight, _first(conv.edge_map)
        yield self.phi_e[0].bias, [conv.edge_map.lin_target.bias]
        yield from _same(self.phi_e[2], conv.edge_map.phi_e[1])
        for name in ("phi_m", "phi_x"):
            yield from _same(getattr(self, name), getattr(conv.edge_map, name))
        yield from _same(self.phi_h, conv.phi_h)


class TextbookLieGNN(_Network):
    """LieGNN (Yang et al., ICML 2023, Section 4.2) of vectors alone, with an answer per graph.

    Args:
        hidden_channels: Width.
        out_channels: Channels of the answer.
        num_layers: Number of layers; the last does not move the vectors, which nobody reads.
        metric: J, ``[n, n]``.
    """

    def __init__(self, hidden_channels: int, out_channels: int, num_layers: int, metric: Tensor) -> None:
        super().__init__()
        self.register_buffer("metric", metric.clone())
        self.embedding = nn.Linear(1, hidden_channels)
        self.layers = nn.ModuleList(
            TextbookLieGNNLayer(hidden_channels, move=layer < num_layers - 1) for layer in range(num_layers)
        )
        self.head = nn.Sequential(
            nn.Linear(hidden_channels, hidden_channels),
            nn.SiLU(),
            nn.Dropout(0.0),
            nn.Linear(hidden_channels, out_channels),
        )


class TextbookLorentzNetLayer(nn.Module):
    """One layer of LorentzNet (Gong et al., JHEP 2022, eqs. 3.1-3.5), with the mean and the clamp of its practice."""

    def __init__(self, hidden: int, num_scalars: int, move: bool, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.phi_e = nn.Sequential(
            nn.Linear(2 * hidden + 2, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
        )
        self.phi_m = nn.Sequential(nn.Linear(hidden, 1), nn.Sigmoid())
        self.phi_h = nn.Sequential(
            nn.Linear(2 * hidden + num_scalars, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.phi_x = None
        if move:
            self.phi_x = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1, bias=False))

    def forward(
        self, h: Tensor, pos: Tensor, edge_index: Tensor, metric: Tensor, scalars: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the new node features and vectors."""
        source, target = edge_index
        relative = pos[target] - pos[source]
        distance, inner = product(relative, relative, metric), product(pos[target], pos[source], metric)
        message = self.phi_e(torch.cat([h[target], h[source], psi(distance), psi(inner)], dim=1))
        message = message * self.phi_m(message)
        gathered = sum_at(message, target, h.size(0))
        if self.phi_x is not None:
            shift = torch.clamp(relative * self.phi_x(message), -100, 100)
            pos = pos + self.weight * mean_at(shift, target, h.size(0))
        return h + self.phi_h(torch.cat([h, gathered, scalars], dim=1)), pos

    def shared(self, conv: Any) -> Shared:
        """Every tensor of this layer beside those of ours."""
        yield self.phi_e[0].weight, _first(conv.edge_map)
        yield from _same(self.phi_e[1], conv.edge_map.norm)
        yield from _same(self.phi_e[3], conv.edge_map.phi_e[1])
        for name in ("phi_m", "phi_x"):
            yield from _same(getattr(self, name), getattr(conv.edge_map, name))
        yield from _same(self.phi_h, conv.phi_h)


class TextbookLorentzNet(_Network):
    """LorentzNet (Gong et al., JHEP 2022) of vectors alone, whose scalars are the nodes' masses.

    Args:
        hidden_channels: Width.
        out_channels: Channels of the answer.
        num_layers: Number of layers; the last does not move the vectors, which nobody reads.
        metric: J, ``[n, n]``.
        weight: The factor c of the moves of the vectors.
    """

    def __init__(
        self, hidden_channels: int, out_channels: int, num_layers: int, metric: Tensor, weight: float = 1e-3
    ) -> None:
        super().__init__()
        self.register_buffer("metric", metric.clone())
        self.embedding = nn.Linear(1, hidden_channels)
        self.layers = nn.ModuleList(
            TextbookLorentzNetLayer(hidden_channels, 1, move=layer < num_layers - 1, weight=weight)
            for layer in range(num_layers)
        )
        self.head = nn.Sequential(
            nn.Linear(hidden_channels, hidden_channels),
            nn.ReLU(),
            nn.Dropout(0.0),
            nn.Linear(hidden_channels, out_channels),
        )


def _first(edge_map: Any) -> list[Tensor]:
    """The parts of the first map of φe: of the target, the source and the scalars of the pair."""
    return [edge_map.lin_target.weight, edge_map.lin_source.weight, edge_map.lin_edge.weight]


def _same(mine: nn.Module | None, theirs: nn.Module | None) -> Shared:
    """Parameters and floating-point buffers of two modules that are built alike."""
    if (mine is None) != (theirs is None):
        raise ValueError(f"the networks are not built alike: {mine} and {theirs}")
    if mine is None or theirs is None:
        return
    ours = theirs.state_dict(keep_vars=True)
    for name, tensor in mine.state_dict(keep_vars=True).items():
        if tensor.is_floating_point():
            yield tensor, [ours.pop(name)]
    if left := [name for name, tensor in ours.items() if tensor.is_floating_point()]:
        raise ValueError(f"the networks are not built alike: nothing corresponds to {left}")
