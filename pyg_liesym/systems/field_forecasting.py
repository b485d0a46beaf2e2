"""Training a network to forecast flows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch
from torchmetrics import MeanSquaredError

from pyg_liesym.nn.models.field_forecaster import FieldForecaster
from pyg_liesym.nn.relaxable import relaxation, relaxation_penalty
from pyg_liesym.systems.system import System
from pyg_liesym.typing import OptTensor


class FieldForecasting(System):
    r"""Forecast the frames of a flow from those before, in training as in use with forecasts fed back.

    .. math:: \frac{1}{S} \sum_{k=1}^{S} \frac{\langle |\hat u_{t+k} - u_{t+k}|^2 \rangle}{\delta^2} + \alpha R

    over as many frames S as the batch has in ``y``, with the size δ of the flow's changes and the penalty R of the
    network's relaxation, :func:`~pyg_liesym.nn.relaxation_penalty`. The protocol is that of "Approximately Equivariant
    Networks" (Wang, Walters, Yu, ICML 2022, section 5; `arXiv:2201.11969 <https://arxiv.org/abs/2201.11969>`_).

    A batch of a flow with gaps has ``mask``, True where a frame is known. Loss and scores are then means over the
    components that are known in the frame to be forecast and in the last given one: without the latter there is no
    forecast. The network sees what stands in ``x`` elsewhere, the ``fill`` of the data set, which must be a number;
    what stands in ``y`` there does not matter. A batch without one known component costs nothing.

    **Law**: the forecast transforms as the network does.

    Args:
        net: The network.
        penalty: α.
        lr: Learning rate of Adam.
        weight_decay: Weight decay of Adam.
        decay: Factor of the rate after so many epochs.
        decay_every: How many.
        test_names: Names of the test sets, in the order of their loaders.

    Example:
        >>> net = FieldForecaster(nn.Conv2d(6, 2, 1), history=3)
        >>> system = FieldForecasting(net)
        >>> batch = Batch(x=torch.ones(4, 3, 2, 8, 8), y=torch.ones(4, 2, 2, 8, 8))
        >>> system(batch).shape
        torch.Size([4, 2, 2, 8, 8])
    """

    monitor = "val_rmse"
    net: FieldForecaster

    def __init__(
        self,
        net: FieldForecaster,
        penalty: float = 0.0,
        lr: float = 1e-3,
        weight_decay: float = 4e-4,
        decay: float = 0.9,
        decay_every: int = 1,
        *,
        test_names: Sequence[str] = ("future", "domain"),
    ) -> None:
        super().__init__(net)
        self.penalty, self.lr, self.weight_decay = penalty, lr, weight_decay
        self.decay, self.decay_every, self.test_names = decay, decay_every, tuple(test_names)
        self.val_rmse = MeanSquaredError(squared=False)
        self.test_rmse = nn.ModuleDict({name: MeanSquaredError(squared=False) for name in self.test_names})

    def forward(self, batch: Batch) -> Tensor:
        """Forecast as many frames as the batch has in ``y``, shape :math:`(B, S, 2, H, W)`."""
        mask = batch.mask[:, : batch.x.size(1)] if "mask" in batch else None
        return self.net.rollout(self.like_network(batch.x), batch.y.size(1), mask)

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        error = self._square_error(batch) / self.net.step.square()
        self.watch(error, batch_idx)
        self.log("train_error", error.detach().sqrt(), batch_size=len(batch.x), prog_bar=True)
        return error + self.penalty * relaxation_penalty(self.net) if self.penalty else error

    def _square_error(self, batch: Batch) -> Tensor:
        forecast, truth, known = self(batch), self.like_network(batch.y), known_in_both(batch)
        if known is None:
            return nn.functional.mse_loss(forecast, truth)
        squares = torch.where(known, forecast - torch.where(known, truth, 0.0), 0.0).square()
        return squares.sum() / known.sum().clamp(min=1)

    def _score(self, metric: MeanSquaredError, batch: Batch) -> None:
        """Add a batch to a score."""
        forecast, truth, known = self(batch), self.like_network(batch.y), known_in_both(batch)
        if known is None:
            metric(forecast.contiguous(), truth.contiguous())
        elif known.any():
            metric(forecast[known], truth[known])

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``val_rmse``, in the units of the flow."""
        self._score(self.val_rmse, batch)
        self.log("val_rmse", self.val_rmse, batch_size=len(batch.x), prog_bar=True)

    def on_train_epoch_end(self) -> None:
        """Log how far the network has relaxed."""
        self.log("relaxation", relaxation(self.net), prog_bar=True)

    def test_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Log ``test_rmse_future`` and so on for each test set."""
        name = self.test_names[dataloader_idx]
        rmse: MeanSquaredError = self.test_rmse[name]  # type: ignore[assignment]
        self._score(rmse, batch)
        self.log(f"test_rmse_{name}", rmse, batch_size=len(batch.x), add_dataloader_idx=False)

    def predict_step(self, batch: Batch, batch_idx: int, dataloader_idx: int = 0) -> Tensor:
        """Return the forecast frames."""
        forecast: Tensor = self(batch)
        return forecast

    def configure_optimizers(self) -> Any:
        """Adam with a rate that falls in steps."""
        optimizer = torch.optim.Adam(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, self.decay_every, self.decay)]


def known_in_both(batch: Batch) -> OptTensor:
    """Of each component of ``y``, whether it is known and was in the last given frame; None for a batch without mask.

    Shapes:
        - **output**: :math:`(B, S, 2, H, W)`
    """
    if "mask" not in batch:
        return None
    history: int = batch.x.size(1)
    known: Tensor = batch.mask[:, history:] & batch.mask[:, history - 1 : history]
    return known.expand_as(batch.y)
