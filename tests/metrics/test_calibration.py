from __future__ import annotations

import pytest
import torch
from torchmetrics.functional.classification import binary_calibration_error

from pyg_liesym.metrics.calibration import calibration


def drawn(num: int, power: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores, and labels with the scores' power as probability: calibrated for a power of 1."""
    generator = torch.Generator().manual_seed(seed)
    score = torch.rand(num, generator=generator, dtype=torch.float64)
    return score, (torch.rand(num, generator=generator, dtype=torch.float64) < score**power).long()


def test_what_is_calibrated_is_rarely_refused_and_what_is_not_is() -> None:
    found = [calibration(*drawn(500, 1.0, seed), draws=99) for seed in range(60)]
    assert sum(one.p <= 0.05 for one in found) <= 8  # 3 expected; more than 8 once in 150
    mean = sum(one.gap for one in found) / 60
    assert mean == pytest.approx(sum(one.by_chance for one in found) / 60, rel=0.1)
    assert all(calibration(*drawn(500, 2.0, seed), draws=99).p <= 0.05 for seed in range(10))


def test_shares_and_errors_of_the_bins() -> None:
    score, label = drawn(20_000, 2.0, 0)
    found = calibration(score, label, bins=10)
    assert found.jets.sum() == 20_000
    for k in range(10):
        own = (score >= k / 10) & (score < (k + 1) / 10)
        assert found.share[k] == pytest.approx(float(label[own].double().mean()))
        assert found.score[k] == pytest.approx(float(score[own].mean()))
        assert found.error[k] == pytest.approx(float((score[own] * (1 - score[own])).sum().sqrt() / own.sum()))
    expected = sum(float(n * (a - b).abs()) for n, a, b in zip(found.jets, found.share, found.score, strict=True))
    assert found.gap == pytest.approx(expected / 20_000)
    assert found.gap == pytest.approx(float(binary_calibration_error(score, label, n_bins=10)), rel=1e-5)
    assert found.gap == pytest.approx(1 / 6, abs=0.01)  # the mean of x - x²
    ends = calibration(torch.tensor([0.0, 1.0]), torch.tensor([0, 1]), bins=4)
    assert (ends.jets.tolist(), ends.gap, ends.by_chance, ends.p) == ([1, 1], 0.0, 0.0, 1.0)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"expected probabilities between 0 and 1, got 0 to 1\.2"):
        calibration(torch.tensor([0.0, 1.2]), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="0 signal and 2 background"):
        calibration(torch.tensor([0.0, 0.2]), torch.tensor([0, 0]))
    with pytest.raises(ValueError, match="at least one bin"):
        calibration(torch.tensor([0.0, 0.2]), torch.tensor([0, 1]), bins=0)
