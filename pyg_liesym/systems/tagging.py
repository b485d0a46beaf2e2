"""Training a network to tell classes of jets apart."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.metrics.tagging import background_rejection, roc


class JetTagging(L.LightningModule):
    r"""Classify jets by the four-momenta of their constituents.

    The loss is the cross entropy. Validation and test log the accuracy; with two classes (background 0, signal 1) also
    the area under the ROC and the background rejection at signal efficiencies of 0.3 and 0.5.

    **Law**: the scores are invariant to whatever the network is invariant to; for :class:`~pyg_liesym.nn.LieGNN` with
    the Minkowski metric, to all Lorentz transformations of a jet.

    Args:
        net: Called as ``net(None, p4, batch=..., batch_size=...)``, returns logits, shape :math:`(B, C)`, as
            :class:`~pyg_liesym.nn.LieGNN` with ``in_channels=0`` and a readout does.
        lr: Peak learning rate of AdamW; it rises over the first tenth of the training and falls along a cosine.
        weight_decay: Weight decay of AdamW.

    Units:
        Four-momenta in GeV.

    Example:
        >>> from pyg_liesym.lie import minkowski
        >>> from pyg_liesym.nn import LieGNN
        >>> system = JetTagging(LieGNN(0, 8, 2, 2, metric=minkowski(), readout="mean"))
        >>> batch = Batch(p4=torch.rand(5, 4), batch=torch.tensor([0, 0, 0, 1, 1]))
        >>> batch._num_graphs = 2
        >>> system(batch).shape
        torch.Size([2, 2])
    """

    def __init__(self, net: nn.Module, lr: float = 2e-3, weight_decay: float = 1e-2) -> None:
        super().__init__()
        self.net, self.lr, self.weight_decay = net, lr, weight_decay
        self._logits: list[Tensor] = []
        self._labels: list[Tensor] = []

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of a batch, shape :math:`(B, C)`."""
        logits: Tensor = self.net(None, batch.p4, batch=batch.batch, batch_size=batch.num_graphs)
        return logits

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        loss = nn.functional.cross_entropy(self(batch), batch.y)
        self.log("train_loss", loss, batch_size=batch.num_graphs, prog_bar=True, on_step=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect the logits of a batch."""
        self._logits.append(self(batch))
        self._labels.append(batch.y)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Collect the logits of a batch."""
        self.validation_step(batch, batch_idx)

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the probabilities of the classes, shape :math:`(B, C)`."""
        return torch.softmax(self(batch), dim=-1)

    def on_validation_epoch_end(self) -> None:
        """Log ``val_loss``, ``val_accuracy`` and, for two classes, ``val_auc`` and rejections."""
        self._log_scores("val")

    def on_test_epoch_end(self) -> None:
        """Log the same under ``test_…``."""
        self._log_scores("test")

    def configure_optimizers(self) -> Any:
        """AdamW with a one-cycle schedule."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.lr, total_steps=steps, pct_start=0.1, cycle_momentum=False
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _gathered(self, parts: list[Tensor]) -> Tensor:
        own = torch.cat(parts)
        everywhere = self.all_gather(own)
        assert isinstance(everywhere, Tensor)
        return everywhere.reshape(-1, *own.shape[1:])

    def _log_scores(self, stage: str) -> None:
        """Score all ranks' logits together."""
        logits, labels = self._gathered(self._logits), self._gathered(self._labels)
        self._logits.clear()
        self._labels.clear()
        scores = {
            "loss": float(nn.functional.cross_entropy(logits, labels)),
            "accuracy": float((logits.argmax(-1) == labels).float().mean()),
        }
        if logits.size(-1) == 2 and labels.unique().numel() == 2 and bool(logits.isfinite().all()):
            score, label = (logits[:, 1] - logits[:, 0]).cpu(), labels.cpu()
            scores["auc"] = roc(score, label).auc
            scores["rejection_30"] = background_rejection(score, label, 0.3).value
            scores["rejection_50"] = background_rejection(score, label, 0.5).value
        for name, value in scores.items():
            self.log(f"{stage}_{name}", value, prog_bar=name in ("loss", "auc"), rank_zero_only=False)
