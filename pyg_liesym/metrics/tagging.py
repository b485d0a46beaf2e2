"""Scores of a tagger: ROC, area under it, and background rejection."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Roc(NamedTuple):
    """Efficiencies for signal and background as the threshold falls, and the area under the curve.

    Shapes:
        - **signal**, **background**: :math:`(T)`, rising from 0 to 1
    """

    signal: Tensor
    background: Tensor
    auc: float


FEWEST_PASSED = 25
"""Background jets that have to pass for a rejection to be quoted: its error is then 20 % or less."""


class Rejection(NamedTuple):
    """Background rejection at a signal efficiency, its statistical error, and how many background jets passed."""

    value: float
    error: float
    passed: int

    @property
    def quotable(self) -> bool:
        """Whether enough background jets pass for value and error to mean something."""
        return self.passed >= FEWEST_PASSED

    def __str__(self) -> str:
        if not self.quotable:
            return f"too few background jets pass: {self.passed}"
        return f"{self.value:.4g} ± {self.error:.2g}"


def roc(score: Tensor, label: Tensor) -> Roc:
    r"""The ROC of a binary tagger, :math:`(\epsilon_S, \epsilon_B)` at every threshold, and its area.

    Args:
        score: Higher for signal; any monotonous scale.
        label: 1 for signal, 0 for background.

    Shapes:
        - **score**, **label**: :math:`(S)`

    Raises:
        ValueError: On NaN scores, labels other than 0 and 1, or if one class is missing.

    Example:
        >>> roc(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1])).auc
        0.75
    """
    check_scores(score, label)
    from torchmetrics.functional.classification import binary_roc

    # torchmetrics squeezes scores through a float32 sigmoid, which ties far ones; dense ranks have the same ROC.
    rank = score.unique(return_inverse=True)[1].to(torch.float64)
    background, signal, _ = binary_roc(rank / rank.max().clamp(min=1), label.long())
    background, signal = background.double(), signal.double()
    return Roc(signal, background, float(torch.trapezoid(signal, background)))


def check_scores(score: Tensor, label: Tensor) -> None:
    """Raise where scores and labels of a binary tagger make no ROC."""
    if score.shape != label.shape or score.dim() != 1:
        raise ValueError(f"expected `score` and `label` of one shape [S], got {list(score.shape)}, {list(label.shape)}")
    if not bool(torch.isfinite(score).all()):
        raise ValueError(f"expected finite scores, got {int((~torch.isfinite(score)).sum())} that are not")
    if not bool(((label == 0) | (label == 1)).all()):
        raise ValueError("expected labels 0 (background) and 1 (signal)")
    signal_count, background_count = int(label.sum()), int((1 - label).sum())
    if signal_count == 0 or background_count == 0:
        raise ValueError(f"a ROC needs both classes, got {signal_count} signal and {background_count} background jets")


def background_rejection(score: Tensor, label: Tensor, signal_efficiency: float) -> Rejection:
    r"""The rejection :math:`1 / \epsilon_B` at the threshold that keeps at least a share of the signal.

    The error is the binomial one of :math:`\epsilon_B`, propagated. With no background jet above the threshold the
    value is infinite; below :data:`FEWEST_PASSED` jets neither value nor error should be quoted.

    Raises:
        ValueError: As :func:`roc`, and if ``signal_efficiency`` is not between 0 and 1.

    Example:
        >>> background_rejection(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1]), 1.0).value
        2.0
    """
    if not 0 < signal_efficiency <= 1:
        raise ValueError(f"expected `signal_efficiency` in (0, 1], got {signal_efficiency}")
    curve = roc(score, label)
    first = int((curve.signal >= signal_efficiency - 1e-12).nonzero()[0])
    efficiency, total = float(curve.background[first]), int((label == 0).sum())
    passed = round(efficiency * total)
    if passed == 0:
        return Rejection(float("inf"), float("inf"), 0)
    error = (efficiency * (1 - efficiency) / total) ** 0.5 / efficiency**2
    return Rejection(1 / efficiency, error, passed)
