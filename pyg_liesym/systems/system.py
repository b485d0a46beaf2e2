"""What every system has: a network, a loss that is watched, and a precision that its data follow."""

from __future__ import annotations

from typing import ClassVar

import lightning as L
import torch
from torch import Tensor, nn

_LOOK_EVERY = 50
"""Steps from one look at the loss to the next: each waits for the device."""


class TrainingDiverged(ValueError):
    """A loss or a score is not finite."""


class System(L.LightningModule):
    """A network and how it is trained; a task derives its system from it and says what its loss is called.

    ``liesym fit`` keeps the checkpoint with the smallest ``monitor`` and stops where it does not fall any more;
    ``liesym predict`` writes the predictions where ``predicts_rows``.

    Args:
        net: The network.

    Example:
        >>> System(nn.Linear(2, 1).double()).like_network(torch.ones(3, 2)).dtype
        torch.float64
    """

    monitor: ClassVar[str] = "val_loss"
    """Name of the validation loss."""

    predicts_rows: ClassVar[bool] = False
    """Whether a prediction has a row for each graph or node of a batch."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def setup(self, stage: str) -> None:
        """Become double where the trainer's precision is ``64-true``: it reads a checkpoint before it sees to that."""
        if self.trainer.precision == "64-true":
            self.double()

    def like_network(self, values: Tensor) -> Tensor:
        """Floating-point numbers in the precision of the network's parameters, which ``trainer.precision`` may set."""
        if not values.is_floating_point():
            return values
        kinds = (each.dtype for each in self.net.parameters() if each.is_floating_point())
        return values.to(next(kinds, values.dtype))

    def watch(self, loss: Tensor, batch_idx: int) -> None:
        """Look at the loss of the first training step and now and then.

        Raises:
            TrainingDiverged: If it is not finite.
        """
        if (batch_idx + 1) % _LOOK_EVERY < 2 and not bool(torch.isfinite(loss)):
            raise TrainingDiverged(
                f"the training has diverged: the loss of step {self.global_step} is {float(loss.detach())}; begin anew "
                "or from an earlier checkpoint, with a smaller `lr` or with the trainer's `gradient_clip_val`, and "
                "see whether all that it is given is finite"
            )
