"""Whether a tagger's probabilities are shares of signal."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from pyg_liesym.metrics.tagging import check_scores


class Calibration(NamedTuple):
    r"""Scores and shares of signal, bin by bin, and how far they are apart.

    Args:
        score: Mean probability of the jets in a bin.
        share: Share of signal among them.
        error: Standard error of the share, if the probabilities were right.
        jets: Jets in the bin; bins without any are left out.
        gap: The expected calibration error, the mean over jets of :math:`\lvert\text{share} - \text{score}\rvert` of
            their bins.
        by_chance: What that is on average of labels drawn with these probabilities, which are calibrated.
        p: Share of such draws, of these jets included, whose gap is as large.

    Shapes:
        - **score**, **share**, **error**, **jets**: :math:`(B)`
    """

    score: Tensor
    share: Tensor
    error: Tensor
    jets: Tensor
    gap: float
    by_chance: float
    p: float


def calibration(score: Tensor, label: Tensor, *, bins: int = 20, draws: int = 199, seed: int = 0) -> Calibration:
    r"""Compare probabilities with shares of signal in bins of equal width.

    The expected calibration error (Naeini, Cooper, Hauskrecht, AAAI 2015) of a calibrated tagger is not zero, since few
    jets are in a bin: beside it stands that of labels drawn with the probabilities. Probabilities are those of the
    mixture that a tagger was trained on; in another mixture of signal and background they are others.

    Args:
        score: Probability of signal.
        label: 1 for signal, 0 for background.
        bins: Bins between 0 and 1.
        draws: How often labels are drawn.
        seed: Seed of the draws.

    Shapes:
        - **score**, **label**: :math:`(S)`

    Raises:
        ValueError: As :func:`~pyg_liesym.metrics.roc`, if a score is no probability, or a number is not positive.

    Example:
        >>> found = calibration(torch.tensor([0.2, 0.2, 0.9, 0.9]), torch.tensor([0, 1, 1, 1]), bins=2)
        >>> found.share.tolist(), round(found.gap, 2)
        ([0.5, 1.0], 0.2)
    """
    check_scores(score, label)
    if min(bins, draws) < 1:
        raise ValueError(f"expected at least one bin and one draw, got bins={bins}, draws={draws}")
    p = score.detach().double().cpu()
    if float(p.min()) < 0 or float(p.max()) > 1:
        raise ValueError(f"expected probabilities between 0 and 1, got {float(p.min()):.3g} to {float(p.max()):.3g}")
    place = (p * bins).long().clamp(max=bins - 1)
    jets = torch.bincount(place, minlength=bins)
    expected, spread = _sums(place, p, bins), _sums(place, p * (1 - p), bins)

    def gap(labels: Tensor) -> float:
        return float((_sums(place, labels, bins) - expected).abs().sum() / len(p))

    own, signal = gap(label.cpu().double()), _sums(place, label.cpu().double(), bins)
    generator = torch.Generator().manual_seed(seed)
    drawn = [gap((torch.rand(len(p), generator=generator, dtype=p.dtype) < p).double()) for _ in range(draws)]
    full = jets > 0
    count = jets[full]
    return Calibration(
        score=expected[full] / count,
        share=signal[full] / count,
        error=spread[full].sqrt() / count,
        jets=count,
        gap=own,
        by_chance=sum(drawn) / draws,
        p=(1 + sum(each >= own for each in drawn)) / (1 + draws),
    )


def _sums(place: Tensor, value: Tensor, bins: int) -> Tensor:
    return value.new_zeros(bins).index_add(0, place, value)
