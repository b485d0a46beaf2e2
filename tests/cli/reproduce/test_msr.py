from __future__ import annotations

from pathlib import Path

import pytest
import torch

from pyg_liesym.cli.reproduce.experiment import Sitting, run_experiment
from pyg_liesym.cli.reproduce.msr import SharedTasks
from pyg_liesym.cli.reproduce.msr_tasks import draw_tasks, true_sharing, unshared


def test_one_filter_is_a_convolution() -> None:
    sharing = true_sharing("rank 1", 8, torch.Generator())
    filt = torch.tensor([[1.0, -2.0, 0.5]], dtype=torch.float64)
    x = torch.randn(1, 5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = torch.nn.functional.conv1d(x.transpose(0, 1), filt[None])[:, 0]
    assert torch.allclose((x @ sharing.weights(filt).mT)[0], expected)


@pytest.mark.parametrize(("task", "copies"), [("eighths", 8), ("eighths and flips", 16)])
def test_turning_the_input_permutes_the_outputs_of_every_filter(task: str, copies: int) -> None:
    sharing = true_sharing(task, 8, torch.Generator())
    assert sharing.basis.shape == (27, 3 * copies, 9)
    x, _ = draw_tasks(sharing, 1, 1, torch.Generator().manual_seed(0))
    w = sharing.weights(torch.randn(1, 27, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    ring = torch.tensor([5, 2, 1, 0, 3, 6, 7, 8])
    turned = x.clone()
    turned[..., ring.roll(-1)] = x[..., ring]
    before, after = ((one @ w.mT).unflatten(2, (3, copies)) for one in (x, turned))
    assert torch.allclose(before.sort(dim=3).values, after.sort(dim=3).values)
    quarter = torch.rot90(x.reshape(3, 3), 1).reshape(1, 1, 9)
    twice = turned.clone()
    twice[..., ring.roll(-1)] = turned[..., ring]
    assert torch.equal(quarter, twice), "two eighths are the quarter turn of the array"
    random = x.flip(2) + turned**3
    assert not torch.allclose(before.sort(dim=3).values, (random @ w.mT).unflatten(2, (3, copies)).sort(dim=3).values)


def test_what_shares_nothing_can_be_every_layer() -> None:
    plain = unshared("rank 2", 8)
    assert {name: one.rank for name, one in plain.items()} == {"fully connected": 48, "locally connected": 18}
    assert {name: one.rank for name, one in unshared("eighths", 8).items()} == {"fully connected": 216}


def test_learned_sharing_helps_with_new_tasks(tmp_path: Path) -> None:
    experiment = SharedTasks(seeds=(0,), tasks=("rank 1",), num_tasks=200, length=8, max_steps=300)
    record = run_experiment(experiment, Sitting(out=tmp_path, progress=False))
    numbers = {run["row"]: run["numbers"] for run in record["runs"]}
    assert numbers["closed form"]["free"] == numbers["true sharing"]["free"] == 3
    assert numbers["closed form"]["error"] < 1e-10
    assert numbers["true sharing"]["error"] < 1e-10
    assert (
        numbers["MSR"]["error"]
        < 0.3 * numbers["locally connected"]["error"]
        < 0.3 * numbers["fully connected"]["error"]
    )


def test_unknown_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no task 'rank 9'; expected some of rank 1"):
        list(SharedTasks(tasks=("rank 9",)).jobs())
