from __future__ import annotations

import pytest
import torch

from pyg_liesym.discovery.predictor import Predictor
from pyg_liesym.discovery.samples import Samples


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_the_linear_part_is_fitted_and_sets_the_units_of_the_error() -> None:
    x = normal(2000, 3)
    y = x @ normal(3, 3) + 0.1 * normal(2000, 3).square()
    samples = Samples.of(x, y)
    net = Predictor.from_samples(samples)
    for parameter in net.network[-1].parameters():
        torch.nn.init.zeros_(parameter)
    targets = Predictor.targets(samples)
    assert net.error(net(net.inputs(samples)), targets).item() == pytest.approx(1.0, rel=0.01)
    free = ((targets - targets.mean(0)) / net.size).square().mean()
    assert free.item() > 10


def test_targets_are_read_from_the_samples() -> None:
    x = normal(200, 2, 3)
    assert Predictor.targets(Samples.of(x, normal(200, 1, 3))).shape == (200, 3)
    assert Predictor.targets(Samples.of(x, normal(200, 5))).shape == (200, 5)
    assert Predictor.targets(Samples.of(x, torch.arange(200) % 4)).shape == (200,)
    with pytest.raises(ValueError, match="nothing to predict"):
        Predictor.targets(Samples.of(x))


def test_a_classifier_has_a_logit_for_each_class() -> None:
    samples = Samples.of(normal(200, 2), torch.arange(200) % 4)
    net = Predictor.from_samples(samples)
    logits = net(net.inputs(samples))
    assert logits.shape == (200, 4)
    assert net.error(logits, Predictor.targets(samples)).item() == pytest.approx(
        torch.tensor(4.0).log().item(), rel=0.1
    )


def test_a_column_that_does_not_vary_does_no_harm() -> None:
    x = normal(200, 3)
    x[:, 2] = 1.0
    samples = Samples.of(x, x[:, 0])
    net = Predictor.from_samples(samples)
    assert bool(torch.isfinite(net(net.inputs(samples))).all())
