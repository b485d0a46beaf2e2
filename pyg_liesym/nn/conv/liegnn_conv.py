"""LieGNN message passing: equivariant to every linear group that keeps a bilinear form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing
from torch_geometric.nn.resolver import activation_resolver
from torch_geometric.utils import degree

from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges, count_neighbours
from pyg_liesym.nn.message.invariants import pair_invariants
from pyg_liesym.nn.message.layers import can_tile, tiled_messages
from pyg_liesym.nn.message.metric import Metric, as_metric
from pyg_liesym.nn.message.reduce import sum_edges
from pyg_liesym.typing import Invariant, OptTensor


class LieGNNConv(MessagePassing):
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
            :class:`~pyg_liesym.lie.invariant.InvariantMetric`, or ``"learned"`` (trained with the task).
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
        velocity: Whether the layer has :math:`\phi_v` and takes ``vel``.
        act: Activation, by name.
        **kwargs: Of :class:`torch_geometric.nn.conv.MessagePassing`, such as ``flow``.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**, **vel**: :math:`(N, n)`; **edge_index**: :math:`(2, |E|)`;
          **edge_attr**: :math:`(|E|, D)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, F_{out})` and :math:`(N, n)`; and the ``vel`` that was given, if one was

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

    # Whether φx sees the message behind the gate, as in the layers this one grew from.
    gated_move = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        metric: Metric,
        dim: int | None = None,
        hidden_channels: int | None = None,
        edge_channels: int | None = None,
        edge_dim: int = 0,
        invariants: Sequence[Invariant] = ("distance", "inner"),
        psi: Literal["log", "identity"] = "log",
        pos_aggr: Literal["sum", "mean", "graph"] | None = "mean",
        gate: bool = True,
        linear_move: bool = False,
        velocity: bool = False,
        act: str = "silu",
        **kwargs: Any,
    ) -> None:
        super().__init__(aggr="sum", **kwargs)
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
        self.metric = as_metric(metric, dim)

        hidden, edge = self.hidden_channels, self.edge_channels
        num_scalars = len(self.invariants) * self.metric().size(0) + edge_dim
        self.lin_target = nn.Linear(in_channels, edge)
        self.lin_source = nn.Linear(in_channels, edge, bias=False)
        self.lin_edge = nn.Linear(num_scalars, edge, bias=False)
        self.phi_e = nn.Sequential(activation_resolver(act), nn.Linear(edge, edge), activation_resolver(act))
        self.phi_m = nn.Sequential(nn.Linear(edge, 1), nn.Sigmoid()) if gate else None
        self.phi_x = None
        if pos_aggr is not None:
            before = [] if linear_move else [nn.Linear(edge, edge), activation_resolver(act)]
            self.phi_x = nn.Sequential(*before, nn.Linear(edge, 1, bias=False))
        self.phi_v = None
        if velocity:
            self.phi_v = nn.Sequential(nn.Linear(in_channels, hidden), activation_resolver(act), nn.Linear(hidden, 1))
        self.phi_h = nn.Sequential(
            nn.Linear(in_channels + edge, hidden), activation_resolver(act), nn.Linear(hidden, out_channels)
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new parameters; the first map of φe as if it were one, the last of φx small as in EGNN."""
        super().reset_parameters()
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.reset_parameters()
        fan_in = self.lin_target.in_features * 2 + self.lin_edge.in_features
        for linear in (self.lin_target, self.lin_source, self.lin_edge):
            for parameter in linear.parameters():
                nn.init.uniform_(parameter, -(fan_in**-0.5), fan_in**-0.5)
        if self.phi_x is not None:
            move = self.phi_x[-1]
            assert isinstance(move, nn.Linear)
            nn.init.xavier_uniform_(move.weight, gain=1e-3)

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vel: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> tuple[Tensor, Tensor] | tuple[Tensor, Tensor, Tensor]:
        """Update ``x`` and ``pos``.

        Args:
            x: Invariant features.
            pos: Vectors of the represented space: positions, four-momenta, phase-space vectors.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            edge_attr: Invariant features of the edges.
            vel: Velocities, passed on unchanged (as EGNN's released code does, every layer sees the initial ones).
            batch: Item of every node.
            batch_size: Number of items.
        """
        self._check(x, pos, edge_attr, vel)
        edges = as_edges(edge_index, pos.size(0), batch, self.flow, pos.device)
        message, shift = self._sums(x, pos, edges, edge_attr)
        new_x = self.phi_h(torch.cat([x, message], dim=-1))
        if self.in_channels == self.out_channels:
            new_x = x + new_x
        if shift is not None:
            pos = pos + shift * self._coefficient(edges, pos, batch, batch_size)
        if vel is None:
            return new_x, pos
        assert self.phi_v is not None
        return new_x, pos + self.phi_v(x) * vel, vel

    def _sums(
        self, x: Tensor, pos: Tensor, edges: Edges | CompleteGraph, edge_attr: OptTensor
    ) -> tuple[Tensor, OptTensor]:
        target, source, metric = self.lin_target(x), self.lin_source(x), self.metric().to(pos.dtype)
        maps = (self.phi_e, self.phi_m, self.phi_x)
        if can_tile(self, target, edges, maps, self.lin_edge):
            return tiled_messages(
                target, source, pos, metric, self.lin_edge.weight, edges, maps,
                flow=self.flow, edge_attr=edge_attr, invariants=self.invariants, log=self.psi == "log",
                gated_move=self.gated_move,
            )  # fmt: skip
        if isinstance(edges, CompleteGraph):
            edges = edges.listed(self.flow)
        out = self.propagate(
            edges.edge_index,
            target=target,
            source=source,
            pos=pos,
            edge_attr=edge_attr,
            metric=metric,
            segments=edges.ptr,
            size=(pos.size(0), pos.size(0)),
        )
        return out[:, : self.edge_channels], None if self.phi_x is None else out[:, self.edge_channels :]

    def message(
        self,
        target_i: Tensor,
        source_j: Tensor,
        pos_i: Tensor,
        pos_j: Tensor,
        edge_attr: OptTensor,
        metric: Tensor,
    ) -> Tensor:
        r"""Return :math:`(\phi_m m_{ij}, (x_i - x_j) \phi_x)` side by side, shape :math:`(|E|, H + n)`."""
        relative = pos_i - pos_j
        scalars = pair_invariants(relative, pos_i, pos_j, metric, self.invariants, self.psi)
        if edge_attr is not None:
            scalars = torch.cat([scalars, edge_attr], dim=-1)
        message = self.phi_e(target_i + source_j + self.lin_edge(scalars))
        gated: Tensor = message if self.phi_m is None else message * self.phi_m(message)
        if self.phi_x is None:
            return gated
        return torch.cat([gated, relative * self.phi_x(gated if self.gated_move else message)], dim=-1)

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

    def _check(self, x: Tensor, pos: Tensor, edge_attr: OptTensor, vel: OptTensor) -> None:
        if not isinstance(x, Tensor) or not isinstance(pos, Tensor):
            raise TypeError(
                "LieGNNConv does not take bipartite input: `x` and `pos` must be tensors, since x_i and x_j are "
                f"vectors of one space; got {type(x).__name__} and {type(pos).__name__}"
            )
        n = self.metric().size(-1)
        if pos.dim() != 2 or pos.size(1) != n:
            raise ValueError(f"`metric` is [{n}, {n}], so `pos` must be [num_nodes, {n}]; got {list(pos.shape)}")
        if x.shape != (pos.size(0), self.in_channels):
            raise ValueError(f"expected `x` of shape {[pos.size(0), self.in_channels]}, got {list(x.shape)}")
        if (edge_attr is not None) != (self.edge_dim > 0) or (
            edge_attr is not None and edge_attr.size(-1) != self.edge_dim
        ):
            got = "none" if edge_attr is None else str(list(edge_attr.shape))
            raise ValueError(f"expected `edge_attr` with edge_dim={self.edge_dim} channels, got {got}")
        if (vel is not None) != (self.phi_v is not None):
            raise ValueError(
                "`vel` was given to a layer without φv: build it with velocity=True"
                if vel is not None
                else "this layer was built with velocity=True and needs `vel`"
            )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}, dim={self.metric().size(-1)}, "
            f"invariants={self.invariants})"
        )
