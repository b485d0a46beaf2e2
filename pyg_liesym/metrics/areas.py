"""Areas under the ROC with their statistical errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.metrics.tagging import check_scores


class Estimate(NamedTuple):
    """A number and its standard error."""

    value: float
    error: float

    def __str__(self) -> str:
        return f"{self.value:.5f} ± {self.error:.5f}"


def auc(score: Tensor, label: Tensor) -> Estimate:
    r"""The area under the ROC and its standard error.

    The area is :math:`\frac{1}{mn} \sum_{ij} \psi(X_i, Y_j)` over m signal and n background jets, with 1 for the right
    order, 1/2 for a tie; the error is that of DeLong, DeLong and Clarke-Pearson (Biometrics 44, 1988, eqs. 4-6), from
    mid-ranks as in Sun and Xu (IEEE Signal Processing Letters 21, 2014).

    Args:
        score: Higher for signal; any monotonous scale.
        label: 1 for signal, 0 for background.

    Shapes:
        - **score**, **label**: :math:`(S)`

    Raises:
        ValueError: As :func:`~pyg_liesym.metrics.roc`. With a single jet of a class the error is NaN.

    Example:
        >>> auc(torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1])).value
        0.75
    """
    return auc_difference(score, None, label)


def auc_difference(first: Tensor, second: Tensor | None, label: Tensor) -> Estimate:
    """The difference of two taggers' areas on the same jets; its error knows that they are correlated.

    Args:
        first: Scores of one tagger.
        second: Scores of the other; None for nothing to compare with.
        label: 1 for signal, 0 for background.

    Shapes:
        - **first**, **second**, **label**: :math:`(S)`

    Raises:
        ValueError: As :func:`~pyg_liesym.metrics.roc`.

    Example:
        >>> score, label = torch.tensor([0.1, 0.4, 0.35, 0.8]), torch.tensor([0, 0, 1, 1])
        >>> auc_difference(score, 2 * score, label)
        Estimate(value=0.0, error=0.0)
    """
    signal, background = _placements(first, label)
    if second is not None:
        other = _placements(second, label)
        signal, background = signal - other[0], background - other[1]
    variance = signal.var() / signal.numel() + background.var() / background.numel() if min(
        signal.numel(), background.numel()
    ) > 1 else torch.tensor(torch.nan)  # fmt: skip
    return Estimate(float(signal.mean()), float(variance.sqrt()))


def bootstrap_error(
    statistic: Callable[[Tensor, Tensor], float], score: Tensor, label: Tensor, *, num: int = 200, seed: int = 0
) -> float:
    """Standard deviation of a number over samples of jets drawn with replacement, signal and background apart.

    Args:
        statistic: Called as ``statistic(score, label)``.
        score: Scores; the first dimension counts jets.
        label: Class of each jet.
        num: How many samples.
        seed: Seed of the samples.

    Raises:
        ValueError: If ``num`` is smaller than 2.

    Example:
        >>> score, label = torch.arange(200.0) % 23, torch.arange(200) % 2
        >>> error = bootstrap_error(lambda s, y: auc(s, y).value, score, label)
        >>> round(error / auc(score, label).error, 1)
        1.0
    """
    if num < 2:
        raise ValueError(f"expected at least 2 samples of the bootstrap, got num={num}")
    generator = torch.Generator().manual_seed(seed)
    groups = [(label == value).nonzero().squeeze(1) for value in label.unique()]
    values = []
    for _ in range(num):
        drawn = torch.cat([g[torch.randint(g.numel(), (g.numel(),), generator=generator)] for g in groups])
        values.append(statistic(score[drawn], label[drawn]))
    return float(torch.tensor(values, dtype=torch.float64).std())


def _placements(score: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """The share of the other class on the right side of every signal and of every background jet."""
    check_scores(score, label)
    _, dense = score.unique(return_inverse=True)
    is_signal = label == 1

    def share_below(values: Tensor, others: Tensor) -> Tensor:
        counts = torch.bincount(others, minlength=int(dense.max()) + 1).double()
        below = counts.cumsum(0) - counts / 2
        return (below / others.numel())[values]

    signal, background = dense[is_signal], dense[~is_signal]
    return share_below(signal, background), 1 - share_below(background, signal)
