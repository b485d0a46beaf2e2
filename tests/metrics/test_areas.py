from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from pyg_liesym.metrics.areas import Estimate, auc, auc_difference, bootstrap_error
from pyg_liesym.metrics.tagging import roc

ROWS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-2, 2), st.booleans()), min_size=4, max_size=30).filter(
    lambda rows: 2 <= sum(label for *_, label in rows) <= len(rows) - 2
)


def kernel(score: Tensor, label: Tensor) -> Tensor:
    """ψ of every pair of a signal and a background jet."""
    signal, background = score[label == 1, None], score[None, label == 0]
    return (signal > background).double() + 0.5 * (signal == background).double()


def delong(psi: Tensor) -> Estimate:
    """DeLong's estimate from all pairs, as the paper writes it."""
    m, n = psi.shape
    by_signal, by_background, area = psi.mean(1), psi.mean(0), psi.mean()
    variance = (by_signal - area).square().sum() / (m - 1) / m + (by_background - area).square().sum() / (n - 1) / n
    return Estimate(float(area), float(variance.sqrt()))


@given(ROWS)
def test_area_and_error_are_those_of_all_pairs(rows: list[tuple[int, int, bool]]) -> None:
    first, second = (torch.tensor([row[k] for row in rows]).float() for k in (0, 1))
    label = torch.tensor([int(row[2]) for row in rows])
    assert auc(first, label) == pytest.approx(delong(kernel(first, label)))
    assert auc(first, label).value == pytest.approx(roc(first, label).auc, abs=1e-6)
    assert auc_difference(first, second, label) == pytest.approx(
        delong(kernel(first, label) - kernel(second, label)), abs=1e-12
    )


def test_the_bootstrap_agrees() -> None:
    generator = torch.Generator().manual_seed(0)
    label = (torch.arange(600) % 3 == 0).long()
    score = torch.randn(600, generator=generator) + label
    error = bootstrap_error(lambda s, y: auc(s, y).value, score, label, num=300)
    assert error == pytest.approx(auc(score, label).error, rel=0.15)
    assert error != bootstrap_error(lambda s, y: auc(s, y).value, score, label, num=300, seed=1)
    with pytest.raises(ValueError, match="num=1"):
        bootstrap_error(lambda s, y: 0.0, score, label, num=1)


def test_correlated_taggers_differ_more_surely_than_their_areas() -> None:
    generator = torch.Generator().manual_seed(0)
    label = torch.arange(400) % 2
    score = torch.randn(400, generator=generator) + label
    other = score + 0.1 * torch.randn(400, generator=generator)
    assert auc_difference(score, other, label).error < 0.3 * auc(score, label).error


def test_one_jet_of_a_class_has_no_error() -> None:
    assert math.isnan(auc(torch.tensor([0.0, 1.0, 2.0]), torch.tensor([0, 0, 1])).error)
    with pytest.raises(ValueError, match="both classes"):
        auc(torch.rand(3), torch.zeros(3))
    assert str(Estimate(0.5, 0.25)) == "0.50000 ± 0.25000"
