"""LieGNN: a network equivariant to the group that a metric describes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges
from pyg_liesym.nn.message.invariants import Psi, bilinear, signed_log
from pyg_liesym.nn.message.metric import LearnedMetric, Metric, MetricShape, as_metric, check_vectors
from pyg_liesym.nn.message.reduce import pool_nodes
from pyg_liesym.nn.models.head import readout_head
from pyg_liesym.typing import Invariant, OptTensor


class LieGNN(nn.Module):
    r"""LieGNN: message passing layers with one metric J between an embedding and a readout.

    The network of Section 4.2 of `"Generative Adversarial Symmetry Discovery" <https://arxiv.org/abs/2302.00236>`_
    (Yang et al., ICML 2023), made of :class:`~pyg_liesym.nn.LieGNNConv`.

    Where inner products are among the invariants, :math:`\psi(\langle x_i, x_i \rangle_J)` (the mass, for
    Minkowski) joins the scalars of each node, so that ``in_channels=0`` with ``x=None`` is a network of vectors alone.

    **Law**: with :math:`g^\top J g = J`, ``model(x, g pos)`` has the same node or graph scalars as ``model(x, pos)``
    and g times its vectors, because every layer is equivariant and embedding and readout see scalars alone.

    Args:
        in_channels: Channels of ``x`` (0 if there are none).
        hidden_channels: Width of the nodes' features and maps.
        out_channels: Channels of the answer.
        num_layers: Number of layers.
        metric: J, see :class:`~pyg_liesym.nn.LieGNNConv`; ``"learned"`` is one J shared by all layers.
        dim: Number of components of ``pos``; needed for ``metric="learned"`` alone.
        edge_channels: Width of the maps of edges (default: ``hidden_channels``).
        edge_dim: Channels of ``edge_attr``.
        invariants: Which scalars of a pair enter the messages.
        psi: ``"log"``, or ``"identity"`` to use them as they are.
        pos_aggr: How the moves of ``pos`` are summed (a last layer whose ``pos`` nobody reads has none); ``None`` for
            layers that leave ``pos`` as it is.
        gate: Whether messages pass a sigmoid gate.
        linear_move: Whether :math:`\phi_x` is one linear map, in place of a perceptron.
        velocity: Whether the layers take ``vel``.
        readout: ``None`` for an answer per node, ``"mean"`` or ``"sum"`` over the nodes for one per graph.
        dropout: Share of hidden readout channels dropped in training.
        act: Activation, by name.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**, **vel**: :math:`(N, n)`; **batch**: :math:`(N)`
        - **output**: :math:`(B, F_{out})` with a readout; without one :math:`(N, F_{out})` and :math:`(N, n)`

    Raises:
        ValueError: On sizes that do not go together, named in the message.

    Example:
        >>> model = LieGNN(0, 16, 2, num_layers=2, metric=torch.diag(torch.tensor([1.0, -1, -1, -1])), readout="mean")
        >>> batch = torch.tensor([0, 0, 0, 1, 1])
        >>> model(None, torch.randn(5, 4), batch=batch).shape
        torch.Size([2, 2])
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
        edge_channels: int | None = None,
        edge_dim: int = 0,
        invariants: Sequence[Invariant] = ("distance", "inner"),
        psi: Psi = "log",
        pos_aggr: Literal["sum", "mean", "graph"] | None = "mean",
        gate: bool = True,
        linear_move: bool = False,
        velocity: bool = False,
        readout: Literal["mean", "sum"] | None = None,
        dropout: float = 0.0,
        act: str = "silu",
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"expected at least one layer, got num_layers={num_layers}")
        if readout not in ("mean", "sum", None):
            raise ValueError(f"expected `readout` to be 'mean', 'sum' or None, got {readout!r}")
        self.in_channels, self.out_channels, self.readout = in_channels, out_channels, readout
        self.metric = as_metric(metric, dim)
        self.has_norm = "inner" in invariants
        num_scalars = in_channels + (self.metric().size(0) if self.has_norm else 0)
        if num_scalars == 0:
            raise ValueError("with in_channels=0 the invariants must hold 'inner', or the nodes have no scalars at all")
        self.embedding = nn.Linear(num_scalars, hidden_channels)
        self.convs = nn.ModuleList()
        for layer in range(num_layers):
            unread = readout is not None and layer == num_layers - 1 and not velocity
            conv = LieGNNConv(
                hidden_channels,
                hidden_channels,
                metric=MetricShape.of(self.metric),
                edge_channels=edge_channels,
                edge_dim=edge_dim,
                invariants=invariants,
                psi=psi,
                pos_aggr=None if unread else pos_aggr,
                gate=gate,
                linear_move=linear_move,
                velocity=velocity,
                act=act,
            )
            self.convs.append(conv)
        self.head = readout_head(hidden_channels, hidden_channels, out_channels, dropout, act)

    @classmethod
    def fast(
        cls,
        in_channels: int,
        out_channels: int,
        *,
        metric: Metric,
        hidden_channels: int = 64,
        num_layers: int = 4,
        dim: int | None = None,
        edge_channels: int | None = 32,
        edge_dim: int = 0,
        invariants: Sequence[Invariant] = ("distance", "inner"),
        psi: Psi = "log",
        pos_aggr: Literal["sum", "mean", "graph"] | None = "mean",
        gate: bool = True,
        linear_move: bool = True,
        velocity: bool = False,
        readout: Literal["mean", "sum"] | None = "mean",
        dropout: float = 0.0,
        act: str = "silu",
    ) -> LieGNN:
        r"""Build the cheap configuration for graphs: nodes of 64 channels, edges of 32, a linear φx, four layers.

        There are some fifty edges a node in a jet, so the time goes with the maps of edges; those of nodes stay wide.
        Of the widths and depths that were tried, it is the knee of AUC against training speed: :doc:`/results`.
        The arguments are those of the constructor, with other defaults.

        Example:
            >>> model = LieGNN.fast(0, 2, metric=torch.diag(torch.tensor([1.0, -1, -1, -1])))
            >>> sum(parameter.numel() for parameter in model.parameters())
            67110
        """
        return cls(
            in_channels, hidden_channels, out_channels, num_layers, metric=metric, dim=dim, edge_channels=edge_channels,
            edge_dim=edge_dim, invariants=invariants, psi=psi, pos_aggr=pos_aggr, gate=gate, linear_move=linear_move,
            velocity=velocity, readout=readout, dropout=dropout, act=act,
        )  # fmt: skip

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        if isinstance(self.metric, LearnedMetric):
            self.metric.reset_parameters()
        for module in (self.embedding, *self.convs, self.head[0], self.head[3]):
            module.reset_parameters()

    def forward(
        self,
        x: OptTensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vel: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Run the network; the arguments are those of :meth:`pyg_liesym.nn.LieGNNConv.forward`.

        Whether it answers for graphs or for nodes was settled when it was built.
        """
        edges = as_edges(edge_index, pos.size(0), batch, "source_to_target", pos.device)
        h = self.embedding(self._scalars(x, pos))
        for conv in self.convs:
            h, pos = conv(h, pos, edges, edge_attr, vel, batch, batch_size, self.metric())
        if self.readout is None:
            return self.head(h), pos
        logits: Tensor = self.head(pool_nodes(h, batch, batch_size, self.readout))
        return logits

    def _scalars(self, x: OptTensor, pos: Tensor) -> Tensor:
        channels = 0 if x is None else x.size(-1)
        if channels != self.in_channels:
            raise ValueError(f"expected `x` with in_channels={self.in_channels} channels, got {channels}")
        if not self.has_norm:
            assert x is not None
            return x
        metric = self.metric().to(pos.dtype)
        check_vectors(pos, metric.size(-1))
        norm = signed_log(bilinear(pos, pos, metric)).to(pos.dtype)
        return norm if x is None else torch.cat([x, norm], dim=-1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels}, num_layers={len(self.convs)})"
