"""What the sums over edges are computed from, group by group; the schemas of the operators are read from here."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.formula import Sight
from pyg_liesym.nn.message.invariants import Psi, lower
from pyg_liesym.typing import Invariant, OptTensor

Activation: TypeAlias = Literal["silu", "relu"]
"""The activations whose derivatives the tiles know."""


class Nodes(NamedTuple):
    r"""What an edge reads: :math:`z_{ij} = t_i + s_j + W^\top (\psi(\text{invariants}_{ij}), a_{ij})`.

    Vectors come component by component. ``lowered`` is :math:`J^\top x` for each form, so that
    :math:`\langle x_i, x_j\rangle_J = \text{lowered}_i \cdot x_j`; ``metric`` is the symmetric part of each form, since
    squared norms are taken of differences, which lose nothing far from the origin.

    Shapes:
        - **target**, **source**: :math:`(N, H)`; **weight**: :math:`(K, H)`
        - **pos**: :math:`(n, N)`; **metric**: :math:`(F, n, n)`; **lowered**: :math:`(F, n, N)`;
          **edge_attr**: :math:`(|E|, D)` or ``None``
    """

    target: Tensor
    source: Tensor
    weight: Tensor
    pos: Tensor
    metric: Tensor
    lowered: Tensor
    edge_attr: OptTensor


class ChannelNodes(NamedTuple):
    r"""What an edge reads of nodes with vector channels, with the same :math:`z_{ij}` as :class:`Nodes`.

    Vectors come flat, component by component; ``lowered`` is :math:`J v^c` for each form.

    Shapes:
        - **target**, **source**: :math:`(N, H)`; **weight**: :math:`(K, H)`; **pos**: :math:`(N, n)`
        - **vectors**: :math:`(N, n C)`; **lowered**: :math:`(N, F n C)`; **metric**: :math:`(F, n, n)`;
          **edge_attr**: :math:`(|E|, D)` or ``None``
    """

    target: Tensor
    source: Tensor
    weight: Tensor
    pos: Tensor
    vectors: Tensor
    lowered: Tensor
    metric: Tensor
    edge_attr: OptTensor

    @classmethod
    def of(
        cls,
        ends: tuple[Tensor, Tensor],
        weight: Tensor,
        pos: Tensor,
        vectors: Tensor,
        metric: Tensor,
        edge_attr: OptTensor,
        dtype: torch.dtype,
    ) -> ChannelNodes:
        """Lay out vectors :math:`(N, C, n)` flat; ``ends`` are target and source, ``weight`` is :math:`(H, K)`."""
        lowered = lower(vectors, metric).permute(0, 2, 3, 1).flatten(1)
        flat = vectors.mT.flatten(1)
        attr = None if edge_attr is None else edge_attr.to(dtype)
        laid: list[OptTensor] = [t.to(dtype) for t in (*ends, weight.t(), pos, flat, lowered, metric)]
        return cls(*laid, attr)  # type: ignore[arg-type, call-arg]


class Maps(NamedTuple):
    r"""Weights of the maps of an edge.

    :math:`m = \sigma(W_2 \sigma(z) + b_2)`, gate :math:`g = \mathrm{sigmoid}(w_g m + b_g)`,
    move :math:`c = W_4 \sigma(W_3 m + b_3) + b_4`, or :math:`c = W_4 m + b_4` without ``w3``; one or M of them.

    Shapes:
        - **w2**, **w3**: :math:`(H, H)`; **b2**, **b3**, **wg**: :math:`(H)`; **bg**: :math:`(1)`
        - **w4**: :math:`(H)`, or :math:`(M, H)`; **b4**: :math:`(M)` or ``None``
    """

    w2: Tensor
    b2: Tensor
    wg: OptTensor
    bg: OptTensor
    w3: OptTensor
    b3: OptTensor
    w4: OptTensor
    b4: OptTensor = None


class Graph(NamedTuple):
    """The edges of a batch: an edge list, or all pairs of the nodes of each item of ``batch``.

    Shapes:
        - **edge_index**: :math:`(2, |E|)`, sources in row 0; or ``None`` for complete graphs
        - **batch**: :math:`(N)`, sorted; or ``None`` for one item
    """

    edge_index: OptTensor
    batch: OptTensor

    @classmethod
    def of(cls, edges: Edges | CompleteGraph, flow: str) -> Graph:
        """The edges of a layer whose targets stand where ``flow`` says."""
        if isinstance(edges, CompleteGraph):
            return cls(None, edges.batch)
        return cls(edges.edge_index if flow == "source_to_target" else edges.edge_index.flip(0), None)


class Choices(NamedTuple):
    """Which invariants of a pair enter, and how the maps are put together.

    ``clamp`` bounds every component of a shift (0: no bound).
    """

    distance: bool
    inner: bool
    psi: Psi
    act: Activation
    sight: Sight
    clamp: float

    @property
    def invariants(self) -> tuple[Invariant, ...]:
        """Those that enter, in the order in which they do."""
        names: tuple[tuple[Invariant, bool], ...] = (("distance", self.distance), ("inner", self.inner))
        return tuple(name for name, enters in names if enters)
