"""LorentzNet message passing: the Lorentz group equivariant block of the published jet tagger."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.lie.metric import minkowski
from pyg_liesym.nn.conv.pair_conv import PairConv
from pyg_liesym.nn.message.edge_map import EdgeMap, Flow
from pyg_liesym.nn.message.edges import CompleteGraph, Edges, as_edges, count_neighbours
from pyg_liesym.nn.message.metric import Metric, MetricShape
from pyg_liesym.typing import OptTensor

# Published as a guard against diverging training; a part of the published function all the same.
_LARGEST_SHIFT = 100.0


class LorentzNetConv(PairConv):
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
        flow: Which row of ``edge_index`` holds the targets, as in PyG.

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
        metric: Metric | MetricShape | None = None,
        move: bool = True,
        c: float = 1e-3,
        symmetric: bool = True,
        flow: Flow = "source_to_target",
    ) -> None:
        super().__init__(minkowski() if metric is None else metric, flow=flow)
        self.hidden_channels, self.num_scalars, self.c = hidden_channels, num_scalars, c
        self.symmetric = symmetric
        forms, n = self.metric_shape
        self.edge_map = EdgeMap(
            hidden_channels if symmetric else hidden_channels + n,
            hidden_channels,
            forms,
            invariants=("distance", "inner") if symmetric else (),
            move="mlp" if move else None,
            sight="gated",
            clamp=_LARGEST_SHIFT,
            norm=True,
            act="relu",
        )
        hidden = hidden_channels
        self.phi_h = nn.Sequential(
            nn.Linear(2 * hidden + num_scalars, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, hidden)
        )
        self.reset_parameters()

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        scalars: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        batch: OptTensor = None,
        metric: OptTensor = None,
    ) -> tuple[Tensor, Tensor]:
        """Update ``x`` and ``pos``.

        Args:
            x: Invariant features.
            pos: Vectors of the represented space: four-momenta.
            scalars: The invariant scalars that the network was given, the same for every layer.
            edge_index: Edges from row 0 to row 1; ``None`` for the complete graph of each item of ``batch``.
            batch: Item of every node.
            metric: The forms ``[F, n, n]``, for a layer without any of its own.
        """
        self._check(x, pos, self.hidden_channels)
        if scalars.shape != (pos.size(0), self.num_scalars):
            raise ValueError(
                f"expected `scalars` of shape {[pos.size(0), self.num_scalars]}, got {list(scalars.shape)}"
            )
        edges = as_edges(edge_index, pos.size(0), batch, self.flow, pos.device)
        ends = x if self.symmetric else torch.cat([x, pos], dim=-1)
        message, shift = self.sums(ends, pos, edges, None, self._forms(metric).to(pos.dtype))
        new_x = x + self.phi_h(torch.cat([x, message, scalars], dim=-1))
        if shift is not None:
            pos = pos + shift * (self.c / count_neighbours(edges, pos.size(0), self.flow, pos.dtype))
        return new_x, pos

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.hidden_channels}, {self.num_scalars}, dim={self.metric_shape.dim}, "
            f"move={self.edge_map.phi_x is not None}, symmetric={self.symmetric})"
        )
