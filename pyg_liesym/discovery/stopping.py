"""When a discovered basis has come to rest."""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor


class SpanStopping(Callback):
    """Ends a fit when the span of the averaged basis, weighted by the matrices' norms, no longer turns.

    Every ``window`` steps the second moments ``Σᵢ vec(L̄ᵢ) vec(L̄ᵢ)ᵀ`` of the running average L̄ are compared
    with those of one window before. They do not depend on the order, the signs or the mixing of channels.
    The rule knows the basis only: no true answer, no metric.

    Args:
        window: Steps between two comparisons.
        tolerance: Relative (Frobenius) change below which a window counts as quiet.
        patience: Number of quiet windows in a row that end the fit.
        start: First step from which windows count, the end of a warm-up.
    """

    def __init__(self, window: int = 50, tolerance: float = 0.001, patience: int = 3, start: int = 0) -> None:
        self.start = start
        self.window, self.tolerance, self.patience = window, tolerance, patience
        self.previous: Tensor | None = None
        self.changes: list[float] = []

    @property
    def stable(self) -> bool:
        """Whether the last ``patience`` windows were quiet."""
        recent = self.changes[-self.patience :]
        return len(recent) == self.patience and max(recent) < self.tolerance

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any, **kwargs: Any) -> None:
        """Compare, and ask the trainer to stop when quiet."""
        if pl_module.num_updates < self.start or pl_module.num_updates % self.window:
            return
        flat = pl_module.average.detach().double().flatten(1)
        moments = flat.T @ flat
        moments = moments / moments.norm().clamp(min=1e-30)
        if self.previous is not None:
            self.changes.append(float(torch.linalg.norm(moments - self.previous)))
        self.previous = moments
        trainer.should_stop = trainer.should_stop or self.stable
