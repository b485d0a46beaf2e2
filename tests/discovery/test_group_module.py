from __future__ import annotations

import pytest
import torch

from pyg_liesym.discovery.group_distribution import GroupDistribution
from pyg_liesym.discovery.group_module import GroupModule, Pace


def test_the_warm_up_ends_at_full_size_and_the_rate_falls_after_it() -> None:
    pace = Pace(lr=0.1, decay=20.0, warmup=10, cold=0.1)
    assert [pace.size_at(step) for step in (0, 5, 10, 25)] == pytest.approx([0.1, 0.55, 1.0, 1.0])
    assert [pace.lr_at(step) for step in (0, 10, 30)] == pytest.approx([0.1, 0.1, 0.05])
    assert Pace(lr=0.1, decay=20.0, cold=1.0).size_at(0) == 1.0
    assert Pace(lr=0.1, decay=20.0, warmup=0).size_at(0) == pytest.approx(0.1)


def test_a_step_keeps_the_bound_and_moves_the_mean() -> None:
    group = GroupDistribution(torch.eye(2), rate=0.5)
    module = GroupModule(group, Pace(lr=0.3, decay=1.0, warmup=1))
    optimizer = torch.optim.SGD([group.weight], lr=9.0)
    before = group.basis.detach().clone()
    (-100.0 * group.basis.square().sum()).backward()  # outwards
    module.move(optimizer)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.3)
    assert module.num_updates == 1
    assert group.rates(group.basis).item() == pytest.approx(1.0)
    assert torch.allclose(group.basis.flatten() / before.flatten(), torch.tensor(2.0))
    assert torch.allclose(module.average, group.basis)  # at first the mean forgets
    module.move(optimizer)
    module.move(optimizer)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.3 / 2)
