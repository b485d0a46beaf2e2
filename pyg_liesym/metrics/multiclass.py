"""Scores of a tagger of several classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pyg_liesym.metrics.areas import auc
from pyg_liesym.metrics.tagging import Rejection, background_rejection

JETCLASS_EFFICIENCIES: Mapping[str, float] = {"Hqql": 0.99, "Tbl": 0.995}
"""Signal efficiencies at which JetClass quotes rejections, where they are not 0.5 (Qu, Li and Qian, ICML 2022)."""


def versus(probabilities: Tensor, signal: int, background: int) -> Tensor:
    r"""The score of one class against another, :math:`p_S / (p_S + p_B)`; 1/2 where both vanish.

    Shapes:
        - **probabilities**: :math:`(S, C)`; **output**: :math:`(S)`, float64

    Example:
        >>> versus(torch.tensor([[0.2, 0.5, 0.3]]), signal=2, background=0)
        tensor([0.6000], dtype=torch.float64)
    """
    s, b = probabilities[:, signal].double(), probabilities[:, background].double()
    return torch.where(s + b > 0, s / (s + b), torch.full_like(s, 0.5))


def class_rejections(
    probabilities: Tensor,
    label: Tensor,
    classes: Sequence[str],
    *,
    background: int = 0,
    efficiencies: Mapping[str, float] = JETCLASS_EFFICIENCIES,
) -> dict[str, Rejection]:
    """The rejection of one background class by every other class, each against the background alone.

    As JetClass does it: jets of the two classes, scored by :func:`versus`.

    Args:
        probabilities: Of the classes.
        label: Class of each jet.
        classes: Names of the classes.
        background: Which of them is the background (QCD).
        efficiencies: Signal efficiency of a class by its name; 0.5 of those that are not named.

    Shapes:
        - **probabilities**: :math:`(S, C)`; **label**: :math:`(S)`

    Returns:
        A rejection for every class of which there are jets; none without background jets.

    Raises:
        ValueError: If the number of names is not that of the classes, or probabilities are not finite.

    Example:
        >>> probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.5, 0.4, 0.1]])
        >>> found = class_rejections(probabilities, torch.tensor([0, 1, 2, 0]), ["QCD", "Hbb", "Zqq"])
        >>> {name: rejection.passed for name, rejection in found.items()}
        {'Hbb': 0, 'Zqq': 0}
    """
    if probabilities.dim() != 2 or probabilities.size(1) != len(classes):
        raise ValueError(f"expected probabilities [S, {len(classes)}] of {classes}, got {list(probabilities.shape)}")
    found: dict[str, Rejection] = {}
    for index, name in enumerate(classes):
        chosen = (label == index) | (label == background)
        is_signal = (label[chosen] == index).long()
        if index != background and 0 < int(is_signal.sum()) < is_signal.numel():
            score = versus(probabilities[chosen], index, background)
            found[name] = background_rejection(score, is_signal, efficiencies.get(name, 0.5))
    return found


def separation(probabilities: Tensor, label: Tensor) -> float:
    r"""The area under the ROC; of several classes, the mean over all pairs, each scored both ways.

    The mean over pairs is that of Hand and Till (Machine Learning 45, 2001, eq. 7), which scikit-learn calls
    ``multi_class="ovo"``, over the classes of which there are jets.

    Shapes:
        - **probabilities**: :math:`(S, C)`; **label**: :math:`(S)`

    Returns:
        The area; NaN if there are jets of one class alone or a score is not finite.

    Example:
        >>> separation(torch.tensor([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]]), torch.tensor([0, 0, 1, 1]))
        0.75
    """
    present = label.unique().tolist()
    if len(present) < 2 or min(present) < 0 or not bool(probabilities.isfinite().all()):
        return float("nan")
    if probabilities.size(1) == 2:
        return auc(probabilities[:, 1], label).value
    areas = []
    for first in present:
        for second in present:
            if first != second:
                chosen = (label == first) | (label == second)
                areas.append(auc(probabilities[chosen, first], (label[chosen] == first).long()).value)
    return sum(areas) / len(areas)
