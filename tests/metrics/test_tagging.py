from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyg_liesym.metrics.tagging import background_rejection, roc

SCORES = st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=30).filter(
    lambda rows: {label for _, label in rows} == {True, False}
)


@given(SCORES)
def test_area_is_the_chance_that_signal_scores_higher(rows: list[tuple[int, bool]]) -> None:
    signal = [score for score, label in rows if label]
    background = [score for score, label in rows if not label]
    wins = sum((s > b) + 0.5 * (s == b) for s in signal for b in background)
    score = 1000.0 * torch.tensor([score for score, _ in rows])
    label = torch.tensor([int(label) for _, label in rows])
    assert roc(score, label).auc == pytest.approx(wins / len(signal) / len(background))


def test_rejection_counts_background_above_the_threshold() -> None:
    label = torch.cat([torch.ones(100), torch.zeros(1000)]).long()
    score = torch.cat([torch.arange(100.0), torch.linspace(-900.5, 98.5, 1000)])
    result = background_rejection(score, label, 0.5)
    assert result.passed == int((score[label == 0] >= 50).sum())
    assert result.value == pytest.approx(1000 / result.passed)
    efficiency = result.passed / 1000
    assert result.error == pytest.approx(math.sqrt(efficiency * (1 - efficiency) / 1000) / efficiency**2)
    perfect = background_rejection(label.float(), label, 0.5)
    assert perfect.value == math.inf
    assert perfect.passed == 0


def test_bad_input() -> None:
    score, label = torch.rand(4), torch.tensor([0, 1, 0, 1])
    with pytest.raises(ValueError, match="one shape"):
        roc(score, label[:3])
    with pytest.raises(ValueError, match="1 that are not"):
        roc(torch.tensor([0.0, torch.nan, 1, 2]), label)
    with pytest.raises(ValueError, match="labels 0"):
        roc(score, label + 1)
    with pytest.raises(ValueError, match="0 signal and 4 background"):
        roc(score, label * 0)
    with pytest.raises(ValueError, match="got 0"):
        background_rejection(score, label, 0.0)
