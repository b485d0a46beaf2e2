"""Convolution of fields on any points with a kernel that has a symmetry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch_geometric.nn import MessagePassing

from pyg_liesym.nn.field.kernels.field_bias import FieldBias
from pyg_liesym.nn.field.kernels.kernel import Kernel
from pyg_liesym.nn.field.kernels.kernel_layer import KernelLayer
from pyg_liesym.nn.message.edge_sums import edge_sums
from pyg_liesym.nn.message.edges import Edges, as_edges
from pyg_liesym.nn.message.watched import is_watched
from pyg_liesym.typing import OptTensor

Aggregation: TypeAlias = Literal["sum", "mean"]
"""Of the edges that arrive at a node."""
Flow: TypeAlias = Literal["source_to_target", "target_to_source"]
"""Of the edges: from row 0 of ``edge_index`` to row 1, or the other way."""


class FieldConv(KernelLayer, MessagePassing):
    r"""Convolve a field on points with a kernel of their offsets.

    .. math:: y_i = \sum_{j \to i} K(r_j - r_i)\, x_j = \sum_p M_p \sum_{j \to i} q_p(r_j - r_i)\, x_j

    The layer beneath the convolutions on graphs, and what shares a kernel with its twin on grids,
    :class:`~pyg_liesym.nn.field.FieldConv2d`: on the edges of a lattice both are the same. Summing over edges comes
    first, the map at the node after it: the cost is edges × functions × channels, not edges × channels².

    **Law**: that of the kernel, for all elements of its group, acting on ``x`` by the field types and on ``pos``; and
    translations of ``pos``. With a kernel on a stencil only for what takes the lattice to itself.

    Args:
        kernel: The kernel.
        aggr: ``"sum"``, or ``"mean"`` over the edges that arrive, for points that are not equally dense.
        bias: Whether to add a constant to the invariant fields of the output.
        flow: Which row of ``edge_index`` the edges arrive at, as in
            :class:`torch_geometric.nn.conv.MessagePassing`: row 1 of ``"source_to_target"``, else row 0.

    Shapes:
        - **x**: :math:`(N, C_{in})`, or :math:`(B, N, C_{in})` for many fields on the same few points (a static
          graph; memory grows as :math:`N^2`);
          **pos**: :math:`(N, d)`; **edge_index**: :math:`(2, |E|)`; **edge_offset**: :math:`(|E|, d)`, with d = 2 in
          the plane, 3 in space
        - **output**: :math:`(N, C_{out})` or :math:`(B, N, C_{out})`

    Raises:
        ValueError: On features or places of another shape, or an unknown ``aggr``.
    """

    kernel: Kernel
    flow: str
    propagate: Callable[..., Tensor]

    def __init__(
        self, kernel: Kernel, *, aggr: Aggregation = "sum", bias: bool = True, flow: Flow = "source_to_target"
    ) -> None:
        if aggr not in ("sum", "mean"):
            raise ValueError(f"expected `aggr` to be 'sum' or 'mean', got {aggr!r}")
        super().__init__(aggr="sum", flow=flow)
        self.kernel, self.relaxed, self.mean = kernel, kernel.relaxed, aggr == "mean"
        self.bias = FieldBias(kernel.out_type) if bias else None

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        super().reset_parameters()
        self.kernel.reset_parameters()
        if self.bias is not None:
            self.bias.reset_parameters()

    def forward(self, x: Tensor, pos: OptTensor, edge_index: Tensor | Edges, edge_offset: OptTensor = None) -> Tensor:
        """Convolve a field.

        Args:
            x: The field's channels at the points.
            pos: The points; not needed with ``edge_offset``.
            edge_index: Edges from row 0 to row 1; fastest as a sorted :class:`torch_geometric.EdgeIndex`.
            edge_offset: Source minus target of every edge, where it is not that of ``pos``: across a periodic border.
        """
        channels, dim = self.kernel.in_type.channels, self.kernel.basis.dim
        if x.dim() not in (2, 3) or x.size(-1) != channels:
            raise ValueError(f"expected `x` [N, {channels}] of {self.kernel.in_type}, got {list(x.shape)}")
        nodes = x.size(-2)
        edges = as_edges(edge_index, nodes, None, self.flow, x.device)
        if not isinstance(edges, Edges):
            raise ValueError("expected `edge_index`: a kernel of offsets has neighbours, not the complete graph")
        source, target = edges.edge_index if self.flow == "source_to_target" else edges.edge_index.flip(0)
        if edge_offset is None:
            if pos is None or pos.shape != (nodes, dim):
                raise ValueError(f"expected `pos` [{nodes}, {dim}], got {None if pos is None else list(pos.shape)}")
            edge_offset = pos.index_select(0, source) - pos.index_select(0, target)
        if edge_offset.shape != (source.numel(), dim):
            raise ValueError(f"expected `edge_offset` [{source.numel()}, {dim}], got {list(edge_offset.shape)}")
        functions, ptr = self.kernel.basis(edge_offset), edges.ptr
        if ptr is None:
            order = target.argsort(stable=True)
            functions, source, target = functions[order], source[order], target[order]
            ptr = torch.searchsorted(target.contiguous(), torch.arange(nodes + 1, device=x.device))
        matrices = self.kernel.matrices()
        listened = is_watched(self) or type(self).message is not FieldConv.message
        if x.dim() == 3:
            if listened:
                raise ValueError("expected `x` [N, C] where messages are watched or made otherwise, got many fields")
            out: Tensor = _static_sums(functions, x, matrices, source, target)
        elif listened:
            ends = (source, target) if self.flow == "source_to_target" else (target, source)
            sums = self.propagate(torch.stack(ends), x=x, functions=functions, size=(nodes, nodes))
            out = sums @ matrices.transpose(1, 2).flatten(0, 1)
        else:
            out = edge_sums(functions, x, matrices, source, ptr)
        if self.mean:
            out = out / ptr.diff().clamp(min=1)[:, None]
        return out if self.bias is None else out + self.bias()

    def message(self, x_j: Tensor, functions: Tensor) -> Tensor:
        r"""Return :math:`q_p(e)\, x_j`, shape :math:`(|E|, P C_{in})`; for explanations and hooks, else never made."""
        return (functions[:, :, None] * x_j[:, None]).flatten(1)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.kernel.in_type} -> {self.kernel.out_type}{self._relaxed_or_not()})"


def _static_sums(functions: Tensor, x: Tensor, matrices: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """The sums of many fields on the same points: one matrix from points to points for each function serves them all.

    The matrices have :math:`N^2` entries each: for clouds of some hundred points and dozens of fields, not for meshes.

    Shapes:
        - as in :func:`~pyg_liesym.nn.message.edge_sums.edge_sums`, but **x**: ``[B, N, C_in]``; **output**:
          ``[B, N, C_out]``
    """
    count, nodes, channels = x.shape
    between = functions.new_zeros(nodes, nodes, functions.size(1)).index_put((target, source), functions, True)
    sums = between.movedim(2, 1).flatten(0, 1) @ x.transpose(0, 1).flatten(1)
    each = sums.view(nodes, -1, count, channels).permute(2, 0, 1, 3).flatten(2)
    return each @ matrices.transpose(1, 2).flatten(0, 1)
