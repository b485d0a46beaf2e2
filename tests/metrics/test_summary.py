from __future__ import annotations

import math

import pytest
import torch

from pyg_liesym.metrics.areas import auc
from pyg_liesym.metrics.multiclass import class_rejections
from pyg_liesym.metrics.summary import tagging_summary
from pyg_liesym.metrics.tagging import background_rejection

GENERATOR = torch.Generator().manual_seed(0)
LABEL = torch.randint(3, (9000,), generator=GENERATOR)
LOGITS = torch.randn(9000, 3, generator=GENERATOR) + torch.nn.functional.one_hot(LABEL, 3)


def test_two_classes() -> None:
    label, logits = (LABEL > 0).long(), LOGITS[:, :2]
    found = tagging_summary(logits, label)
    score = logits[:, 1] - logits[:, 0]
    assert (found["auc"], found["auc_error"]) == pytest.approx(auc(score, label))
    for percent in (30, 50):
        names = [f"rejection_{percent}{end}" for end in ("", "_error", "_passed")]
        assert tuple(found[name] for name in names) == pytest.approx(
            tuple(background_rejection(score, label, percent / 100))
        )
    turned = tagging_summary(logits.flip(1), 1 - label, background=1)
    assert turned["auc"] == pytest.approx(found["auc"])
    assert turned["rejection_50"] == pytest.approx(found["rejection_50"])


def test_several_classes() -> None:
    found = tagging_summary(LOGITS, LABEL, ["QCD", "Hbb", "Tbl"])
    expected = class_rejections(LOGITS, LABEL, ["QCD", "Hbb", "Tbl"])
    assert found["rejection_Tbl"] == expected["Tbl"].value
    assert found["rejection_Hbb_passed"] == expected["Hbb"].passed
    assert "rejection_1" in tagging_summary(LOGITS, LABEL)


def test_too_few_are_counted_and_not_quoted() -> None:
    few = tagging_summary(LOGITS[:40, :2], (LABEL[:40] > 0).long())
    assert math.isnan(few["rejection_30"])
    assert math.isnan(few["rejection_30_error"])
    assert few["rejection_30_passed"] < 25


@pytest.mark.parametrize("logits", [LOGITS, LOGITS[:, :2], LOGITS * torch.nan])
def test_jets_of_one_class_have_an_accuracy_alone(logits: torch.Tensor) -> None:
    assert set(tagging_summary(logits, torch.zeros(9000).long())) == {"accuracy", "accuracy_error"}
