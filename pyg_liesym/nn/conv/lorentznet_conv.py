"""LorentzNet message passing: the Lorentz group equivariant block of the published jet tagger."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges, count_neighbours
from pyg_liesym.nn.message.invariants import pair_invariants
from pyg_liesym.nn.message.layers import can_tile, tiled_messages
from pyg_liesym.nn.message.metric import Metric, as_metric
from pyg_liesym.nn.message.reduce import sum_edges
from pyg_liesym.typing import OptTensor

# Published as a guard against diverging training; a part of the published function all the same.
_LARGEST_SHIFT = 100.0


class LorentzNetConv(MessagePassing):
    r"""LorentzNet's block (LGEB), as its released code computes it.

    The layer of `"An Efficient Lorentz Equivariant Graph Neural Network for Jet Tagging"
    <https://arxiv.org/abs/2201.08187>`_ (Gong et al., JHEP 2022, eqs. 3.1-3.5):

    .. math::
        m_{ij} &= \phi_e\bigl(h_i, h_j, \psi(\|x_i - x_j\|_J^2), \psi(\langle x_i, x_j\rangle_J)\bigr), \qquad
        \tilde m_{ij} = \phi_m(m_{ij})\, m_{ij}

        x_i' &= x_i + c\, \frac{1}{|N_i|} \sum_j
            \mathrm{clamp}_{\pm 100}\bigl((x_i - x_j)\, \phi_x(\tilde m_{ij})\bigr)

        h_i' &= h_i + \phi_h\Bigl(h_i, \sum_j \tilde m_{ij}, s_i\Bigr)

    with :math:`\psi(s) = \mathrm{sign}(s) \log(1 + |s|)`, the scalars :math:`s_i` that the network was given, and the
    sums over the edges that arrive at :math:`i`. Where paper and released code differ (differences in place of
    :math:`x_j`, the mean, the clamp, the gate before :math:`\phi_x`), this is the code, so that published weights
    give published answers.

    What differs from :class:`~pyg_liesym.nn.LieGNNConv`: batch normalisation in :math:`\phi_e` (over all edges) and
    in :math:`\phi_h` (over all nodes), ReLU, the clamp and the small :math:`c`, :math:`\phi_x` behind the gate,
    :math:`\phi_h` with the scalars :math:`s_i`, one width throughout, and neither edge features nor velocities.

    **Law**: equivariant to every :math:`g` with :math:`g^\top J g = J` acting on ``pos`` (``x`` and ``scalars`` do
    not change), in evaluation and in training, because the batch statistics are those of invariants. Exact until a
    component of a shift reaches the clamp at ±100, which breaks it there. With ``symmetric=False`` the components of
    ``pos`` enter :math:`\phi_e` and there is no symmetry but the numbering of the nodes.

    Args:
        hidden_channels: Channels H of ``x`` and width of all maps.
        num_scalars: Channels of ``scalars``.
        metric: J, as in :class:`~pyg_liesym.nn.LieGNNConv` (default: Minkowski). Of several forms each gives two
            scalars a pair. With ``symmetric=False`` only its size is used.
        move: Whether the layer has :math:`\phi_x` and moves ``pos``; the last layer of the network does not.
        c: The coefficient :math:`c`.
        symmetric: Whether :math:`\phi_e` sees the J-products of a pair; with ``False`` it sees
            :math:`x_i` and :math:`x_j` in their place, as a control without symmetry.
        **kwargs: Of :class:`torch_geometric.nn.conv.MessagePassing`, such as ``flow``.

    Shapes:
        - **x**: :math:`(N, H)`; **pos**: :math:`(N, n)`; **scalars**: :math:`(N, S)`; **edge_index**:
          :math:`(2, |E|)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, H)` and :math:`(N, n)`

    Raises:
        ValueError: On sizes that do not go together, and in training on a single node or edge, of which batch
            normalisation knows no variance.
        TypeError: On bipartite input.

    Example:
        >>> conv = LorentzNetConv(8, 2)
        >>> x, p4 = conv(torch.ones(5, 8), torch.randn(5, 4), torch.ones(5, 2))
        >>> x.shape, p4.shape
        (torch.Size([5, 8]), torch.Size([5, 4]))
    """

    def __init__(
        self,
        hidden_channels: int,
        num_scalars: int,
        *,
        metric: Metric | None = None,
        move: bool = True,
        c: float = 1e-3,
        symmetric: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(aggr="sum", **kwargs)
        self.hidden_channels, self.num_scalars, self.c = hidden_channels, num_scalars, c
        self.metric = as_metric(minkowski() if metric is None else metric)
        forms, n, _ = self.metric().shape

        hidden = hidden_channels
        ends = hidden if symmetric else hidden + n
        self.lin_target = nn.Linear(ends, hidden, bias=False)
        self.lin_source = nn.Linear(ends, hidden, bias=False)
        self.lin_edge = nn.Linear(2 * forms, hidden, bias=False) if symmetric else None
        self.norm = nn.BatchNorm1d(hidden)
        self.phi_e = nn.Sequential(nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.phi_m = nn.Sequential(nn.Linear(hidden, 1), nn.Sigmoid())
        self.phi_x = None
        if move:
            last = nn.Linear(hidden, 1, bias=False)
            self.phi_x = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), last)
        self.phi_h = nn.Sequential(
            nn.Linear(2 * hidden + num_scalars, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new parameters; the first map of φe as if it were one, the last of φx small."""
        super().reset_parameters()
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.BatchNorm1d):
                module.reset_parameters()
        first = [linear for linear in (self.lin_target, self.lin_source, self.lin_edge) if linear is not None]
        bound = sum(linear.in_features for linear in first) ** -0.5
        for linear in first:
            nn.init.uniform_(linear.weight, -bound, bound)
        if self.phi_x is not None:
            move = self.phi_x[-1]
            assert isinstance(move, nn.Linear)
            nn.init.xavier_uniform_(move.weight, gain=1e-3)

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        scalars: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        batch: OptTensor = None,
    ) -> tuple[Tensor, Tensor]:
        """Update ``x`` and ``pos``.

        Args:
            x: Invariant features.
            pos: Vectors of the represented space: four-momenta.
            scalars: The invariant scalars that the network was given, the same for every layer.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            batch: Item of every node.
        """
        self._check(x, pos, scalars)
        edges = as_edges(edge_index, pos.size(0), batch, self.flow, pos.device)
        message, shift = self._edges(x, pos, edges)
        new_x = x + self.phi_h(torch.cat([x, message, scalars], dim=-1))
        if shift is not None:
            pos = pos + shift * (self.c / count_neighbours(edges, pos.size(0), self.flow, pos.dtype))
        return new_x, pos

    def message(self, target_i: Tensor, source_j: Tensor, pos_i: Tensor, pos_j: Tensor, metric: Tensor) -> Tensor:
        r"""Return :math:`\tilde m_{ij}` and the clamped shift side by side, shape :math:`(|E|, H + n)`."""
        relative, first = pos_i - pos_j, target_i + source_j
        if self.lin_edge is not None:
            pair = pair_invariants(relative, pos_i, pos_j, metric, ("distance", "inner"), "log")
            first = first + self.lin_edge(pair)
        message = self.phi_e(self.norm(first))
        gated: Tensor = message * self.phi_m(message)
        if self.phi_x is None:
            return gated
        shift = (relative * self.phi_x(gated)).clamp(-_LARGEST_SHIFT, _LARGEST_SHIFT)
        return torch.cat([gated, shift], dim=-1)

    def aggregate(
        self,
        inputs: Tensor,
        index: Tensor,
        segments: OptTensor = None,
        dim_size: int | None = None,
    ) -> Tensor:
        """Sum the messages at their targets."""
        assert dim_size is not None
        return sum_edges(inputs, index, segments, dim_size)

    _tiled_message, _tiled_aggregate = message, aggregate

    def _edges(self, x: Tensor, pos: Tensor, edges: Edges | CompleteGraph) -> tuple[Tensor, OptTensor]:
        """Everything that happens on the edges: at each node the sum of the gated messages, and of the shifts."""
        ends = x if self.lin_edge is not None else torch.cat([x, pos], dim=-1)
        target, source, metric = self.lin_target(ends), self.lin_source(ends), self.metric().to(pos.dtype)
        maps = (self.phi_e, self.phi_m, self.phi_x)
        if can_tile(self, target, edges, maps, self.lin_edge, self.norm):
            return tiled_messages(
                target, source, pos, metric, None if self.lin_edge is None else self.lin_edge.weight, edges, maps,
                flow=self.flow, invariants=("distance", "inner") if self.lin_edge is not None else (),
                gated_move=True, clamp=_LARGEST_SHIFT, norm=self.norm,
            )  # fmt: skip
        if isinstance(edges, CompleteGraph):
            edges = edges.listed(self.flow)
        out = self.propagate(
            edges.edge_index,
            target=target,
            source=source,
            pos=pos,
            metric=metric,
            segments=edges.ptr,
            size=(pos.size(0), pos.size(0)),
        )
        message, shift = out[:, : self.hidden_channels], out[:, self.hidden_channels :]
        return message, None if self.phi_x is None else shift

    def _check(self, x: Tensor, pos: Tensor, scalars: Tensor) -> None:
        if not isinstance(x, Tensor) or not isinstance(pos, Tensor):
            raise TypeError(
                "LorentzNetConv does not take bipartite input: `x` and `pos` must be tensors, since x_i and x_j are "
                f"vectors of one space; got {type(x).__name__} and {type(pos).__name__}"
            )
        n = self.metric().size(-1)
        if pos.dim() != 2 or pos.size(1) != n:
            raise ValueError(f"`metric` is [{n}, {n}], so `pos` must be [num_nodes, {n}]; got {list(pos.shape)}")
        for name, value, channels in (("x", x, self.hidden_channels), ("scalars", scalars, self.num_scalars)):
            if value.shape != (pos.size(0), channels):
                raise ValueError(f"expected `{name}` of shape {[pos.size(0), channels]}, got {list(value.shape)}")

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.hidden_channels}, {self.num_scalars}, dim={self.metric().size(-1)}, "
            f"move={self.phi_x is not None}, symmetric={self.lin_edge is not None})"
        )
