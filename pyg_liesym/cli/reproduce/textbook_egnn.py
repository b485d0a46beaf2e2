"""EGNN with velocities the way it is written down, as a yardstick."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pyg_liesym.nn.models.liegnn import LieGNN


class TextbookEGNN(nn.Module):
    r"""EGNN with velocities (Satorras et al., ICML 2021, eqs. 3-7), edge list, concatenation and ``index_add``.

    Each layer adds :math:`\phi_v(h_i) v_i` with the *initial* velocity and averages the coordinate update over the
    neighbours, as that paper's experiment does. Nothing here is shared with :class:`~pyg_liesym.nn.LieGNN`.

    Args:
        in_channels: Channels of ``x``.
        hidden_channels: Width.
        num_layers: Number of layers.
        edge_dim: Channels of ``edge_attr``.
    """

    def __init__(self, in_channels: int, hidden_channels: int, num_layers: int, edge_dim: int) -> None:
        super().__init__()
        hidden, self.edge_dim = hidden_channels, edge_dim
        self.embedding = nn.Linear(in_channels, hidden)
        self.edge_mlps, self.node_mlps = nn.ModuleList(), nn.ModuleList()
        self.pos_mlps, self.vel_mlps = nn.ModuleList(), nn.ModuleList()
        for _ in range(num_layers):
            last = nn.Linear(hidden, 1, bias=False)
            nn.init.xavier_uniform_(last.weight, gain=1e-3)
            self.edge_mlps.append(
                nn.Sequential(
                    nn.Linear(2 * hidden + 1 + edge_dim, hidden),
                    nn.SiLU(),
                    nn.Linear(hidden, hidden),
                    nn.SiLU(),
                )
            )
            self.node_mlps.append(nn.Sequential(nn.Linear(2 * hidden, hidden), nn.SiLU(), nn.Linear(hidden, hidden)))
            self.pos_mlps.append(nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), last))
            self.vel_mlps.append(nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 1)))

    def forward(
        self,
        x: Tensor,
        pos: Tensor,
        edge_index: Tensor,
        edge_attr: Tensor,
        vel: Tensor,
        batch: Tensor | None = None,
        batch_size: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the node features and the new positions."""
        source, target = edge_index
        count = torch.zeros(x.size(0), 1, dtype=pos.dtype).index_add(0, target, torch.ones_like(edge_attr[:, :1]))
        h = self.embedding(x)
        for edge_mlp, node_mlp, pos_mlp, vel_mlp in zip(
            self.edge_mlps, self.node_mlps, self.pos_mlps, self.vel_mlps, strict=True
        ):
            relative = pos[target] - pos[source]
            squared = relative.pow(2).sum(-1, keepdim=True)
            message = edge_mlp(torch.cat([h[target], h[source], squared, edge_attr], dim=-1))
            shift = torch.zeros_like(pos).index_add(0, target, relative * pos_mlp(message))
            pos = pos + shift / count.clamp(min=1) + vel_mlp(h) * vel
            gathered = torch.zeros_like(h).index_add(0, target, message)
            h = h + node_mlp(torch.cat([h, gathered], dim=-1))
        return h, pos


@torch.no_grad()
def as_liegnn(textbook: TextbookEGNN) -> LieGNN:
    """LieGNN with the metric I and the textbook's weights: the same function, in another order of summation.

    Its head, which answers for the nodes, has weights of its own.

    Example:
        >>> textbook = TextbookEGNN(1, 8, 2, edge_dim=1)
        >>> edges, attr, pos = torch.tensor([[0, 1], [1, 0]]), torch.ones(2, 1), torch.eye(2, 3)
        >>> torch.allclose(as_liegnn(textbook)(torch.ones(2, 1), pos, edges, attr, pos)[1],
        ...     textbook(torch.ones(2, 1), pos, edges, attr, pos)[1])
        True
    """
    embedding, hidden = textbook.embedding, textbook.embedding.out_features
    net = LieGNN(
        embedding.in_features, hidden, 1, len(textbook.edge_mlps), metric=torch.eye(3), psi="identity", gate=False,
        edge_dim=textbook.edge_dim, invariants=("distance",), velocity=True,
    )  # fmt: skip
    net.embedding.load_state_dict(embedding.state_dict())
    for number, conv in enumerate(net.convs):
        edge_mlp = textbook.edge_mlps[number].state_dict()
        target, source, scalars = edge_mlp["0.weight"].split([hidden, hidden, 1 + textbook.edge_dim], dim=1)
        parts = {"lin_target.weight": target, "lin_source.weight": source, "lin_edge.weight": scalars}
        parts |= {"lin_target.bias": edge_mlp["0.bias"]}
        parts |= {"phi_e.1.weight": edge_mlp["2.weight"], "phi_e.1.bias": edge_mlp["2.bias"]}
        for name, mlps in (("phi_h", textbook.node_mlps), ("phi_x", textbook.pos_mlps), ("phi_v", textbook.vel_mlps)):
            parts |= {f"{name}.{key}": value for key, value in mlps[number].state_dict().items()}
        conv.load_state_dict({**conv.state_dict(), **parts})
    return net
