from __future__ import annotations

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


def test_rates_start_as_told_and_stay_below_the_bound() -> None:
    group = GroupDistribution(torch.diag(torch.tensor([3.0, 1.0])), num_channels=2, start=0.3)
    assert torch.allclose(group.rates(group.basis), torch.full((2,), 0.3))
    with torch.no_grad():
        group.weight.mul_(torch.tensor([10.0, 0.5]).view(2, 1, 1))
    group.bound()
    assert torch.allclose(group.rates(group.basis), torch.tensor([1.0, 0.15]))


@pytest.mark.parametrize(("law", "deviation"), [("normal", 1.0), ("uniform", 3.0**-0.5)])
def test_laws_of_the_coefficients(law: str, deviation: float) -> None:
    group = GroupDistribution(torch.eye(2), coefficients=law)  # type: ignore[arg-type]
    drawn = group.sample(20_000)[:, 0, 0] / group.basis[0, 0, 0]
    assert drawn.std().item() == pytest.approx(deviation, rel=0.05)
    assert drawn.abs().max().item() <= 1.0 or law == "normal"


def test_the_average_moves_by_a_share() -> None:
    group = GroupDistribution(torch.eye(2))
    before = group.average.clone()
    with torch.no_grad():
        group.weight.add_(1.0)
    group.update_average(0.25)
    assert torch.allclose(group.average, before + 0.25)
