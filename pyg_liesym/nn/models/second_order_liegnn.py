"""Bodies under learned accelerations: the same layers at every step of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from pyg_liesym.nn.conv.vector_liegnn_conv import VectorLieGNNConv
from pyg_liesym.nn.conv.virtual_nodes import VirtualState, virtual_layers
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges
from pyg_liesym.nn.message.metric import LearnedMetric, Metric, MetricShape, as_metric, check_vectors
from pyg_liesym.nn.message.reduce import mean_at_nodes
from pyg_liesym.typing import OptTensor


class SecondOrderLieGNN(nn.Module):
    r"""Moves bodies by learned accelerations, with the same layers at each of K steps of time.

    After `SEGNO <https://arxiv.org/abs/2308.13212>`_ (Liu et al., ICLR 2024), whose acceleration is that of a layer of
    EGNN. Here layers of :class:`~pyg_liesym.nn.VectorLieGNNConv` make it, whose scalars :math:`h_i` and vectors
    :math:`v_i^c` go on from step to step. K times, from a position and velocity to those
    :math:`\delta = \tau / K` later:

    .. math::
        (h_i, v_i^c) &\leftarrow \mathrm{layers}\bigl(h_i,\ x_i,\ v_i^c + A^{c1} x_i + A^{c2} \dot x_i\bigr)

        \dot x_i &\leftarrow \dot x_i + \delta \sum_c w^c v_i^c, \qquad x_i \leftarrow x_i + \delta\, \dot x_i

    They start at :math:`w = 0`, where bodies move straight on. This scheme, the paper's, is of first order: a constant
    acceleration :math:`a` moves a body by :math:`\tfrac{K+1}{2K}\, a \tau^2`, and no weights that do not change with
    the step give the right position and the right velocity at once. With ``scheme="verlet"`` the body drifts for
    :math:`\delta / 2` before and after each kick, which is of second order, at the same cost: the choice where both
    are asked for, as in rollouts. With ``origin="mean"`` the bodies of a graph are alone:
    the first line measures :math:`x` and :math:`\dot x` from their means, and the mean of the accelerations is taken
    from each, so that the mean moves straight on, as it does for equal masses.

    **Law**: equivariant to every :math:`g` with :math:`g^\top J g = J` for every form, acting on ``pos`` and ``vel``
    together. With ``origin="mean"`` also to translations and to boosts,
    :math:`\dot x \mapsto \dot x + u,\ x(\tau) \mapsto x(\tau) + \tau u`, and the sum of the velocities of a graph does
    not change.

    Args:
        in_channels: Channels of ``x``.
        hidden_channels: Width of the nodes' features and maps.
        num_steps: Steps of time K.
        metric: J, see :class:`~pyg_liesym.nn.VectorLieGNNConv`; ``"learned"`` is one J shared by all layers.
        dim: Number of components :math:`n`; needed for ``metric="learned"`` alone.
        num_layers: Layers that make an acceleration; all steps share them.
        vector_channels: Vectors C of each node.
        span: :math:`\tau`, in units of ``pos`` over ``vel``.
        scheme: ``"euler"``, the paper's, or ``"verlet"``.
        origin: ``"mean"`` for bodies that are alone, of equal masses; ``"zero"`` where the origin of the space matters,
            as in a trap.
        edge_channels: Width of the maps of edges (default: ``hidden_channels``).
        edge_dim: Channels of ``edge_attr``.
        scales: Factors of the distance, see :class:`~pyg_liesym.nn.VectorLieGNNConv`.
        virtual_nodes: Virtual nodes of a graph, which exchange messages with all bodies before every layer: what lies
            beyond the edges is heard of at a cost linear in the bodies (:doc:`/theory/vector_channels`).
        gate: Whether messages pass a sigmoid gate.
        act: Activation, by name.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**, **vel**: :math:`(N, n)`; **edge_index**: :math:`(2, |E|)`;
          **edge_attr**: :math:`(|E|, D)`; **batch**: :math:`(N)`
        - **output**: features :math:`(N, H)`, the later **pos** :math:`(N, n)` and the later **vel** :math:`(N, n)`

    Raises:
        ValueError: On sizes that do not go together, named in the message.

    Example:
        >>> model = SecondOrderLieGNN(1, 16, num_steps=4, metric=torch.eye(3))
        >>> mass, pos, vel = torch.ones(5, 1), torch.randn(5, 3), torch.randn(5, 3)
        >>> _, later, _ = model(mass, pos, vel=vel)
        >>> torch.allclose(later, pos + vel, atol=1e-5)
        True
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_steps: int,
        *,
        metric: Metric,
        dim: int | None = None,
        num_layers: int = 1,
        vector_channels: int = 8,
        span: float = 1.0,
        scheme: Literal["euler", "verlet"] = "euler",
        origin: Literal["zero", "mean"] = "mean",
        edge_channels: int | None = None,
        edge_dim: int = 0,
        scales: Sequence[float] = (1.0,),
        virtual_nodes: int = 0,
        gate: bool = True,
        act: str = "silu",
    ) -> None:
        super().__init__()
        if num_steps < 1 or num_layers < 1:
            raise ValueError(f"expected at least one step and one layer, got {num_steps=} and {num_layers=}")
        if origin not in ("zero", "mean"):
            raise ValueError(f"expected `origin` to be 'zero' or 'mean', got {origin!r}")
        if scheme not in ("euler", "verlet"):
            raise ValueError(f"expected `scheme` to be 'euler' or 'verlet', got {scheme!r}")
        self.scheme = scheme
        self.in_channels, self.num_steps, self.span, self.origin = in_channels, num_steps, span, origin
        self.metric = as_metric(metric, dim)
        self.embedding = nn.Linear(in_channels, hidden_channels)
        self.lift = nn.Linear(2, vector_channels, bias=False)
        self.virtual_nodes = virtual_layers(
            num_layers, hidden_channels, vector_channels, virtual_nodes, metric=MetricShape.of(self.metric),
            hidden_channels=edge_channels or hidden_channels, act=act,
        )  # fmt: skip
        self.convs = nn.ModuleList(
            VectorLieGNNConv(
                hidden_channels, hidden_channels, vector_channels, metric=MetricShape.of(self.metric),
                edge_channels=edge_channels, edge_dim=edge_dim, scales=scales, gate=gate, act=act,
            )
            for _ in range(num_layers)
        )  # fmt: skip
        self.acceleration = nn.Linear(vector_channels, 1, bias=False)
        nn.init.zeros_(self.acceleration.weight)

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        if isinstance(self.metric, LearnedMetric):
            self.metric.reset_parameters()
        for module in (self.embedding, self.lift, *self.virtual_nodes, *self.convs):
            module.reset_parameters()
        nn.init.zeros_(self.acceleration.weight)

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vel: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return features, positions and velocities a time ``span`` later.

        Args:
            x: Invariant features.
            pos: Positions.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            edge_attr: Invariant features of the edges, the same at every step.
            vel: Velocities.
            batch: Item of every node.
            batch_size: Number of items.
        """
        metric = self.metric().to(pos.dtype)
        self._check(x, pos, vel, metric.size(-1))
        assert vel is not None
        edges = as_edges(edge_index, pos.size(0), batch, "source_to_target", pos.device)
        h, channels, step = self.embedding(x), 0.0, self.span / self.num_steps
        # The means move straight on, so that they are taken once.
        mean_pos, mean_vel = self._mean(pos, batch, batch_size), self._mean(vel, batch, batch_size)
        pos, vel = pos - mean_pos, vel - mean_vel
        state: VirtualState | None = None
        before = 0.5 * step if self.scheme == "verlet" else 0.0
        for _ in range(self.num_steps):
            pos = pos + before * vel
            channels = channels + self.lift(torch.stack([pos, vel], dim=-1)).mT
            for layer, conv in enumerate(self.convs):
                if self.virtual_nodes:
                    h, channels, state = self.virtual_nodes[layer](h, pos, channels, metric, state, batch, batch_size)
                h, channels = conv(h, pos, edges, edge_attr, channels, batch, batch_size, metric)
            acceleration = self.acceleration(channels.mT).squeeze(-1)
            vel = vel + step * (acceleration - self._mean(acceleration, batch, batch_size))
            pos = pos + (step - before) * vel
        return h, pos + mean_pos + self.span * mean_vel, vel + mean_vel

    def _mean(self, vectors: Tensor, batch: OptTensor, batch_size: int | None) -> Tensor | float:
        """What the bodies of a graph have in common, where they are alone."""
        return 0.0 if self.origin == "zero" else mean_at_nodes(vectors, batch, batch_size)

    def _check(self, x: Tensor, pos: Tensor, vel: OptTensor, n: int) -> None:
        if x is None or x.size(-1) != self.in_channels:
            got = "none" if x is None else str(x.size(-1))
            raise ValueError(f"expected `x` with in_channels={self.in_channels} channels, got {got}")
        check_vectors(pos, n)
        if vel is None or vel.shape != pos.shape:
            got = "none" if vel is None else str(list(vel.shape))
            raise ValueError(f"expected `vel` of the shape of `pos`, {list(pos.shape)}, got {got}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.in_channels}, num_steps={self.num_steps}, num_layers={len(self.convs)})"
