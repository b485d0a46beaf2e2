"""EGNN with velocities the way it is written down, as a yardstick."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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
