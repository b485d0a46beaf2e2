"""Learning rates over a training, as a share of the peak rate."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import torch

Schedule: TypeAlias = Literal["lorentznet", "one-cycle", "constant"]

EPOCHS = 35
WARM_UP = 4
CYCLES = (4, 8, 16)


def lorentznet_rate(step: int, num_steps: int) -> float:
    r"""LorentzNet's schedule, stretched over a training of any length.

    Of the 35 epochs of `Gong et al. <https://arxiv.org/abs/2201.08187>`_ (JHEP 2022, and its released training), the
    rate rises linearly in 4, goes down a cosine three times, in 4, 8 and 16 epochs (``CosineAnnealingWarmRestarts``
    with T0 = 4, Tmult = 2), and halves in each of the last 3. One thirty-fifth of a training of another length counts
    as an epoch here. Within an epoch the rate is constant, as theirs is, but for the rise, which is even.

    Args:
        step: Steps taken.
        num_steps: Steps of the whole training.

    Example:
        >>> [round(lorentznet_rate(epoch, 35), 3) for epoch in (0, 3, 4, 7, 8, 16, 31, 32, 34)]
        [0.25, 1.0, 1.0, 0.146, 1.0, 1.0, 0.01, 0.005, 0.001]
    """
    if step * EPOCHS < WARM_UP * num_steps:
        return (step + 1) / max(1, math.ceil(num_steps * WARM_UP / EPOCHS))
    epoch = min(step * EPOCHS // num_steps, EPOCHS - 1) - WARM_UP
    for length in CYCLES:
        if epoch < length:
            return (1 + math.cos(math.pi * epoch / length)) / 2
        epoch -= length
    last = (1 + math.cos(math.pi * (CYCLES[-1] - 1) / CYCLES[-1])) / 2
    return float(last * 0.5 ** (epoch + 1))


def make_schedule(
    name: Schedule, optimizer: torch.optim.Optimizer, lr: float, num_steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """A scheduler to be stepped after every step of the optimiser.

    Args:
        name: ``"lorentznet"``, see :func:`lorentznet_rate`; ``"one-cycle"``: up in the first tenth, then down a cosine
            (of one or two steps constant); or ``"constant"``.
        optimizer: The optimiser, at the peak rate.
        lr: The peak rate.
        num_steps: Steps of the whole training.

    Raises:
        ValueError: If there is no such schedule.
    """
    if name == "one-cycle" and num_steps > 2:
        rise = max(0.1, 2 / num_steps)  # one step at least
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=lr, total_steps=num_steps, pct_start=rise, cycle_momentum=False
        )
    if name == "lorentznet":
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: lorentznet_rate(step, num_steps))
    if name in ("one-cycle", "constant"):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)
    raise ValueError(f"expected a schedule 'lorentznet', 'one-cycle' or 'constant', got {name!r}")


def by_step(name: Schedule, optimizer: torch.optim.Optimizer, lr: float, num_steps: float) -> dict[str, Any]:
    """An optimiser with its schedule, as Lightning's ``configure_optimizers`` hands them on.

    Args:
        name: See :func:`make_schedule`.
        optimizer: The optimiser, at the peak rate.
        lr: The peak rate.
        num_steps: Steps of the whole training; infinity if nobody knows.

    Raises:
        ValueError: If there is no such schedule, or it needs a length that nobody knows.
    """
    if name != "constant" and num_steps == float("inf"):
        raise ValueError(
            f"the schedule {name!r} is stretched over the training: set the trainer's max_epochs or max_steps, or "
            "schedule='constant'"
        )
    schedule = make_schedule(name, optimizer, lr, int(min(num_steps, 2**62)))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
