from __future__ import annotations

import math

import pytest
import torch

from pyg_liesym.systems.schedules import lorentznet_rate, make_schedule


def published() -> list[float]:
    """The rates of the 35 epochs, from torch's own schedulers."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
    cosine = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, 2)
    rates = []
    for _ in range(28):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        cosine.step()
    return [(k + 1) / 4 for k in range(4)] + rates + [rates[-1] * 0.5**k for k in (1, 2, 3)]


@pytest.mark.parametrize("steps_per_epoch", [1, 10])
def test_thirty_five_epochs_are_the_published_ones(steps_per_epoch: int) -> None:
    num = 35 * steps_per_epoch
    rates = [lorentznet_rate(step, num) for step in range(num)]
    last_of_epoch = rates[steps_per_epoch - 1 :: steps_per_epoch]
    assert last_of_epoch == pytest.approx(published())
    assert rates[: 4 * steps_per_epoch] == pytest.approx(
        [(k + 1) / (4 * steps_per_epoch) for k in range(4 * steps_per_epoch)]
    )


@pytest.mark.parametrize("num", [1, 2, 7, 34, 36, 1001])
def test_other_lengths_rise_to_the_peak_and_end_low(num: int) -> None:
    rates = [lorentznet_rate(step, num) for step in range(num + 1)]
    assert all(0 < rate <= 1 for rate in rates)
    assert max(rates) == 1.0
    if num > 30:
        assert rates[-1] < 0.01


@pytest.mark.parametrize("num", [1, 2, 3, 9, 10, 11])
def test_one_cycle_of_few_steps(num: int) -> None:
    """The rise has a step, which at ten was one divided by zero, and below ten none."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
    schedule, rates = make_schedule("one-cycle", optimizer, 0.5, num), []
    for _ in range(num):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step() if len(rates) < num else None
    assert rates[0 if num < 3 else 1] == pytest.approx(0.5) == max(rates)
    assert rates[-1] < 1e-4 or num < 3


def test_schedulers() -> None:
    def rates(name: str, num: int = 20) -> list[float]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
        schedule = make_schedule(name, optimizer, 0.5, num)  # type: ignore[arg-type]
        out = []
        for _ in range(num):
            out.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step() if len(out) < num else None
        return out

    assert rates("constant") == [0.5] * 20
    assert rates("lorentznet") == pytest.approx([0.5 * lorentznet_rate(step, 20) for step in range(20)])
    one_cycle = rates("one-cycle")
    assert max(one_cycle) == pytest.approx(0.5)
    assert one_cycle.index(max(one_cycle)) == 1
    assert one_cycle[-1] < 1e-4
    with pytest.raises(ValueError, match="'cosine'"):
        rates("cosine")
    assert not math.isnan(one_cycle[0])
