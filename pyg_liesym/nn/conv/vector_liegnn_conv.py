"""LieGNN message passing with several vectors a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch_geometric.nn.resolver import activation_resolver

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.nn.conv.pair_conv import PairConv
from pyg_liesym.nn.message.channel_sums import channel_sums
from pyg_liesym.nn.message.edge_map import EdgeMap, Flow, structure
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges, count_neighbours
from pyg_liesym.nn.message.invariants import ChannelLayout, channel_invariants, gram_matrix, lower
from pyg_liesym.nn.message.metric import Metric, MetricShape
from pyg_liesym.nn.message.operands import Activation, ChannelNodes, Choices, Graph
from pyg_liesym.nn.message.watched import has_hooks
from pyg_liesym.typing import OptTensor


class VectorLieGNNConv(PairConv):
    r"""Message passing with C vectors a node, which are mixed, and measured with a metric J of one's choice.

    Several vectors a node are those of multi-channel EGNN (`Levy et al. 2023 <https://arxiv.org/abs/2309.03139>`_);
    their linear mixing, gates and inner products those of `GVP <https://arxiv.org/abs/2009.01411>`_ (Jing et al., ICLR
    2021, Algorithm 1) and `PaiNN <https://arxiv.org/abs/2102.03150>`_ (Schütt et al., ICML 2021, eqs. 7-10), which have
    J = I, as `L-GATr <https://arxiv.org/abs/2411.00446>`_ has Minkowski's. Here J is any form, such as a discovered
    one. With :math:`r_{ij} = x_i - x_j`, channels :math:`v^c` and :math:`\psi(s) = \mathrm{sign}(s) \log(1 + |s|)`:

    .. math::
        m_{ij} &= \phi_m \cdot \phi_e\bigl(h_i, h_j, \psi_k \langle r_{ij}, r_{ij}\rangle_J,
        \psi\langle r_{ij}, v_i^c\rangle_J, \psi\langle r_{ij}, v_j^c\rangle_J, \psi\langle v_j^c, v_i^c\rangle_J,
        a_{ij}\bigr), \quad \psi_k(s) = \psi(\lambda_k s) / \min(1, \lambda_k)

        u_i^c &= v_i^c + C_i \sum_j \bigl(\alpha_{ij}^c\, r_{ij} + \beta_{ij}^c\, v_j^c\bigr), \qquad
        (\alpha_{ij}, \beta_{ij}) = \phi_x(m_{ij})

        (\delta_i, s_i) &= \phi_h\Bigl(h_i, \sum_j m_{ij}, \psi\langle u_i^c, u_i^d \rangle_J\Bigr)

        h_i' &= h_i + \delta_i, \qquad v_i'^c = u_i^c + \sigma(s_i^c) \sum_d M^{cd} u_i^d

    ``pos`` stays as it is: where a node has moved to is one of its vectors, and the invariants of :math:`r_{ij}` and
    the vectors hold the distance between moved nodes (:doc:`/theory/vector_channels`).

    **Law**: equivariant to every :math:`g` with :math:`g^\top J g = J` (of every form, if J is several) acting on
    ``pos`` and ``vectors``, and invariant to translations of ``pos``, because only J-invariants enter the maps, and
    vectors are summed and mixed with invariant coefficients; exact in exact arithmetic. Directions that no form sees
    (a degenerate J) are carried along, and nothing depends on them.

    Args:
        in_channels: Channels of ``x``.
        out_channels: Channels of the new ``x``. The residual :math:`h_i + \ldots` is taken where both agree.
        vector_channels: Vectors C of each node.
        metric: J, as for :class:`~pyg_liesym.nn.LieGNNConv`: a tensor ``[n, n]``, several forms ``[F, n, n]``, an
            :class:`~pyg_liesym.lie.invariant.InvariantMetric` (all of its forms), ``"learned"``, or a
            :class:`~pyg_liesym.nn.MetricShape`.
        dim: Number of components :math:`n`; needed for ``metric="learned"`` alone.
        hidden_channels: Width of :math:`\phi_h` (default: ``out_channels``).
        edge_channels: Width of the maps of edges (default: ``hidden_channels``).
        edge_dim: Channels of ``edge_attr``.
        vector_aggr: :math:`C_i`: ``"mean"`` (one over the edges that arrive at i) or ``"sum"`` (1); ``None`` leaves the
            vectors as they are.
        scales: :math:`\lambda_k`, by which the distance is multiplied before :math:`\psi`. One is enough where
            distances are of order one; where near and far matter, several resolve what one logarithm squeezes. A small
            one gives the distance as it is.
        gate: Whether messages pass :math:`\phi_m`, a sigmoid gate.
        act: Activation, by name.
        flow: Which row of ``edge_index`` holds the targets, as in PyG.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**: :math:`(N, n)`; **vectors**: :math:`(N, C, n)`; **edge_index**:
          :math:`(2, |E|)`; **edge_attr**: :math:`(|E|, D)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, F_{out})` and :math:`(N, C, n)`

    Raises:
        ValueError: On a form that is not square or not of the size of ``pos``, and on arguments that do not fit.
        TypeError: On bipartite input.

    Example:
        >>> conv = VectorLieGNNConv(8, 8, 4, metric=torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0])))
        >>> x, vectors = conv(torch.ones(5, 8), torch.randn(5, 4), vectors=torch.randn(5, 4, 4))
        >>> x.shape, vectors.shape
        (torch.Size([5, 8]), torch.Size([5, 4, 4]))
    """

    layout_spread: Tensor
    layout_total: Tensor
    layout_scales: Tensor
    gain: OptTensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        vector_channels: int,
        *,
        metric: Metric | MetricShape,
        dim: int | None = None,
        hidden_channels: int | None = None,
        edge_channels: int | None = None,
        edge_dim: int = 0,
        vector_aggr: Literal["mean", "sum"] | None = "mean",
        scales: Sequence[float] = (1.0,),
        gate: bool = True,
        act: str = "silu",
        flow: Flow = "source_to_target",
    ) -> None:
        super().__init__(metric, dim, flow)
        if vector_channels < 1:
            raise ValueError(f"expected at least one vector channel, got vector_channels={vector_channels}")
        if vector_aggr not in ("mean", "sum", None):
            raise ValueError(f"expected `vector_aggr` to be 'mean', 'sum' or None, got {vector_aggr!r}")
        if not scales or min(scales) <= 0:
            raise ValueError(f"expected `scales` to be positive, and one at least, got {tuple(scales)}")
        self.in_channels, self.out_channels, self.vector_channels = in_channels, out_channels, vector_channels
        self.edge_dim, self.vector_aggr, self.scales = edge_dim, vector_aggr, tuple(map(float, scales))
        forms, hidden, channels = self.metric_shape.forms, hidden_channels or out_channels, vector_channels
        edge = edge_channels or hidden
        # To the maps of an edge, all invariants are features of the edge.
        self.edge_map = EdgeMap(
            in_channels, edge, forms, edge_dim=forms * (len(self.scales) + 3 * channels) + edge_dim, invariants=(),
            gate=gate, move=None, act=act,
        )  # fmt: skip
        for name, matrix in ChannelLayout.of(self.metric_shape.dim, channels, self.scales)._asdict().items():
            self.register_buffer(f"layout_{name}", matrix, persistent=False)
        gain: OptTensor = None
        if min(self.scales) < 1:
            factors = [max(1.0, 1 / scale) for scale in self.scales]
            gain = torch.tensor([*factors, *[1.0] * 3 * channels]).repeat(forms)
        self.register_buffer("gain", gain, persistent=False)
        self.phi_x = self.mix = None
        if vector_aggr is not None:
            self.phi_x = nn.Sequential(nn.Linear(edge, edge), activation_resolver(act), nn.Linear(edge, 2 * channels))
            self.mix = nn.Linear(channels, channels, bias=False)
        self._built = structure([] if self.phi_x is None else list(self.phi_x.modules()))
        self.phi_h = nn.Sequential(
            nn.Linear(in_channels + edge + forms * channels**2, hidden),
            activation_resolver(act),
            nn.Linear(hidden, out_channels + (0 if vector_aggr is None else channels)),
        )
        self.reset_parameters()

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vectors: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
        metric: OptTensor = None,
    ) -> tuple[Tensor, Tensor]:
        """Update ``x`` and ``vectors``.

        Args:
            x: Invariant features.
            pos: Where the nodes are, of which differences enter.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            edge_attr: Invariant features of the edges.
            vectors: The channels; ``None`` for zeros.
            batch: Item of every node.
            batch_size: Number of items.
            metric: The forms ``[F, n, n]``, for a layer without any of its own.
        """
        self._check(x, pos, self.in_channels)
        self._check_edge_attr(edge_attr, self.edge_dim)
        channels, n = self.vector_channels, self.metric_shape.dim
        if vectors is None:
            vectors = pos.new_zeros(pos.size(0), channels, n)
        if vectors.shape != (pos.size(0), channels, n):
            raise ValueError(f"expected `vectors` of shape {[pos.size(0), channels, n]}, got {list(vectors.shape)}")
        forms = self._forms(metric).to(pos.dtype)
        edges = as_edges(edge_index, pos.size(0), batch, self.flow, pos.device)
        message, shift = self._channel_sums(x, pos, vectors, edges, edge_attr, forms)
        if shift is not None:
            if self.vector_aggr == "mean":
                shift = shift * count_neighbours(edges, pos.size(0), self.flow, pos.dtype).reciprocal()
            vectors = vectors + shift.view(-1, n, channels).mT
        new_x = self.phi_h(torch.cat([x, message, gram_matrix(vectors, forms)], dim=-1))
        if self.mix is not None:
            new_x, gates = new_x.split([self.out_channels, channels], dim=-1)
            vectors = vectors + gates.sigmoid()[:, :, None] * self.mix(vectors.mT).mT
        if self.in_channels == self.out_channels:
            new_x = x + new_x
        return new_x, vectors

    def _channel_sums(
        self, x: Tensor, pos: Tensor, vectors: Tensor, edges: Edges | CompleteGraph, edge_attr: OptTensor, forms: Tensor
    ) -> tuple[Tensor, OptTensor]:
        """At each node the sum of the messages, and of what moves its vectors."""
        target, source = self.edge_map.ends(x)
        if self._takes_tiles(target, edges, VectorLieGNNConv):
            return self._tiled_sums((target, source), pos, vectors, edges, edge_attr, forms)
        if isinstance(edges, CompleteGraph):
            edges = edges.listed(self.flow)
        # On a CPU rows are added faster than segments are summed; elsewhere their order must be fixed.
        segments = None if pos.device.type == "cpu" else edges.ptr
        out = self.propagate(
            edges.edge_index,
            target=target,
            source=source,
            pos=pos,
            lowered=lower(vectors, forms).permute(0, 2, 3, 1).flatten(1),
            vectors=vectors.mT.flatten(1),
            edge_attr=edge_attr,
            metric=forms,
            segments=segments,
            size=(pos.size(0), pos.size(0)),
        )
        edge = self.edge_map.channels
        return out[:, :edge], None if self.phi_x is None else out[:, edge:]

    def _tiled_sums(
        self,
        ends: tuple[Tensor, Tensor],
        pos: Tensor,
        vectors: Tensor,
        edges: Edges | CompleteGraph,
        edge_attr: OptTensor,
        forms: Tensor,
    ) -> tuple[Tensor, OptTensor]:
        """The same sums tile by tile, in single precision or better."""
        dtype, edge_map = torch.promote_types(pos.dtype, torch.float32), self.edge_map
        assert edge_map.lin_edge is not None
        act: Activation = "relu" if edge_map.act == "relu" else "silu"
        with without_autocast(pos.device):
            weight = edge_map.lin_edge.weight
            if self.gain is not None:
                own = self.gain.numel()
                weight = torch.cat([weight[:, :own] * self.gain, weight[:, own:]], dim=1)
            nodes = ChannelNodes.of(ends, weight, pos, vectors, forms, edge_attr, dtype)
            choices = Choices(False, False, "log", act, "gated", 0.0)
            maps, graph = edge_map.maps(dtype, self.phi_x), Graph.of(edges, self.flow)
            message, shift = channel_sums(nodes, maps, self._layout().to(dtype), graph, choices)
        return message.to(pos.dtype), None if self.phi_x is None else shift.to(pos.dtype)

    def _fits_tiles(self) -> bool:
        moves = [] if self.phi_x is None else list(self.phi_x.modules())
        return super()._fits_tiles() and structure(moves) == self._built and not has_hooks(moves)

    def _layout(self) -> ChannelLayout:
        return ChannelLayout(self.layout_spread, self.layout_total, self.layout_scales)

    def message(  # type: ignore[override]
        self,
        target_i: Tensor,
        source_j: Tensor,
        pos_i: Tensor,
        pos_j: Tensor,
        lowered_i: Tensor,
        vectors_j: Tensor,
        edge_attr: OptTensor,
        metric: Tensor,
    ) -> Tensor:
        r"""Return the gated message and the shift of every channel side by side, shape :math:`(|E|, H + n C)`."""
        relative, lowered = pos_i - pos_j, lowered_i.unflatten(-1, (self.metric_shape.forms, -1))
        features, flat = channel_invariants(relative, lowered, vectors_j, metric, self._layout())
        if self.gain is not None:
            features = features * self.gain.to(features.dtype)
        if edge_attr is not None:
            features = torch.cat([features, edge_attr], dim=-1)
        message: Tensor = self.edge_map(target_i, source_j, pos_i, pos_j, features, metric)[0]
        if self.phi_x is None:
            return message
        # Under autocast too this only repeats numbers.
        along, carried = (linear(each, self.layout_total) for each in self.phi_x(message).chunk(2, dim=-1))
        return torch.cat([message, along * flat + carried * vectors_j], dim=-1)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}, {self.vector_channels}, "
            f"dim={self.metric_shape.dim})"
        )
