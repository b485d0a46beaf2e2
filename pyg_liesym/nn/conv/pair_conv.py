"""What the layers of pairs of vectors share: messages of an EdgeMap, summed in tiles or one by one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing

from pyg_liesym.nn.conv.sum_conv import SumConv
from pyg_liesym.nn.message.cuts import are_few
from pyg_liesym.nn.message.edge_map import EdgeMap, Flow
from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.gpu import call as gpu
from pyg_liesym.nn.message.metric import FixedMetric, LearnedMetric, Metric, MetricShape, as_metric, check_vectors
from pyg_liesym.nn.message.watched import is_watched
from pyg_liesym.typing import OptTensor

# Names that an EdgeMap gives its parts; before there was one they were names of the layer.
_PARTS = ("lin_target", "lin_source", "lin_edge", "norm", "phi_e", "phi_m", "phi_x")


class PairConv(SumConv):
    """Message passing whose messages are those of an EdgeMap, which sees invariants of pairs of vectors.

    A layer sets ``edge_map`` and calls :meth:`sums` in its ``forward``. State dicts from before the maps of an edge
    were one module load.

    Args:
        metric: J, which the layer then owns, or a :class:`MetricShape`: the forms come with every call.
        dim: Number of components of ``pos``; needed for ``metric="learned"`` alone.
        flow: Which row of an edge list holds the targets, as in PyG.
    """

    edge_map: EdgeMap
    metric: FixedMetric | LearnedMetric | None

    def __init__(self, metric: Metric | MetricShape, dim: int | None = None, flow: Flow = "source_to_target") -> None:
        super().__init__(flow)
        if isinstance(metric, MetricShape):
            self.metric, self.metric_shape = None, metric
        else:
            self.metric = as_metric(metric, dim)
            self.metric_shape = MetricShape.of(self.metric)
        self.register_load_state_dict_pre_hook(_with_todays_names)

    def reset_parameters(self) -> None:
        """Draw new parameters."""
        super().reset_parameters()
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.BatchNorm1d):
                module.reset_parameters()
        self.edge_map.draw_first_and_last()

    def sums(
        self, x: Tensor, pos: Tensor, edges: Edges | CompleteGraph, edge_attr: OptTensor, metric: Tensor
    ) -> tuple[Tensor, OptTensor]:
        """Everything that happens on the edges: at each node the sum of the gated messages, and of the shifts."""
        target, source = self.edge_map.ends(x)
        if self._takes_tiles(target, edges, PairConv):
            return self.edge_map.tiled_sums(target, source, pos, edges, edge_attr, metric, self.flow)
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
        channels = self.edge_map.channels
        return out[:, :channels], None if self.edge_map.phi_x is None else out[:, channels:]

    def message(
        self,
        target_i: Tensor,
        source_j: Tensor,
        pos_i: Tensor,
        pos_j: Tensor,
        edge_attr: OptTensor,
        metric: Tensor,
    ) -> Tensor:
        r"""Return the gated message and the shift side by side, shape :math:`(|E|, H + n)`."""
        message, shift = self.edge_map(target_i, source_j, pos_i, pos_j, edge_attr, metric)
        return message if shift is None else torch.cat([message, shift], dim=-1)

    def _takes_tiles(self, target: Tensor, edges: Edges | CompleteGraph, tiled: type[PairConv]) -> bool:
        """Whether tiles help, give what the layer's own ``message`` would (that of ``tiled``), and nobody is watching.

        They help where the values of all edges do not fit in one tile. They do not serve a subclass with another
        ``message``, ``aggregate`` or ``update``, explanations, hooks, transforms of :mod:`torch.func`,
        :func:`torch.export.export`, and maps that somebody changed.
        """
        if _are_few(edges, target, kernels=tiled is PairConv):
            return False
        own = type(self)
        if own.message is not tiled.message or own.aggregate is not tiled.aggregate:
            return False
        return own.update is MessagePassing.update and not is_watched(self) and self._fits_tiles()

    def _fits_tiles(self) -> bool:
        return self.edge_map.fits_tiles()

    def _forms(self, metric: OptTensor) -> Tensor:
        """The forms to measure with: the layer's own, or those that came with the call."""
        if self.metric is not None and metric is not None:
            raise ValueError(
                f"{type(self).__name__} has a metric of its own: build it with a MetricShape to pass another"
            )
        forms = metric if self.metric is None else self.metric()
        if forms is None:
            raise ValueError(f"{type(self).__name__} was built without a metric: pass `metric` in every call")
        number, dim = self.metric_shape
        if forms.shape != (number, dim, dim):
            raise ValueError(f"expected forms of shape {[number, dim, dim]}, got {list(forms.shape)}")
        return forms

    def _check(self, x: Tensor, pos: Tensor, channels: int) -> None:
        if not isinstance(x, Tensor) or not isinstance(pos, Tensor):
            raise TypeError(
                f"{type(self).__name__} does not take bipartite input: `x` and `pos` must be tensors, since x_i and "
                f"x_j are vectors of one space; got {type(x).__name__} and {type(pos).__name__}"
            )
        check_vectors(pos, self.metric_shape.dim)
        if x.shape != (pos.size(0), channels):
            raise ValueError(f"expected `x` of shape {[pos.size(0), channels]}, got {list(x.shape)}")

    def _check_edge_attr(self, edge_attr: OptTensor, edge_dim: int) -> None:
        if (edge_attr is not None) != (edge_dim > 0) or (edge_attr is not None and edge_attr.size(-1) != edge_dim):
            got = "none" if edge_attr is None else str(list(edge_attr.shape))
            raise ValueError(f"expected `edge_attr` with edge_dim={edge_dim} channels, got {got}")


def _are_few(edges: Edges | CompleteGraph, target: Tensor, kernels: bool) -> bool:
    """Whether the formula as it is costs no more than tiles, or than the kernels of a GPU where there may be some."""
    if not isinstance(edges, CompleteGraph):
        return are_few(edges.edge_index.size(1), target)
    if torch.compiler.is_compiling():
        return edges.num_edges is not None and are_few(edges.num_edges, target)
    if kernels and gpu.serves(target):
        return False
    return are_few(int(edges.neighbours.sum()) if edges.num_edges is None else edges.num_edges, target)


def _with_todays_names(layer: PairConv, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Rename what is from before the maps of an edge were one module, and leave out what a network has now."""
    if not any(name.startswith(f"{prefix}edge_map.") for name in state):
        old = tuple(f"{prefix}{part}." for part in _PARTS)
        for name in [name for name in state if name.startswith(old)]:
            state[f"{prefix}edge_map.{name.removeprefix(prefix)}"] = state.pop(name)
    if layer.metric is None:
        for name in [name for name in state if name.startswith(f"{prefix}metric.")]:
            del state[name]
