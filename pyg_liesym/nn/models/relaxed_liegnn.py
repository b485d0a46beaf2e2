"""LieGNN with reference vectors that are learned where the data break the symmetry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from pyg_liesym.nn.message.edges import CompleteGraph, Edges
from pyg_liesym.nn.message.invariants import Psi, bilinear, signed_log
from pyg_liesym.nn.message.metric import Metric
from pyg_liesym.nn.models.liegnn import LieGNN
from pyg_liesym.nn.models.spurion_net import SpurionNet, forms_for_spurions
from pyg_liesym.typing import Invariant, OptTensor


class RelaxedLieGNN(SpurionNet):
    r"""LieGNN with learned spurions: vectors that start at zero and tell how much of the group the data break.

    Beams, gravity or an inflow are reference vectors :math:`s_k` of the represented space. A network that knows them is
    equivariant if they are moved along, and breaks the group if they stay. Here they are parameters: each node has the
    scalars :math:`\psi(\langle x_i, s_k \rangle_J)` besides its own, and without a readout its vector moves along them,

    .. math:: x_i' = x_i^{\text{LieGNN}} + \sum_k \phi_k(h_i)\, s_k .

    **Law**: equivariant to every g with :math:`g^\top J g = J` acting on ``pos``, ``vel`` and the spurions together; on
    ``pos`` and ``vel`` alone for those g that leave the spurions in their place: all of them at the start and after
    :meth:`make_strict`, when the spurions are zero. Add :meth:`relaxation_penalty` to the loss.
    :class:`~pyg_liesym.nn.RelaxedVectorLieGNN` is the same with several vectors a node.

    Args:
        in_channels: Channels of ``x`` (0 if there are none).
        hidden_channels: Width of the nodes' features and maps.
        out_channels: Channels of the answer.
        num_layers: Number of layers.
        metric: J, see :class:`~pyg_liesym.nn.LieGNNConv`, not learned.
        num_spurions: Number of reference vectors.

    The other arguments are those of :class:`~pyg_liesym.nn.LieGNN`.

    Shapes:
        As :class:`~pyg_liesym.nn.LieGNN`.

    Raises:
        ValueError: On a number of spurions below 1, and as :class:`~pyg_liesym.nn.LieGNN`.

    Example:
        >>> from pyg_liesym.lie import LieAlgebra
        >>> model = RelaxedLieGNN(0, 16, 1, num_layers=2, metric=torch.eye(2))
        >>> model(None, torch.randn(3, 2))[1].shape, model.breaking(LieAlgebra.rotation(2)).tolist()
        (torch.Size([3, 2]), [0.0])
    """

    net: LieGNN

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
        edge_channels: int | None = None,
        edge_dim: int = 0,
        invariants: Sequence[Invariant] = ("distance", "inner"),
        psi: Psi = "log",
        pos_aggr: Literal["sum", "mean", "graph"] = "mean",
        gate: bool = True,
        linear_move: bool = False,
        velocity: bool = False,
        readout: Literal["mean", "sum"] | None = None,
        dropout: float = 0.0,
        act: str = "silu",
    ) -> None:
        forms = forms_for_spurions(metric, num_spurions)
        moves = num_spurions if readout is None else 0
        net = LieGNN(
            in_channels + len(forms) * num_spurions, hidden_channels, out_channels + moves, num_layers,
            metric=metric, dim=dim, edge_channels=edge_channels, edge_dim=edge_dim, invariants=invariants, psi=psi,
            pos_aggr=pos_aggr, gate=gate, linear_move=linear_move, velocity=velocity, readout=readout, dropout=dropout,
            act=act,
        )  # fmt: skip
        super().__init__(net, num_spurions, forms.size(-1))
        self.out_channels = out_channels

    def forward(
        self,
        x: OptTensor,
        pos: Tensor,
        edge_index: Tensor | Edges | CompleteGraph | None = None,
        edge_attr: OptTensor = None,
        vel: OptTensor = None,
        batch: OptTensor = None,
        batch_size: int | None = None,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Run the network; the arguments are those of :meth:`pyg_liesym.nn.LieGNNConv.forward`."""
        metric = self.net.metric().to(pos.dtype)
        products = torch.cat([bilinear(pos, s.expand_as(pos), metric) for s in self.spurions], dim=-1)
        scalars = signed_log(products).to(pos.dtype)
        x = scalars if x is None else torch.cat([x, scalars], dim=-1)
        out = self.net(x, pos, edge_index, edge_attr, vel, batch, batch_size)
        if isinstance(out, Tensor):
            return out
        answer, pos = out
        return answer[:, : self.out_channels], pos + answer[:, self.out_channels :] @ self.spurions
