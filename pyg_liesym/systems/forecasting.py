"""Training a network to forecast where vectors will be."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.systems.system import System
from pyg_liesym.transforms.with_batch import with_batch


class TrajectoryForecasting(System):
    r"""Forecast later vectors of bodies from earlier ones with a network that moves vectors.

    The loss is the mean squared error over components. A batch carries ``x``, ``pos`` and ``y`` (the later ``pos``),
    and ``vel``, ``edge_index`` and ``edge_attr`` where the network takes them. Where the vectors of a batch are the
    whole state, as in :class:`~pyg_liesym.systems.VectorData`, :meth:`rollout` feeds forecasts back.

    **Law**: the forecast transforms as the network does.

    Args:
        net: Called as ``net(x, pos, edge_index, edge_attr, vel, batch, batch_size)``, returns scalars first and the new
            ``pos`` second, as :class:`~pyg_liesym.nn.LieGNN` without a readout does.
        lr: Learning rate of Adam.
        weight_decay: Weight decay of Adam.
        decay: Whether the learning rate falls to zero along a cosine over the training.
        warm_up: Steps in which the learning rate rises evenly to ``lr``, where it stays unless it decays.

    Example:
        >>> from pyg_liesym.nn import LieGNN
        >>> system = TrajectoryForecasting(LieGNN(4, 8, 1, 2, metric=torch.eye(2)))
        >>> batch = Batch(x=torch.eye(4), pos=torch.randn(4, 2), batch=torch.zeros(4, dtype=torch.long))
        >>> system.rollout(batch, steps=3).shape
        torch.Size([3, 4, 2])
    """

    monitor = "val_mse"
    predicts_rows = True

    def __init__(
        self, net: nn.Module, lr: float = 5e-4, weight_decay: float = 1e-12, decay: bool = False, warm_up: int = 0
    ) -> None:
        super().__init__(net)
        self.lr, self.weight_decay, self.decay, self.warm_up = lr, weight_decay, decay, warm_up

    def forward(self, batch: Batch) -> Tensor:
        """Forecast the vectors of a batch, shape :math:`(N, n)`."""
        return self._forecast(batch)[1]

    def _forecast(self, batch: Batch) -> tuple[Tensor, Tensor]:
        batch = with_batch(batch, "pos")
        edge_attr, velocity = (
            self.like_network(batch[name]) if name in batch else None for name in ("edge_attr", "vel")
        )
        scalars, position, *_ = self.net(
            self.like_network(batch.x),
            self.like_network(batch.pos),
            batch.get("edge_index"),
            edge_attr,
            velocity,
            batch.batch,
            batch.num_graphs,
        )
        return scalars, position

    @torch.no_grad()
    def rollout(self, batch: Batch, steps: int) -> Tensor:
        """Forecast several steps by feeding every forecast back as the next input.

        Args:
            batch: The first state.
            steps: Number of steps :math:`T`.

        Shapes:
            - **output**: :math:`(T, N, n)`

        Raises:
            ValueError: If the batch has velocities or features of edges, which a forecast of ``pos`` does not renew.
        """
        if "vel" in batch or "edge_attr" in batch:
            raise ValueError("a rollout renews `pos` alone, but the batch also has `vel` or `edge_attr`")
        state, frames = batch.clone(), []
        for _ in range(steps):
            state.pos = self(state)
            frames.append(state.pos)
        return torch.stack(frames) if frames else batch.pos.new_zeros(0, *batch.pos.shape)

    def _loss(self, batch: Batch) -> Tensor:
        return nn.functional.mse_loss(self(batch), self.like_network(batch.y))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        scalars, position = self._forecast(batch)
        loss = nn.functional.mse_loss(position, self.like_network(batch.y))
        self.watch(loss, batch_idx)
        if self.trainer.world_size > 1:
            # Several processes wait for the gradient of every parameter, of those too that make scalars alone.
            loss = loss + 0.0 * scalars.sum()
        self.log("train_mse", loss, batch_size=batch.num_graphs, prog_bar=True, on_step=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``val_mse``."""
        self.log("val_mse", self._loss(batch), batch_size=batch.num_graphs, prog_bar=True)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``test_mse``."""
        self.log("test_mse", self._loss(batch), batch_size=batch.num_graphs)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the forecast vectors."""
        forecast: Tensor = self(batch)
        return forecast

    def configure_optimizers(self) -> Any:
        """Adam, as in EGNN's protocol, with or without a rising and a decaying rate."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        if not self.decay and not self.warm_up:
            return optimizer
        steps = max(int(self.trainer.estimated_stepping_batches), 1) if self.decay else 1

        def rate(step: int) -> float:
            risen = min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0
            return risen * (1 + math.cos(math.pi * step / steps)) / 2 if self.decay else risen

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
