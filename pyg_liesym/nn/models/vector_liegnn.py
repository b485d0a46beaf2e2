"""A network equivariant to the group that a metric describes, with several vectors a node."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from pyg_liesym.nn.conv.vector_liegnn_conv import VectorLieGNNConv
from pyg_liesym.nn.conv.virtual_nodes import VirtualState, virtual_layers
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges
from pyg_liesym.nn.message.invariants import gram_matrix
from pyg_liesym.nn.message.metric import LearnedMetric, Metric, MetricShape, as_metric, check_vectors
from pyg_liesym.nn.message.reduce import mean_at_nodes, pool_nodes
from pyg_liesym.nn.models.head import readout_head
from pyg_liesym.typing import OptTensor

Origin = Literal["zero", "mean"]
"""What positions are vectors from: the origin of the space, or the mean of the graph."""


class VectorLieGNN(nn.Module):
    r"""LieGNN with C vectors a node: layers that mix them between an embedding and a readout.

    Made of :class:`~pyg_liesym.nn.VectorLieGNNConv`, whose docstring has the equations and the relatives. What a node
    brings, :math:`u_i^m` (velocity, momentum, force, and where it is, if ``origin`` says from where), gives the first
    channels :math:`v_i^c = \sum_m A^{cm} u_i^m` and scalars :math:`h_i = W(x_i, \psi\langle u_i^m, u_i^k \rangle_J)`.
    The answers are vectors

    .. math:: y_i^k = \sum_c w^{kc} v_i^c + \sum_m t^{km}(h_i)\, u_i^m,

    of which the first is where the node moves to, :math:`x_i + y_i^1`, unless ``out_vectors`` asks for others. They
    start without the first sum.

    **Law**: with :math:`g^\top J g = J` for every form, ``model(x, g pos, vectors=g vectors)`` has the same scalars as
    ``model(x, pos, vectors=vectors)`` and g times its vectors, because every layer is equivariant and all else is a
    linear combination of vectors with invariant coefficients. Translations of ``pos`` move the new ``pos`` along, and
    nothing else, unless ``origin="zero"``.

    Args:
        in_channels: Channels of ``x`` (0 if there are none).
        hidden_channels: Width of the nodes' features and maps.
        out_channels: Channels of the answer.
        num_layers: Number of layers.
        metric: J, see :class:`~pyg_liesym.nn.VectorLieGNNConv`; ``"learned"`` is one J shared by all layers.
        dim: Number of components :math:`n`; needed for ``metric="learned"`` alone.
        vector_channels: Vectors C of each node within the network.
        in_vectors: Vectors M that each node brings besides ``pos``.
        out_vectors: Vectors K to answer with; ``None`` for the new ``pos``, or for none with a readout.
        origin: ``"zero"`` where ``pos`` is a vector by itself, as momenta are; ``"mean"`` for the vector from the mean
            of the graph, as a state of bodies has; ``None`` for differences alone.
        edge_channels: Width of the maps of edges (default: ``hidden_channels``).
        edge_dim: Channels of ``edge_attr``.
        vector_aggr: How vectors are gathered, ``"mean"`` or ``"sum"``.
        scales: Factors of the distance, see :class:`~pyg_liesym.nn.VectorLieGNNConv`.
        virtual_nodes: Virtual nodes of a graph, which exchange messages with all its nodes before every layer: what
            lies beyond the edges is heard of at a cost linear in the nodes (:doc:`/theory/vector_channels`).
        gate: Whether messages pass a sigmoid gate.
        readout: ``None`` for an answer per node, ``"mean"`` or ``"sum"`` over the nodes for one per graph.
        dropout: Share of hidden readout channels dropped in training.
        act: Activation, by name.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**: :math:`(N, n)`; **vectors**: :math:`(N, M, n)`, or :math:`(N, n)` for
          one; **batch**: :math:`(N)`
        - **output**: :math:`(N, F_{out})` and the new **pos** :math:`(N, n)`, or :math:`(N, K, n)` with
          ``out_vectors=K``; with a readout :math:`(B, F_{out})`, and :math:`(B, K, n)` with ``out_vectors=K``

    Raises:
        ValueError: On sizes that do not go together, named in the message, and on a metric that keeps no form.

    Example:
        >>> model = VectorLieGNN(1, 16, 1, num_layers=2, metric=torch.eye(3), in_vectors=1, origin="mean")
        >>> answer, pos = model(torch.ones(5, 1), torch.randn(5, 3), vectors=torch.randn(5, 3))
        >>> answer.shape, pos.shape
        (torch.Size([5, 1]), torch.Size([5, 3]))
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        num_layers: int,
        *,
        metric: Metric,
        dim: int | None = None,
        vector_channels: int = 8,
        in_vectors: int = 0,
        out_vectors: int | None = None,
        origin: Origin | None = None,
        edge_channels: int | None = None,
        edge_dim: int = 0,
        vector_aggr: Literal["mean", "sum"] = "mean",
        scales: Sequence[float] = (1.0,),
        virtual_nodes: int = 0,
        gate: bool = True,
        readout: Literal["mean", "sum"] | None = None,
        dropout: float = 0.0,
        act: str = "silu",
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"expected at least one layer, got num_layers={num_layers}")
        if readout not in ("mean", "sum", None):
            raise ValueError(f"expected `readout` to be 'mean', 'sum' or None, got {readout!r}")
        if origin not in ("zero", "mean", None):
            raise ValueError(f"expected `origin` to be 'zero', 'mean' or None, got {origin!r}")
        self.in_channels, self.out_channels, self.readout = in_channels, out_channels, readout
        self.in_vectors, self.out_vectors, self.origin = in_vectors, out_vectors, origin
        self.vector_channels = vector_channels
        self.metric = as_metric(metric, dim)
        shape = MetricShape.of(self.metric)
        brought = in_vectors + (origin is not None)
        num_scalars = in_channels + shape.forms * brought**2
        if num_scalars == 0:
            raise ValueError("with in_channels=0 there must be vectors or an `origin`, or the nodes have no scalars")
        answers = (1 if readout is None else 0) if out_vectors is None else out_vectors
        self.embedding = nn.Linear(num_scalars, hidden_channels)
        self.lift = nn.Linear(brought, vector_channels, bias=False) if brought else None
        self.virtual_nodes = virtual_layers(
            num_layers, hidden_channels, vector_channels, virtual_nodes, metric=shape,
            hidden_channels=edge_channels or hidden_channels, act=act,
        )  # fmt: skip
        conv = partial(
            VectorLieGNNConv, hidden_channels, hidden_channels, vector_channels, metric=shape,
            edge_channels=edge_channels, edge_dim=edge_dim, scales=scales, gate=gate, act=act,
        )  # fmt: skip
        # Vectors of the last layer that nobody reads are not made.
        last = vector_aggr if answers else None
        self.convs = nn.ModuleList(
            [*(conv(vector_aggr=vector_aggr) for _ in range(num_layers - 1)), conv(vector_aggr=last)]
        )
        self.head = readout_head(hidden_channels, hidden_channels, out_channels, dropout, act)
        self.out = nn.Linear(vector_channels, answers, bias=False) if answers else None
        self.factors = nn.Linear(hidden_channels, answers * brought) if answers and brought else None
        self._draw_out()

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        if isinstance(self.metric, LearnedMetric):
            self.metric.reset_parameters()
        linears = [layer for layer in (self.embedding, self.lift, self.out, self.factors) if layer is not None]
        for module in (*linears, *self.virtual_nodes, *self.convs, self.head[0], self.head[3]):
            module.reset_parameters()
        self._draw_out()

    def _draw_out(self) -> None:
        if self.out is not None:
            nn.init.zeros_(self.out.weight)

    def forward(
        self,
        x: OptTensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vectors: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Run the network.

        Whether it answers for graphs or for nodes, and with which vectors, was settled when it was built.

        Args:
            x: Invariant features.
            pos: Vectors of the represented space: positions or four-momenta.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            edge_attr: Invariant features of the edges.
            vectors: What each node brings besides.
            batch: Item of every node.
            batch_size: Number of items.
        """
        metric = self.metric().to(pos.dtype)
        brought = self._brought(pos, vectors, batch, batch_size)
        edges = as_edges(edge_index, pos.size(0), batch, "source_to_target", pos.device)
        h = self.embedding(self._scalars(x, brought, metric))
        if self.lift is None:
            channels = pos.new_zeros(pos.size(0), self.vector_channels, pos.size(1))
        else:
            channels = self.lift(brought.mT).mT
        state: VirtualState | None = None
        for layer, conv in enumerate(self.convs):
            if self.virtual_nodes:
                h, channels, state = self.virtual_nodes[layer](h, pos, channels, metric, state, batch, batch_size)
            h, channels = conv(h, pos, edges, edge_attr, channels, batch, batch_size, metric)
        answer: Tensor = self.head(h if self.readout is None else pool_nodes(h, batch, batch_size, self.readout))
        if self.out is None:
            return answer
        turned = self._turned(h, channels, brought)
        if self.readout is not None:
            pooled = pool_nodes(turned.flatten(1), batch, batch_size, self.readout)
            return answer, pooled.view(-1, *turned.shape[1:])
        return answer, pos + turned[:, 0] if self.out_vectors is None else turned

    def _turned(self, h: Tensor, channels: Tensor, brought: Tensor) -> Tensor:
        """Vectors of the nodes that the answer is made of, ``[N, K, n]``."""
        assert self.out is not None
        turned: Tensor = self.out(channels.mT).mT
        if self.factors is not None:
            turned = turned + self.factors(h).view(-1, turned.size(1), brought.size(1)) @ brought
        return turned

    def _brought(self, pos: Tensor, vectors: OptTensor, batch: OptTensor, batch_size: int | None) -> Tensor:
        check_vectors(pos, self.metric().size(-1))
        vectors = stacked(vectors, pos, self.in_vectors)
        if self.origin is None:
            return vectors
        if self.origin == "mean":
            pos = pos - mean_at_nodes(pos, batch, batch_size)
        return torch.cat([pos[:, None], vectors], dim=1)

    def _scalars(self, x: OptTensor, brought: Tensor, metric: Tensor) -> Tensor:
        channels = 0 if x is None else x.size(-1)
        if channels != self.in_channels:
            raise ValueError(f"expected `x` with in_channels={self.in_channels} channels, got {channels}")
        products = gram_matrix(brought, metric)
        return products if x is None else torch.cat([x, products], dim=-1)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}, num_layers={len(self.convs)}, "
            f"vector_channels={self.vector_channels})"
        )


def stacked(vectors: OptTensor, pos: Tensor, count: int) -> Tensor:
    """What each node brings besides ``pos`` as one tensor ``[N, M, n]``: several vectors, one, or none.

    Raises:
        ValueError: If there are not so many of them, or they do not fit ``pos``.
    """
    expected = (pos.size(0), count, pos.size(-1))
    if vectors is None:
        vectors = pos.new_zeros(pos.size(0), 0, pos.size(-1))
    if vectors.dim() == 2:
        vectors = vectors[:, None]
    if vectors.shape != expected:
        raise ValueError(f"expected `vectors` of shape {list(expected)}, got {list(vectors.shape)}")
    return vectors
