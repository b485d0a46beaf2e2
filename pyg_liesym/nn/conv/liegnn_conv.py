"""LieGNN message passing: equivariant to every linear group that keeps a bilinear form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn.resolver import activation_resolver
from torch_geometric.utils import degree

from pyg_liesym.nn.conv.pair_conv import PairConv
from pyg_liesym.nn.message.edge_map import EdgeMap, Flow
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges, count_neighbours
from pyg_liesym.nn.message.formula import Sight
from pyg_liesym.nn.message.invariants import Psi
from pyg_liesym.nn.message.metric import Metric, MetricShape
from pyg_liesym.typing import Invariant, OptTensor


class LieGNNConv(PairConv):
    r"""LieGNN's layer: EGNN-type message passing with a metric J of one's choice.

    The layer of Section 4.2 of `"Generative Adversarial Symmetry Discovery" <https://arxiv.org/abs/2302.00236>`_
    (Yang et al., ICML 2023), which puts the metric J of a discovered Lie algebra in the place of the Euclidean one of
    `EGNN <https://arxiv.org/abs/2102.09844>`_ (Satorras et al., eqs. 3-6) and of the Minkowski one of `LorentzNet
    <https://arxiv.org/abs/2201.08187>`_ (Gong et al., eqs. 3.1-3.5):

    .. math::
        m_{ij} &= \phi_e\bigl(h_i, h_j, \psi(\|x_i - x_j\|_J^2), \psi(\langle x_i, x_j\rangle_J), a_{ij}\bigr)

        x_i' &= x_i + C \sum_j (x_i - x_j)\, \phi_x(m_{ij}) \;\bigl[{} + \phi_v(h_i)\, v_i\bigr]

        h_i' &= h_i + \phi_h\Bigl(h_i, \sum_j \phi_m(m_{ij})\, m_{ij}\Bigr)

    with :math:`\psi(s) = \mathrm{sign}(s) \log(1 + |s|)`, :math:`\langle a, b\rangle_J = a^\top J b` and the sums over
    the edges that arrive at :math:`i`. Without J-products this is EGNN's layer; see
    :doc:`/theory/liegnn` for the settings that give each published layer.

    **Law**: equivariant to every :math:`g` with :math:`g^\top J g = J` acting on ``pos`` and ``vel`` (``x`` does not
    change), because only J-invariants enter the maps and ``pos`` moves along differences; exact in exact arithmetic.
    With ``invariants=("distance",)`` it is equivariant to translations of ``pos`` as well.

    Args:
        in_channels: Channels of ``x``.
        out_channels: Channels of the new ``x``. The residual :math:`h_i + \ldots` is taken where both agree.
        metric: J, as a tensor ``[n, n]``, several as ``[F, n, n]``, an
            :class:`~pyg_liesym.lie.invariant.InvariantMetric`, or ``"learned"`` (trained with the task); or a
            :class:`~pyg_liesym.nn.MetricShape`: then J comes with every call, from a network that owns it.
        dim: Number of components :math:`n` of ``pos``; needed for ``metric="learned"`` alone.
        hidden_channels: Width of the maps of nodes, :math:`\phi_h` and :math:`\phi_v` (default: ``out_channels``).
        edge_channels: Width of the maps of edges, :math:`\phi_e`, :math:`\phi_m` and :math:`\phi_x` (default:
            ``hidden_channels``). There are many more edges than nodes: most of the time goes with this width.
        edge_dim: Channels of ``edge_attr``.
        invariants: Which scalars of a pair enter :math:`\phi_e`: ``"distance"``, ``"inner"`` or both.
        psi: ``"log"`` for :math:`\psi` above, ``"identity"`` to use the scalars as they are.
        pos_aggr: C: ``"sum"`` (1), ``"mean"`` (one over the edges that arrive at i), ``"graph"``
            (:math:`1 / (M - 1)` with the :math:`M` nodes of the graph), or ``None`` to leave ``pos`` as it is.
        gate: Whether :math:`\phi_m` is a sigmoid gate (LorentzNet) or one (EGNN).
        linear_move: Whether :math:`\phi_x` is one linear map of the message, in place of a perceptron.
        sight: Whether :math:`\phi_x` sees the bare ``"message"`` or the ``"gated"`` one (EGNN, LorentzNet).
        velocity: Whether the layer has :math:`\phi_v` and takes ``vel``.
        act: Activation, by name.
        flow: Which row of ``edge_index`` holds the targets, as in PyG.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**, **vel**: :math:`(N, n)`; **edge_index**: :math:`(2, |E|)`;
          **edge_attr**: :math:`(|E|, D)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, F_{out})` and :math:`(N, n)`

    Raises:
        ValueError: On a form that is not square or not of the size of ``pos``, and on arguments that do not fit.
        TypeError: On bipartite input.

    Note:
        Self-loops in ``edge_index`` are kept as edges: they carry the distance 0 and :math:`\langle x_i, x_i\rangle_J`
        and do not move ``pos``; the complete graph has none.

    Example:
        >>> conv = LieGNNConv(8, 8, metric=torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0])))
        >>> x, p4 = conv(torch.ones(5, 8), torch.randn(5, 4))
        >>> x.shape, p4.shape
        (torch.Size([5, 8]), torch.Size([5, 4]))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        metric: Metric | MetricShape,
        dim: int | None = None,
        hidden_channels: int | None = None,
        edge_channels: int | None = None,
        edge_dim: int = 0,
        invariants: Sequence[Invariant] = ("distance", "inner"),
        psi: Psi = "log",
        pos_aggr: Literal["sum", "mean", "graph"] | None = "mean",
        gate: bool = True,
        linear_move: bool = False,
        sight: Sight = "message",
        velocity: bool = False,
        act: str = "silu",
        flow: Flow = "source_to_target",
    ) -> None:
        super().__init__(metric, dim, flow)
        if not invariants or not set(invariants) <= {"distance", "inner"}:
            raise ValueError(f"expected `invariants` among 'distance' and 'inner', got {tuple(invariants)}")
        if psi not in ("log", "identity"):
            raise ValueError(f"expected `psi` to be 'log' or 'identity', got {psi!r}")
        if pos_aggr not in ("sum", "mean", "graph", None):
            raise ValueError(f"expected `pos_aggr` to be 'sum', 'mean', 'graph' or None, got {pos_aggr!r}")
        if velocity and pos_aggr is None:
            raise ValueError("velocity=True moves `pos`, but pos_aggr=None leaves it as it is")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.hidden_channels = hidden_channels or out_channels
        self.edge_channels = edge_channels or self.hidden_channels
        self.edge_dim, self.invariants, self.psi, self.pos_aggr = edge_dim, tuple(invariants), psi, pos_aggr

        hidden, edge = self.hidden_channels, self.edge_channels
        move: Literal["linear", "mlp"] = "linear" if linear_move else "mlp"
        self.edge_map = EdgeMap(
            in_channels,
            edge,
            self.metric_shape.forms,
            edge_dim=edge_dim,
            invariants=invariants,
            psi=psi,
            gate=gate,
            move=None if pos_aggr is None else move,
            sight=sight,
            act=act,
        )
        self.phi_v = None
        if velocity:
            self.phi_v = nn.Sequential(nn.Linear(in_channels, hidden), activation_resolver(act), nn.Linear(hidden, 1))
        self.phi_h = nn.Sequential(
            nn.Linear(in_channels + edge, hidden), activation_resolver(act), nn.Linear(hidden, out_channels)
        )
        self.reset_parameters()

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vel: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
        metric: OptTensor = None,
    ) -> tuple[Tensor, Tensor]:
        """Update ``x`` and ``pos``.

        Args:
            x: Invariant features.
            pos: Vectors of the represented space: positions, four-momenta, phase-space vectors.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            edge_attr: Invariant features of the edges.
            vel: Velocities; they stay as they are (in EGNN's released code, too, every layer sees the initial ones).
            batch: Item of every node.
            batch_size: Number of items.
            metric: The forms ``[F, n, n]``, for a layer without any of its own.
        """
        self._check(x, pos, self.in_channels)
        self._check_edge_attr(edge_attr, self.edge_dim)
        self._check_velocity(vel)
        edges = as_edges(edge_index, pos.size(0), batch, self.flow, pos.device)
        message, shift = self.sums(x, pos, edges, edge_attr, self._forms(metric).to(pos.dtype))
        new_x = self.phi_h(torch.cat([x, message], dim=-1))
        if self.in_channels == self.out_channels:
            new_x = x + new_x
        if shift is not None:
            pos = pos + shift * self._coefficient(edges, pos, batch, batch_size)
        if self.phi_v is not None:
            pos = pos + self.phi_v(x) * vel
        return new_x, pos

    def _coefficient(
        self, edges: Edges | CompleteGraph, pos: Tensor, batch: OptTensor, batch_size: int | None
    ) -> Tensor | float:
        if self.pos_aggr == "sum":
            return 1.0
        if self.pos_aggr == "graph":
            if batch is None:
                return 1.0 / max(pos.size(0) - 1, 1)
            others: Tensor = degree(batch, batch_size, dtype=pos.dtype) - 1
            return others.clamp(min=1).reciprocal()[batch, None]
        return count_neighbours(edges, pos.size(0), self.flow, pos.dtype).reciprocal()

    def _check_velocity(self, vel: OptTensor) -> None:
        if (vel is not None) != (self.phi_v is not None):
            raise ValueError(
                "`vel` was given to a layer without φv: build it with velocity=True"
                if vel is not None
                else "this layer was built with velocity=True and needs `vel`"
            )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}, dim={self.metric_shape.dim}, "
            f"invariants={self.invariants})"
        )
