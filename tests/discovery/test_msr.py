from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pyg_liesym.discovery.msr import MSR
from pyg_liesym.discovery.weight_sharing import SharedWeights, shared_weights


def convolutions(filters: int, num_tasks: int = 300, n: int = 10) -> tuple[Tensor, Tensor, SharedWeights]:
    """Tasks of a convolution of three taps, or of several that are mixed differently at every place."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.softmax(torch.randn(n - 2, filters, generator=generator, dtype=torch.float64), dim=1)
    taps = [torch.eye(n - 2, n, dtype=torch.float64).roll(tap, 1) for tap in range(3)]
    basis = torch.stack([mixing[:, k, None] * tap for k in range(filters) for tap in taps])
    true = SharedWeights(basis, torch.zeros(len(basis), dtype=torch.float64), torch.zeros(0))
    w = true.weights(torch.randn(num_tasks, len(basis), generator=generator, dtype=torch.float64))
    x = torch.randn(num_tasks, 12, n, generator=generator, dtype=torch.float64)
    return x, x @ w.mT, true


def error(sharing: SharedWeights, x: Tensor, y: Tensor, support: int = 2) -> float:
    w = sharing.adapt(x[:, :support], y[:, :support])
    return float((x[:, support:] @ w.mT - y[:, support:]).square().mean() / y.square().mean())


@pytest.mark.parametrize("filters", [1, 2])
def test_the_sharing_and_its_rank_come_out_of_the_moments(filters: int) -> None:
    x, y, true = convolutions(filters)
    found = shared_weights(x[:250], y[:250], max_rank=12)
    assert found.rank == true.rank == 3 * filters
    assert found.angle(true) < 1e-6
    assert error(found, x[250:], y[250:]) < 1e-10


def test_tasks_that_share_nothing_keep_all_their_weights() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(300, 12, 4, generator=generator)
    y = x @ torch.randn(300, 3, 4, generator=generator).mT
    assert shared_weights(x, y).rank == 12


def test_a_rank_that_is_given_is_kept() -> None:
    x, y, true = convolutions(1)
    assert shared_weights(x, y, rank=3).angle(true) < 1e-6
    few = shared_weights(x, y, rank=2)
    assert few.rank == 2
    assert error(few, x, y) > 0.05
    with pytest.raises(ValueError, match="rank must lie between 1 and 32 for 300 tasks, got 33"):
        shared_weights(x, y, rank=33)


def test_gradients_find_the_same_sharing() -> None:
    x, y, true = convolutions(1)
    method = MSR(3, max_steps=400, tasks_per_step=16, progress=False)
    found, again = method.fit(x[:250], y[:250]), method.fit(x[:250], y[:250])
    assert torch.equal(found.basis, again.basis)
    assert found.angle(true) < 0.1
    random = SharedWeights(
        torch.randn(3, 8, 10, dtype=torch.float64), torch.zeros(3, dtype=torch.float64), torch.zeros(0)
    )
    assert error(found, x[250:], y[250:]) < 0.01
    assert error(random, x[250:], y[250:]) > 0.5


def test_adaptation_stays_at_the_start_where_examples_say_nothing() -> None:
    basis = torch.eye(4, dtype=torch.float64).reshape(4, 2, 2)
    sharing = SharedWeights(basis, torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64), torch.zeros(0))
    x = torch.tensor([[[1.0, 0.0]]], dtype=torch.float64)
    w = sharing.adapt(x, torch.tensor([[[5.0, 6.0]]], dtype=torch.float64))
    assert torch.allclose(w, torch.tensor([[[5.0, 2.0], [6.0, 4.0]]], dtype=torch.float64))


def test_angles_between_spans() -> None:
    one = SharedWeights(torch.eye(4)[:2].reshape(2, 2, 2), torch.zeros(2), torch.zeros(0))
    other = SharedWeights(torch.eye(4)[1:3].reshape(2, 2, 2), torch.zeros(2), torch.zeros(0))
    assert one.angle(one) < 1e-7
    assert one.angle(other) == pytest.approx(math.pi / 2)


def test_what_cannot_be_is_refused() -> None:
    x, y, _ = convolutions(1)
    for wrong in (x[0], x[:1], x[:200]):
        with pytest.raises(ValueError, match="examples of at least two tasks"):
            shared_weights(wrong, y[: len(wrong)] if wrong.ndim == 3 and len(wrong) < 2 else y)
    with pytest.raises(ValueError, match="finite"):
        shared_weights(x * float("nan"), y)
    with pytest.raises(ValueError, match="more than num_support = 12 examples, got 12"):
        MSR(3, num_support=12).fit(x, y)
    with pytest.raises(ValueError, match="rank must be positive"):
        MSR(0)
