"""Training a network to forecast where bodies will be."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch


class TrajectoryForecasting(L.LightningModule):
    r"""Forecast a later state of bodies from an earlier one with a network that moves positions.

    The loss is the mean squared error over components. A batch carries ``x``, ``pos`` and ``y``, and where the
    network takes them ``vel``, ``edge_index`` and ``edge_attr``.

    Args:
        net: Called as ``net(x, pos, edge_index, edge_attr, vel, batch, batch_size)``, returns scalars first and the new
            ``pos`` second, as :class:`~pyg_liesym.nn.LieGNN` without a readout does.
        lr: Learning rate of Adam.
        weight_decay: Weight decay of Adam.
    """

    def __init__(self, net: nn.Module, lr: float = 5e-4, weight_decay: float = 1e-12) -> None:
        super().__init__()
        self.net, self.lr, self.weight_decay = net, lr, weight_decay

    def forward(self, batch: Batch) -> Tensor:
        """Forecast the positions of a batch, shape :math:`(N, n)`."""
        out = self.net(
            batch.x,
            batch.pos,
            batch.edge_index,
            batch.edge_attr,
            batch.get("vel"),
            batch.batch,
            batch.num_graphs,
        )
        position: Tensor = out[1]
        return position

    def _loss(self, batch: Batch) -> Tensor:
        return nn.functional.mse_loss(self(batch), batch.y)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        return self._loss(batch)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``val_mse``."""
        self.log("val_mse", self._loss(batch), batch_size=batch.num_graphs, prog_bar=True)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``test_mse``."""
        self.log("test_mse", self._loss(batch), batch_size=batch.num_graphs)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the forecast positions."""
        return self(batch)

    def configure_optimizers(self) -> Any:
        """Adam, as in EGNN's protocol."""
        return torch.optim.Adam(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
