"""How the matrices of a group are trained beside a network until they come to rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightning
from torch import Tensor

from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.stopping import SpanStopping
from pyg_liesym.discovery.training import Batches, train

_AVERAGE_DECAY = 0.995


@dataclass(frozen=True)
class Pace:
    """How fast matrices move, and how far their elements reach at first, when a network knows nothing.

    Args:
        lr: Learning rate of the matrices, which falls as ``1 / (1 + t/τ)`` after the warm-up.
        decay: τ, in steps.
        warmup: Steps of the warm-up.
        cold: Size of the coefficients at its start, relative to that at its end.
        waiting: Whether the matrices stay where they are until its end.
    """

    lr: float
    decay: float
    warmup: int = 300
    cold: float = 0.1
    waiting: bool = False

    def lr_at(self, step: int) -> float:
        """Learning rate of a step."""
        return self.lr / (1.0 + max(0, step - self.warmup) / self.decay)

    def size_at(self, step: int) -> float:
        """Size of the coefficients in a step, at most 1."""
        return min(1.0, self.cold + (1.0 - self.cold) * step / max(1, self.warmup))


class GroupModule(lightning.LightningModule):
    """A module that trains the matrices of a `GroupDistribution`, and averages them over steps.

    Args:
        group: The distribution; its matrices are trained.
        pace: How fast.
    """

    def __init__(self, group: GroupDistribution, pace: Pace) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.group, self.pace = group, pace
        self.num_updates = 0

    @property
    def average(self) -> Tensor:
        """The running mean of the matrices, ``[K, n, n]``."""
        return self.group.average

    @property
    def size(self) -> float:
        """Size of the coefficients in this step."""
        return self.pace.size_at(self.num_updates)

    def move(self, optimizer: Any) -> None:
        """One step of the matrices, whose gradients are there, and of their mean."""
        optimizer.param_groups[0]["lr"] = self.pace.lr_at(self.num_updates)
        optimizer.step()
        self.group.bound()
        self.num_updates += 1
        self.group.update_average(max(1.0 - _AVERAGE_DECAY, 10.0 / (self.num_updates + 9.0)))

    def come_to_rest(self, batches: Batches, tolerance: float, *, progress: bool, accelerator: str) -> dict[str, Any]:
        """Train until the span of the mean turns by less than the tolerance, or the batches are used up.

        Returns:
            ``steps``, ``stopped`` (``"stable"`` or ``"max_steps"``), ``changes`` of the span per window, and the
            ``rates`` of the averaged matrices (size of their action relative to the data).
        """
        stopping = SpanStopping(tolerance=tolerance, start=self.pace.warmup)
        train(self, batches, stopping, progress=progress, accelerator=accelerator)
        return {
            "steps": self.num_updates,
            "stopped": "stable" if stopping.stable else "max_steps",
            "changes": stopping.changes,
            "rates": self.group.rates(self.average).tolist(),
        }
