"""EGNN message passing: the Euclidean layer, with the attention of its released code."""

from __future__ import annotations

from typing import Literal

import torch

from pyg_liesym.nn.conv.liegnn_conv import LieGNNConv
from pyg_liesym.nn.message.edge_map import Flow


class EGNNConv(LieGNNConv):
    r"""EGNN's layer (EGCL): message passing on squared Euclidean distances.

    The layer of `"E(n) Equivariant Graph Neural Networks" <https://arxiv.org/abs/2102.09844>`_ (Satorras et al., ICML
    2021, eqs. 3-7, with the attention of eq. 8):

    .. math::
        m_{ij} &= a_{ij}\, \phi_e\bigl(h_i, h_j, \|x_i - x_j\|^2, e_{ij}\bigr), \qquad
        a_{ij} = \phi_m\bigl(\phi_e(\ldots)\bigr) \text{ or } 1

        x_i' &= x_i + C \sum_j (x_i - x_j)\, \phi_x(m_{ij}) \;\bigl[{} + \phi_v(h_i)\, v_i\bigr]

        h_i' &= h_i + \phi_h\Bigl(h_i, \sum_j m_{ij}\Bigr)

    with the sums over the edges that arrive at :math:`i`.

    What differs from :class:`~pyg_liesym.nn.LieGNNConv`: J is the identity, distances enter alone and as they are
    (no :math:`\psi`, no inner products), there is no gate (the paper's attention) unless ``gate`` asks for one, and
    then :math:`\phi_x` sees the gated message, where LieGNN's sees the bare one. As in the released code, and not in
    eq. 7, velocities do not change and C is a mean over the neighbours. The n-body release clamps
    the components of a shift at ±100, "never activated" by its own words; this layer does not.

    **Law**: equivariant to rotations, reflections and translations of ``pos`` (``vel`` turns along, and ``x`` does
    not change), because distances alone enter the maps and ``pos`` moves along differences; exact in exact
    arithmetic.

    Args:
        in_channels: Channels of ``x``.
        out_channels: Channels of the new ``x``. The residual :math:`h_i + \ldots` is taken where both agree.
        dim: Number of components :math:`n` of ``pos``.
        hidden_channels: Width of the maps of nodes (default: ``out_channels``).
        edge_channels: Width of the maps of edges (default: ``hidden_channels``).
        edge_dim: Channels of ``edge_attr``.
        gate: Whether messages pass a sigmoid gate, the paper's attention :math:`a_{ij}`.
        linear_move: Whether :math:`\phi_x` is one linear map of the message, in place of a perceptron.
        velocity: Whether the layer has :math:`\phi_v` and takes ``vel``.
        pos_aggr: C, as in :class:`~pyg_liesym.nn.LieGNNConv`: ``"mean"``, ``"sum"``, ``"graph"`` or ``None``.
        act: Activation, by name.
        flow: Which row of ``edge_index`` holds the targets, as in PyG.

    Shapes:
        - **x**: :math:`(N, F_{in})`; **pos**, **vel**: :math:`(N, n)`; **edge_index**: :math:`(2, |E|)`;
          **edge_attr**: :math:`(|E|, D)`; **batch**: :math:`(N)`
        - **output**: :math:`(N, F_{out})` and :math:`(N, n)`

    Raises:
        ValueError: On arguments that do not fit.
        TypeError: On bipartite input.

    Example:
        >>> conv = EGNNConv(8, 8, gate=True)
        >>> x, pos = conv(torch.ones(5, 8), torch.randn(5, 3))
        >>> x.shape, pos.shape
        (torch.Size([5, 8]), torch.Size([5, 3]))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        dim: int = 3,
        hidden_channels: int | None = None,
        edge_channels: int | None = None,
        edge_dim: int = 0,
        gate: bool = False,
        linear_move: bool = False,
        velocity: bool = False,
        pos_aggr: Literal["sum", "mean", "graph"] | None = "mean",
        act: str = "silu",
        flow: Flow = "source_to_target",
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            metric=torch.eye(dim),
            hidden_channels=hidden_channels,
            edge_channels=edge_channels,
            edge_dim=edge_dim,
            invariants=("distance",),
            psi="identity",
            pos_aggr=pos_aggr,
            gate=gate,
            linear_move=linear_move,
            sight="gated",
            velocity=velocity,
            act=act,
            flow=flow,
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.in_channels}, {self.out_channels}, dim={self.metric_shape.dim}, "
            f"gate={self.edge_map.phi_m is not None})"
        )
