from __future__ import annotations

import math

import pytest
import torch

from pyg_liesym.metrics.multiclass import class_rejections, separation, versus
from pyg_liesym.metrics.tagging import FEWEST_PASSED, background_rejection

GENERATOR = torch.Generator().manual_seed(0)
LABEL = torch.randint(10, (2000,), generator=GENERATOR)
LOGITS = torch.randn(2000, 10, generator=GENERATOR) + torch.nn.functional.one_hot(LABEL, 10)
PROBABILITIES = torch.softmax(LOGITS.double(), dim=1)
CLASSES = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")


def test_every_class_against_the_background() -> None:
    found = class_rejections(LOGITS, LABEL, CLASSES)
    assert list(found) == list(CLASSES[1:])
    for name, efficiency in (("Hbb", 0.5), ("Hqql", 0.99), ("Tbl", 0.995)):
        index = CLASSES.index(name)
        pairs = [(p, y) for p, y in zip(PROBABILITIES.tolist(), LABEL.tolist(), strict=True) if y in (0, index)]
        score = torch.tensor([p[index] / (p[index] + p[0]) for p, _ in pairs])
        label = torch.tensor([int(y == index) for _, y in pairs])
        assert found[name].passed == background_rejection(score, label, efficiency).passed > 0
    other = class_rejections(LOGITS, LABEL, CLASSES, background=3, efficiencies={})
    assert "Hgg" not in other
    assert other["Hqql"].passed < found["Hqql"].passed


def test_a_class_without_jets_is_left_out() -> None:
    keep = LABEL < 2
    assert list(class_rejections(LOGITS[keep], LABEL[keep], CLASSES)) == ["Hbb"]
    assert class_rejections(LOGITS[:0], LABEL[:0], CLASSES) == {}
    with pytest.raises(ValueError, match=r"expected logits \[S, 2\]"):
        class_rejections(LOGITS, LABEL, CLASSES[:2])


def test_few_background_jets_are_not_quoted() -> None:
    label = torch.cat([torch.ones(10), torch.zeros(100)]).long()
    score = torch.cat([torch.arange(10.0), torch.linspace(-1, 4.9, 100)])
    for shift, quotable in ((0.0, False), (4.0, True)):
        result = background_rejection(score + shift * (label == 0), label, 0.5)
        assert result.quotable == quotable == (result.passed >= FEWEST_PASSED)
        assert ("too few" in str(result)) == (not quotable)


def test_separation_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    expected = roc_auc_score(LABEL.numpy(), PROBABILITIES.numpy(), multi_class="ovo")
    assert separation(LOGITS, LABEL) == pytest.approx(expected)
    two = LABEL < 2
    assert separation(LOGITS[two, :2], LABEL[two]) == pytest.approx(
        roc_auc_score(LABEL[two].numpy(), (LOGITS[two, 1] - LOGITS[two, 0]).numpy())
    )
    assert math.isnan(separation(LOGITS, torch.zeros(2000)))
    assert math.isnan(separation(LOGITS, torch.full((2000,), -1)))
    assert math.isnan(separation(LOGITS * torch.nan, LABEL))


def test_certain_jets_are_not_tied() -> None:
    logits = torch.tensor([[0.0, 100.0], [0.0, 200.0]])
    assert versus(logits, 1, 0).tolist() == [100.0, 200.0]
