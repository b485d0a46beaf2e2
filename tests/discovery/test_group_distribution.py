from __future__ import annotations

from typing import Any

import pytest
import torch

from pyg_liesym.discovery.group_distribution import GroupDistribution


def test_every_sample_is_moved_by_an_element_of_its_own() -> None:
    group = GroupDistribution(torch.eye(3), num_channels=2)
    vectors = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(0))
    moved, matrices = group(vectors)
    for sample in range(5):
        g = torch.linalg.matrix_exp(matrices[sample])
        assert torch.allclose(moved[sample], vectors[sample] @ g.mT, atol=1e-4)
    assert not torch.allclose(matrices[0], matrices[1])
    still, _ = group(vectors, 0.0)
    assert torch.allclose(still, vectors)


def test_rate_is_the_relative_speed_of_the_data() -> None:
    group = GroupDistribution(torch.diag(torch.tensor([3.0, 1.0])))
    turn, stretch = torch.tensor([[0.0, -1.0], [1.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    assert torch.allclose(group.rates(torch.stack([turn, stretch])), torch.tensor([1.0, 3.0**0.5]))


@pytest.mark.parametrize(("held", "expected"), [(False, [0.5, 0.1]), (True, [1.0, 0.2])])
def test_rates_start_as_told_and_stay_below_the_bound_or_at_it(held: bool, expected: list[float]) -> None:
    group = GroupDistribution(torch.diag(torch.tensor([3.0, 1.0])), num_channels=2, rate=0.3, held=held)
    assert torch.allclose(group.rates(group.basis), torch.full((2,), 1.0 if held else 0.3))
    with torch.no_grad():
        group.weight.mul_(torch.tensor([0.5, 0.1]).view(2, 1, 1) / group.rates(group.basis).view(2, 1, 1))
    group.bound()
    assert torch.allclose(group.rates(group.basis), torch.tensor(expected))
    with torch.no_grad():
        group.weight.mul_(100.0)
    group.bound()
    assert torch.allclose(group.rates(group.basis), torch.ones(2))


def test_matrices_start_where_they_are_told_within_the_mask() -> None:
    start, mask = torch.tensor([[[0.0, -0.4], [0.4, 0.1]]]), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    group = GroupDistribution(torch.eye(2), mask=mask, start=start)
    assert torch.equal(group.basis, start * mask)
    assert torch.equal(group.average, group.basis)
    with torch.no_grad():
        group.weight.add_(1.0)
    assert bool((group.basis[:, mask == 0] == 0).all())
    assert bool((group.basis[:, mask == 1] != 0).all())


def test_same_seed_same_start() -> None:
    first, again, other = (GroupDistribution(torch.eye(3), seed=seed).basis for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("law", "scale", "deviation"),
    [("normal", 2.0, 2.0), ("uniform", 3.0, 3.0**0.5), ("integer", 2.0, 2.0**0.5), ("one", 1.0, 0.0)],
)
def test_laws_of_the_coefficients(law: Any, scale: float, deviation: float) -> None:
    w = GroupDistribution(torch.eye(2), num_channels=3, coefficients=law, scale=scale).sample_coefficients(20_000)
    assert w.shape == (20_000, 3)
    assert w.std().item() == pytest.approx(deviation, rel=0.05)
    if law == "integer":
        assert set(w.flatten().tolist()) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    if law == "uniform":
        assert 2.9 < w.abs().max().item() <= 3.0
    if law == "one":
        assert bool((w == 1.0).all())


def test_overlap_is_the_sum_of_squared_cosines() -> None:
    one, two = torch.eye(2), torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    assert GroupDistribution.overlap(torch.stack([one, 5.0 * two, -one])).item() == pytest.approx(
        0.5 + 1 + 0.5, rel=1e-4
    )


def test_the_average_moves_by_a_share() -> None:
    group = GroupDistribution(torch.eye(2))
    before = group.average.clone()
    with torch.no_grad():
        group.weight.add_(1.0)
    group.update_average(0.25)
    assert torch.allclose(group.average, before + 0.25)
