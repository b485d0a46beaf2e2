"""Everything that happens on an edge, as one module: its maps, the scalars that they see, and how they are summed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn
from torch_geometric.nn.resolver import activation_resolver
from torch_geometric.utils import degree

from pyg_liesym.nn.autocast import without_autocast
from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.formula import Sight, edge_formula
from pyg_liesym.nn.message.invariants import Psi, pair_invariants
from pyg_liesym.nn.message.moments import normalise
from pyg_liesym.nn.message.operands import Activation, Choices, Graph, Maps, Nodes
from pyg_liesym.nn.message.sums import message_sums
from pyg_liesym.nn.message.watched import has_hooks
from pyg_liesym.typing import Invariant, OptTensor

Flow: TypeAlias = Literal["source_to_target", "target_to_source"]
"""Which row of an edge list holds the targets, as in PyG: row 1 or row 0."""


class EdgeMap(nn.Module):
    r"""The maps of an edge: from both its ends to its message and its shift.

    .. math::
        z_{ij} &= W_t h_i + W_s h_j + W_a \bigl(\psi(\|x_i - x_j\|_J^2), \psi(\langle x_i, x_j\rangle_J), a_{ij}\bigr)

        m_{ij} &= \sigma(W_2\, \sigma(\mathrm{BN}(z_{ij})) + b_2), \qquad \tilde m_{ij} = \phi_m(m_{ij})\, m_{ij},
        \qquad s_{ij} = \mathrm{clamp}\bigl((x_i - x_j)\, \phi_x\bigr)

    ``lin_target``, ``lin_source`` and ``lin_edge`` are the first map of :math:`\phi_e`, which is linear and so acts on
    the nodes; ``norm`` is an optional batch normalisation over all edges. :meth:`forward` is the formula on given
    edges, :meth:`tiled_sums` the same summed at the targets, tile by tile.

    **Law**: the message is invariant and the shift equivariant to every :math:`g` with :math:`g^\top J g = J` acting on
    the vectors, up to the clamp, where the ends hold scalars alone.

    Args:
        in_channels: Channels of what the first map sees of a node.
        channels: Width H.
        num_forms: Number of forms J.
        edge_dim: Channels of ``edge_attr``.
        invariants: Which scalars of a pair enter.
        psi: How they enter.
        gate: Whether there is :math:`\phi_m`, a sigmoid gate.
        move: :math:`\phi_x`: a perceptron, one linear map, or ``None``.
        sight: Whether :math:`\phi_x` sees the bare message or the gated one.
        clamp: Bound of every component of a shift; 0 for none.
        norm: Whether z is normalised; it then has no bias of its own.
        act: Activation, by name. Tiles know "silu" and "relu".

    Example:
        >>> edge_map, metric = EdgeMap(5, 8, 1), torch.eye(3)[None]
        >>> x, pos = torch.rand(2, 5), torch.rand(2, 3)
        >>> target, source = edge_map.ends(x)
        >>> message, shift = edge_map(target[:1], source[1:], pos[:1], pos[1:], None, metric)
        >>> message.shape, shift.shape
        (torch.Size([1, 8]), torch.Size([1, 3]))
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        num_forms: int,
        *,
        edge_dim: int = 0,
        invariants: Sequence[Invariant] = ("distance", "inner"),
        psi: Psi = "log",
        gate: bool = True,
        move: Literal["mlp", "linear"] | None = "mlp",
        sight: Sight = "message",
        clamp: float = 0.0,
        norm: bool = False,
        act: str = "silu",
    ) -> None:
        super().__init__()
        self.channels, self.invariants, self.psi = channels, tuple(invariants), psi
        self.sight, self.clamp, self.act = sight, clamp, act
        num_scalars = len(self.invariants) * num_forms + edge_dim
        self.lin_target = nn.Linear(in_channels, channels, bias=not norm)
        self.lin_source = nn.Linear(in_channels, channels, bias=False)
        self.lin_edge = nn.Linear(num_scalars, channels, bias=False) if num_scalars else None
        self.norm = nn.BatchNorm1d(channels) if norm else None
        self.phi_e = nn.Sequential(activation_resolver(act), nn.Linear(channels, channels), activation_resolver(act))
        self.phi_m = nn.Sequential(nn.Linear(channels, 1), nn.Sigmoid()) if gate else None
        self.phi_x = None
        if move is not None:
            before = [nn.Linear(channels, channels), activation_resolver(act)] if move == "mlp" else []
            self.phi_x = nn.Sequential(*before, nn.Linear(channels, 1, bias=False))
        self._built = structure(list(self.modules()))

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.BatchNorm1d):
                module.reset_parameters()
        self.draw_first_and_last()

    def draw_first_and_last(self) -> None:
        """Draw the first map of φe as if it were one, and the last of φx small, as in EGNN."""
        first = [linear for linear in (self.lin_target, self.lin_source, self.lin_edge) if linear is not None]
        bound = sum(linear.in_features for linear in first) ** -0.5
        for linear in first:
            for parameter in linear.parameters():
                nn.init.uniform_(parameter, -bound, bound)
        if self.phi_x is not None:
            last = self.phi_x[-1]
            assert isinstance(last, nn.Linear)
            nn.init.xavier_uniform_(last.weight, gain=1e-3)

    def ends(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What the first map makes of every node as a target and as a source, :math:`(N, H)` each."""
        return self.lin_target(x), self.lin_source(x)

    def forward(
        self, target: Tensor, source: Tensor, pos_i: Tensor, pos_j: Tensor, edge_attr: OptTensor, metric: Tensor
    ) -> tuple[Tensor, OptTensor]:
        r"""Return the gated message and the shift of each edge.

        Args:
            target: What :meth:`ends` makes of the targets.
            source: What it makes of the sources.
            pos_i: Vectors of the targets.
            pos_j: Vectors of the sources.
            edge_attr: Features of the edges.
            metric: The forms J.

        Shapes:
            - **target**, **source**: :math:`(|E|, H)`; **pos_i**, **pos_j**: :math:`(|E|, n)`; **edge_attr**:
              :math:`(|E|, D)`; **metric**: :math:`(F, n, n)`
            - **output**: :math:`(|E|, H)` and :math:`(|E|, n)`, or ``None`` without :math:`\phi_x`
        """
        relative, z = pos_i - pos_j, target + source
        if self.lin_edge is not None:
            seen = [] if edge_attr is None else [edge_attr]
            if self.invariants:
                seen.insert(0, pair_invariants(relative, pos_i, pos_j, metric, self.invariants, self.psi))
            z = z + self.lin_edge(seen[0] if len(seen) == 1 else torch.cat(seen, dim=-1))
        if self.norm is not None:
            z = self.norm(z)
        return edge_formula(z, relative, self.phi_e, self.phi_m, self.phi_x, self.sight, self.clamp)

    def fits_tiles(self) -> bool:
        """Whether the weights tell all: the maps are those that were built, of a known activation, without hooks.

        The tiles read weights, they do not call modules: adapters, quantised maps and other steps are left to
        :meth:`forward`.
        """
        modules = list(self.modules())
        if self.act not in get_args(Activation) or structure(modules) != self._built:
            return False
        return not has_hooks(modules)

    def tiled_sums(
        self,
        target: Tensor,
        source: Tensor,
        pos: Tensor,
        edges: Edges | CompleteGraph,
        edge_attr: OptTensor,
        metric: Tensor,
        flow: Flow,
    ) -> tuple[Tensor, OptTensor]:
        r"""Sum the gated messages and the shifts at their targets, tile by tile.

        Args:
            target: What :meth:`ends` makes of the nodes as targets.
            source: What it makes of them as sources.
            pos: Vectors of the nodes.
            edges: The edges.
            edge_attr: Features of the edges.
            metric: The forms J.
            flow: Which row of an edge list holds the targets.

        Shapes:
            - **target**, **source**: :math:`(N, H)`; **pos**: :math:`(N, n)`; **metric**: :math:`(F, n, n)`
            - **output**: :math:`(N, H)` and :math:`(N, n)`, or ``None`` without :math:`\phi_x`
        """
        graph = Graph.of(edges, flow)
        distance, inner = "distance" in self.invariants, "inner" in self.invariants
        act: Activation = "relu" if self.act == "relu" else "silu"
        choices = Choices(distance, inner, self.psi, act, self.sight, self.clamp)
        # Half precision has too few digits for the invariants, and sums over neighbours lose more of them.
        dtype = torch.promote_types(pos.dtype, torch.float32)
        with without_autocast(pos.device):
            nodes = self._nodes(target.to(dtype), source.to(dtype), pos.to(dtype), edge_attr, metric.to(dtype))
            if self.norm is not None:
                nodes = normalise(self.norm, nodes, graph, choices, _degrees(edges, graph, pos.size(0)))
            message, shift = message_sums(nodes, self.maps(dtype), graph, choices)
        return message.to(pos.dtype), None if self.phi_x is None else shift.t().to(pos.dtype)

    def _nodes(self, target: Tensor, source: Tensor, pos: Tensor, edge_attr: OptTensor, metric: Tensor) -> Nodes:
        forms = metric.size(0)
        weight = target.new_zeros(target.size(1), 0) if self.lin_edge is None else self.lin_edge.weight
        if self.invariants == ("inner", "distance"):
            weight = torch.cat([weight[:, forms : 2 * forms], weight[:, :forms], weight[:, 2 * forms :]], dim=1)
        return Nodes(
            target=target,
            source=source,
            weight=weight.t().to(pos.dtype),
            pos=pos.t().contiguous(),
            metric=(metric + metric.mT) / 2,
            lowered=metric.mT @ pos.t() if "inner" in self.invariants else pos.new_zeros(forms, 0, 0),
            edge_attr=None if edge_attr is None else edge_attr.to(pos.dtype),
        )

    def maps(self, dtype: torch.dtype, moves: nn.Sequential | None = None) -> Maps:
        r"""The weights of the maps behind the first one, for the tiles.

        Args:
            dtype: Their precision there.
            moves: A :math:`\phi_x` of the layer's own, with any number of answers, in place of this module's.
        """
        phi_e: Any = self.phi_e
        phi_m: Any = self.phi_m
        phi_x: Any = self.phi_x if moves is None else moves
        linear = phi_x is None or len(phi_x) == 1
        last = None if phi_x is None else phi_x[-1]
        return Maps(
            w2=phi_e[1].weight.to(dtype),
            b2=phi_e[1].bias.to(dtype),
            wg=None if phi_m is None else phi_m[0].weight[0].to(dtype),
            bg=None if phi_m is None else phi_m[0].bias.to(dtype),
            w3=None if linear else phi_x[0].weight.to(dtype),
            b3=None if linear else phi_x[0].bias.to(dtype),
            w4=None if last is None else (last.weight[0] if moves is None else last.weight).to(dtype),
            b4=None if last is None or last.bias is None else last.bias.to(dtype),
        )

    def extra_repr(self) -> str:
        """Describe the choices."""
        return f"invariants={self.invariants}, psi={self.psi}, sight={self.sight}, clamp={self.clamp}"


def structure(modules: Sequence[nn.Module]) -> list[tuple[type[nn.Module], list[bool]]]:
    """What the modules are, and which of their weights are left out."""
    return [(type(module), [weight is None for weight in module._parameters.values()]) for module in modules]


def _degrees(edges: Edges | CompleteGraph, graph: Graph, num_nodes: int) -> tuple[Tensor, Tensor]:
    """Number of edges that arrive at each node, and that leave it."""
    if isinstance(edges, CompleteGraph):
        return edges.neighbours, edges.neighbours
    assert graph.edge_index is not None
    leaving, arriving = (degree(end, num_nodes, dtype=torch.long) for end in graph.edge_index)
    return arriving, leaving
