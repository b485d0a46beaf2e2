"""VectorLieGNN with reference vectors that are learned where the data break the symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.metric import Metric, check_vectors
from pyg_liesym.nn.models.spurion_net import SpurionNet, forms_for_spurions
from pyg_liesym.nn.models.vector_liegnn import Origin, VectorLieGNN, stacked
from pyg_liesym.typing import OptTensor


class RelaxedVectorLieGNN(SpurionNet):
    r"""VectorLieGNN whose nodes all bring the same learned spurions: vectors that start at zero.

    To a network of several vectors a spurion :math:`s_k` is one vector more that a node brings, the same at every node:

    .. math:: u_i = (u_i^1, \ldots, u_i^M, s_1, \ldots, s_K) .

    Its products with all other vectors are scalars of the network, channels hold it, and answers move along it, as they
    do along a velocity. :class:`~pyg_liesym.nn.RelaxedLieGNN` is the same for one vector a node.

    **Law**: equivariant to every g with :math:`g^\top J g = J` for every form, acting on ``pos``, ``vectors`` and the
    spurions together; on ``pos`` and ``vectors`` alone for those g that leave the spurions in their place: all of them
    at the start and after :meth:`make_strict`, when the spurions are zero. Translations of ``pos`` are kept with any
    spurions, unless ``origin="zero"``. Add :meth:`relaxation_penalty` to the loss.

    Args:
        in_channels: Channels of ``x`` (0 if there are none).
        hidden_channels: Width of the nodes' features and maps.
        out_channels: Channels of the answer.
        num_layers: Number of layers.
        metric: J, see :class:`~pyg_liesym.nn.VectorLieGNNConv`, not learned.
        num_spurions: Number of reference vectors K.
        in_vectors: Vectors M that each node brings besides ``pos`` and the spurions.

    The other arguments are those of :class:`~pyg_liesym.nn.VectorLieGNN`.

    Shapes:
        As :class:`~pyg_liesym.nn.VectorLieGNN`.

    Raises:
        ValueError: On a number of spurions below 1, and as :class:`~pyg_liesym.nn.VectorLieGNN`.

    Example:
        >>> from pyg_liesym.lie import LieAlgebra
        >>> model = RelaxedVectorLieGNN(0, 16, 1, num_layers=2, metric=torch.eye(3), in_vectors=1, origin="mean")
        >>> model(None, torch.randn(4, 3), vectors=torch.randn(4, 3))[1].shape
        torch.Size([4, 3])
        >>> model.breaking(LieAlgebra.rotation(3)).tolist()
        [0.0, 0.0, 0.0]
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        out_channels: int,
        num_layers: int,
        *,
        metric: Metric,
        num_spurions: int = 1,
        dim: int | None = None,
        vector_channels: int = 8,
        in_vectors: int = 0,
        out_vectors: int | None = None,
        origin: Origin | None = None,
        edge_channels: int | None = None,
        edge_dim: int = 0,
        vector_aggr: Literal["mean", "sum"] = "mean",
        scales: Sequence[float] = (1.0,),
        virtual_nodes: int = 0,
        gate: bool = True,
        readout: Literal["mean", "sum"] | None = None,
        dropout: float = 0.0,
        act: str = "silu",
    ) -> None:
        forms = forms_for_spurions(metric, num_spurions)
        net = VectorLieGNN(
            in_channels, hidden_channels, out_channels, num_layers, metric=metric, dim=dim,
            vector_channels=vector_channels, in_vectors=in_vectors + num_spurions, out_vectors=out_vectors,
            origin=origin, edge_channels=edge_channels, edge_dim=edge_dim, vector_aggr=vector_aggr, scales=scales,
            virtual_nodes=virtual_nodes, gate=gate, readout=readout, dropout=dropout, act=act,
        )  # fmt: skip
        super().__init__(net, num_spurions, forms.size(-1))
        self.in_vectors = in_vectors

    def forward(
        self,
        x: OptTensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vectors: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Run the network; the arguments are those of :meth:`pyg_liesym.nn.VectorLieGNN.forward`."""
        check_vectors(pos, self.spurions.size(-1))
        spurions = self.spurions.to(pos.dtype).expand(pos.size(0), -1, -1)
        brought = torch.cat([stacked(vectors, pos, self.in_vectors), spurions], dim=1)
        out: Tensor | tuple[Tensor, Tensor] = self.net(x, pos, edge_index, edge_attr, brought, batch, batch_size)
        return out
