"""Networks of steerable convolutions on points of the plane, strict, relaxed or free."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import torch
from torch import Tensor, nn
from torch_geometric.nn.inits import reset

from pyg_liesym.field.offset_basis import OffsetBasis
from pyg_liesym.field.representation import FieldType
from pyg_liesym.nn.conv.field_conv import Aggregation, FieldConv
from pyg_liesym.nn.field.field_activation import FieldActivation
from pyg_liesym.nn.field.field_norm import FieldNorm
from pyg_liesym.nn.field.group_pool import GroupPool
from pyg_liesym.nn.field.kernels.steerable_kernel import SteerableKernel
from pyg_liesym.nn.message.edges import Edges
from pyg_liesym.nn.message.reduce import Readout, pool_nodes
from pyg_liesym.typing import OptTensor


class SteerableGNN(nn.Module):
    r"""Residual layers of steerable convolutions between fields on points of the plane.

    .. math:: f^{(0)} = \sigma(N(K_0 f)), \qquad f^{(l)} = f^{(l-1)} + \sigma(N(K_l f^{(l-1)}))

    with convolutions :math:`K_l` as in :class:`~pyg_liesym.nn.SteerableConv`, strict ("General E(2)-Equivariant
    Steerable CNNs", Weiler & Cesa, NeurIPS 2019, `arXiv:1911.08251 <https://arxiv.org/abs/1911.08251>`_, eq. 2) or
    relaxed (`"Approximately Equivariant Networks" <https://arxiv.org/abs/2201.11969>`_, Wang, Walters, Yu, ICML 2022,
    eq. 10), norms N and activations σ of fields.
    A last convolution gives a field on the nodes; with a readout, what is read of the nodes' lengths and scalars goes
    through a small network instead, one answer for each graph.

    Three twins differ in their arguments alone: *strict*; *relaxed*; and *free*, whose fields are of
    ``PointGroup.cyclic(1)``, the group of nothing but the identity, to which every kernel is equivariant.

    **Law**: equivariant to the fields' group acting on ``pos`` and, by the field types, on ``x``, and to translations
    of ``pos``; invariant with a readout. Relaxed: so at the start and after
    :func:`~pyg_liesym.nn.make_strict`, in between as far as :func:`~pyg_liesym.nn.relaxation` is small; always
    equivariant to translations.

    Args:
        in_type: What the channels of ``x`` are.
        hidden_type: What those of the hidden layers are.
        out_type: What those of the answer are; scalars with a readout.
        num_layers: Number of hidden layers.
        basis: The functions of the offset, see :class:`~pyg_liesym.field.RingBasis`.
        max_frequency: Highest angular frequency of the steerable functions.
        relaxed: Whether weights may depend on the offset.
        readout: ``None`` for a field on the nodes, ``"mean"``, ``"sum"`` or ``"max"`` of the nodes for one per graph.
        aggr: ``"mean"`` over the edges that arrive, or ``"sum"``, which says of an integral the same at the rim of the
            points and inside; with it weights are of the right size where there is a point per unit of area.
        head_channels: Width of the small network behind a readout (default: the number of hidden fields).

    Shapes:
        - **x**: :math:`(N, C_{in})`; **pos**: :math:`(N, 2)`; **edge_index**: :math:`(2, |E|)`, each node its own
          neighbour too, or the network sees others alone; **batch**: :math:`(N)`
        - **output**: :math:`(N, C_{out})`, with a readout :math:`(B, C_{out})`
        - many fields on the same points: **x**: :math:`(B, N, C_{in})` without **batch**; **output**:
          :math:`(B, N, C_{out})`, with a readout :math:`(B, C_{out})`

    Raises:
        ValueError: If there is no layer, the readout is unknown, or its answer is more than scalars.

    Example:
        >>> import torch
        >>> from pyg_liesym.field import PointGroup, RingBasis, regulars, scalars, vectors
        >>> group = PointGroup.cyclic(8)
        >>> basis = RingBasis.up_to(1.5, count=3, max_frequency=2, relaxed_frequency=1)
        >>> fields = scalars(group, 1), regulars(group, 2), vectors(group, 1)
        >>> model = SteerableGNN(*fields, num_layers=2, basis=basis, max_frequency=2, relaxed=True)
        >>> model(torch.ones(3, 1), torch.randn(3, 2), torch.tensor([[0, 1, 2], [1, 2, 0]])).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        in_type: FieldType,
        hidden_type: FieldType,
        out_type: FieldType,
        num_layers: int,
        *,
        basis: OffsetBasis,
        max_frequency: int,
        relaxed: bool = False,
        readout: Readout | None = None,
        aggr: Aggregation = "mean",
        head_channels: int | None = None,
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"expected at least one layer, got num_layers={num_layers}")
        if readout not in (*get_args(Readout), None):
            raise ValueError(f"expected `readout` to be 'mean', 'sum', 'max' or None, got {readout!r}")
        if readout is not None and not all(rep.is_trivial for rep, _ in out_type):
            raise ValueError(f"a readout gives scalars, so `out_type` must be scalars, got {out_type}")
        self.in_type, self.out_type, self.relaxed, self.readout = in_type, out_type, relaxed, readout

        def conv(before: FieldType, after: FieldType) -> FieldConv:
            return FieldConv(SteerableKernel(before, after, basis, max_frequency, relaxed=relaxed), aggr=aggr)

        types = [in_type] + [hidden_type] * num_layers
        self.convs = nn.ModuleList(conv(*pair) for pair in pairwise(types))
        self.norms = nn.ModuleList(FieldNorm(hidden_type) for _ in self.convs)
        self.acts = nn.ModuleList(FieldActivation(hidden_type) for _ in self.convs)
        self.last = conv(hidden_type, out_type) if readout is None else None
        if readout is not None:
            width = sum(count for _, count in hidden_type)
            inner = width if head_channels is None else head_channels
            self.pool = GroupPool(hidden_type)
            self.head = nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Linear(inner, out_type.channels))

    def reset_parameters(self) -> None:
        """Draw new parameters; a relaxed network is strict."""
        for child in self.children():
            reset(child)

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor | Edges,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> Tensor:
        """Run the network.

        Args:
            x: The field's channels at the points.
            pos: The points.
            edge_index: Edges from row 0 to row 1; fastest as :class:`~pyg_liesym.nn.Edges` sorted by target.
            batch: Graph of every node, for the readout.
            batch_size: Number of graphs.
        """
        h = self._layer(0, x, pos, edge_index)
        for number in range(1, len(self.convs)):
            h = h + self._layer(number, h, pos, edge_index)
        if self.last is not None:
            out: Tensor = self.last(h, pos, edge_index)
            return out
        assert self.readout is not None
        if h.dim() == 3:
            batch_size = h.size(0)
            batch = torch.arange(batch_size, device=h.device).repeat_interleave(h.size(1))
        answer: Tensor = self.head(pool_nodes(self.pool(h.flatten(0, -2)), batch, batch_size, self.readout))
        return answer

    def _layer(self, number: int, h: Tensor, pos: Tensor, edge_index: Tensor | Edges) -> Tensor:
        """Convolution, norm, activation; norms and activations have the channels second."""
        out: Tensor = self.convs[number](h, pos, edge_index)
        flat: Tensor = self.acts[number](self.norms[number](out.flatten(0, -2)))
        return flat.view_as(out)

    def __repr__(self) -> str:
        kind = "relaxed" if self.relaxed else "strict"
        return f"{type(self).__name__}({self.in_type} -> {self.out_type}, num_layers={len(self.convs)}, {kind})"
