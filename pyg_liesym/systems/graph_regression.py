"""Training a network to tell numbers of graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Batch

from pyg_liesym.systems.gather import gather_rows
from pyg_liesym.systems.schedules import Schedule, by_step
from pyg_liesym.systems.system import System
from pyg_liesym.transforms.with_batch import with_batch


class GraphRegression(System):
    r"""Tell the numbers ``y`` of graphs, such as properties of molecules, from vectors and scalars of their nodes.

    The network answers in units of its own, :math:`y = \mu + s \odot \mathrm{net}`, and the loss is the mean absolute
    error in these units, as in `EGNN <https://arxiv.org/abs/2102.09844>`_'s training on QM9, where :math:`\mu` is the
    mean and :math:`s` the mean absolute deviation of the training data. Validation and test log it as ``val_mae`` and
    ``test_mae``.

    **Law**: the answers are invariant to whatever the network is invariant to.

    Args:
        net: Called as ``net(x, pos, batch=..., batch_size=...)``, returns :math:`(B, T)`, as
            :class:`~pyg_liesym.nn.LieGNN` with a readout does; ``x`` is None where a batch has none.
        mean: :math:`\mu`, one for each number (default: 0).
        scale: :math:`s`, one for each number (default: 1).
        lr: Peak learning rate of Adam.
        weight_decay: Weight decay of Adam.
        schedule: Schedule of the rate, see :class:`~pyg_liesym.systems.JetTagging`.

    Raises:
        ValueError: If the mean and the scale have different lengths, or there is no such schedule.
        TrainingDiverged: A ``ValueError``, if a loss is not finite.

    Example:
        >>> from pyg_liesym.nn import LieGNN
        >>> net = LieGNN(5, 8, 2, 2, metric=torch.eye(3), readout="sum")
        >>> system = GraphRegression(net, mean=[10.0, 0.0], scale=[2.0, 1.0])
        >>> batch = Batch(x=torch.ones(5, 5), pos=torch.randn(5, 3), batch=torch.tensor([0, 0, 0, 1, 1]))
        >>> batch._num_graphs = 2
        >>> system(batch).shape
        torch.Size([2, 2])
    """

    monitor = "val_mae"
    predicts_rows = True
    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        net: nn.Module,
        mean: Sequence[float] = (0.0,),
        scale: Sequence[float] = (1.0,),
        *,
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        schedule: Schedule = "one-cycle",
    ) -> None:
        super().__init__(net)
        if len(mean) != len(scale):
            raise ValueError(f"expected as many means as scales, got {len(mean)} and {len(scale)}")
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.get_default_dtype()))
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.get_default_dtype()))
        self.lr, self.weight_decay, self.schedule = lr, weight_decay, schedule
        self.test_scores: dict[str, Tensor] = {}
        self._rows: list[tuple[Tensor, Tensor]] = []

    def forward(self, batch: Batch) -> Tensor:
        """Tell the numbers of a batch in the units of ``y``, shape :math:`(B, T)`."""
        return self.mean + self.scale * self._answers(with_batch(batch, "pos"))

    def _answers(self, batch: Batch) -> Tensor:
        x = self.like_network(batch.x) if "x" in batch else None
        answers: Tensor = self.net(x, self.like_network(batch.pos), batch=batch.batch, batch_size=batch.num_graphs)
        return answers

    def _loss(self, batch: Batch) -> Tensor:
        batch = with_batch(batch, "pos")
        target = (batch.y - self.mean) / self.scale
        return nn.functional.l1_loss(self._answers(batch), self.like_network(target))

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the loss of a batch."""
        loss = self._loss(batch)
        self.watch(loss, batch_idx)
        self.log("train_mae", loss, batch_size=batch.num_graphs, prog_bar=True, on_step=True)
        return loss

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``val_mae``."""
        self._log("val_mae", self._loss(batch), batch)

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Log ``test_mae``, and keep what the network says."""
        self._log("test_mae", self._loss(batch), batch)
        self._rows.append((self(batch).detach(), batch.y))

    def on_test_epoch_end(self) -> None:
        """Keep ``test_scores``: ``prediction`` and ``target`` in the units of ``y``, :math:`(S, T)`, of all ranks."""
        columns = [gather_rows(torch.cat(column)).cpu() for column in zip(*self._rows, strict=True)]
        self.test_scores = dict(zip(("prediction", "target"), columns, strict=True))
        self._rows.clear()

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Return the numbers in the units of ``y``."""
        numbers: Tensor = self(batch)
        return numbers

    def configure_optimizers(self) -> Any:
        """Adam, and its schedule by the step."""
        adam = torch.optim.Adam(self.parameters(), lr=self.lr, weight_decay=self.weight_decay)
        return by_step(self.schedule, adam, self.lr, self.trainer.estimated_stepping_batches)

    def _log(self, name: str, value: Tensor, batch: Batch) -> None:
        shared = self.trainer.world_size > 1
        self.log(name, value, batch_size=batch.num_graphs, prog_bar=True, sync_dist=shared)
