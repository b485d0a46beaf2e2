"""Scores of a tagger of several classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pyg_liesym.metrics.areas import auc
from pyg_liesym.metrics.tagging import Rejection, background_rejection

JETCLASS_EFFICIENCIES: Mapping[str, float] = {"Hqql": 0.99, "Tbl": 0.995}
"""Signal efficiencies at which JetClass quotes rejections, where they are not 0.5 (Qu, Li and Qian, ICML 2022)."""


def versus(logits: Tensor, signal: int, background: int) -> Tensor:
    r"""The score of one class against another, :math:`\log p_S - \log p_B`.

    It orders jets as :math:`p_S / (p_S + p_B)` does, without the ties that probabilities have near 0 and 1.

    Shapes:
        - **logits**: :math:`(S, C)`; **output**: :math:`(S)`, float64

    Example:
        >>> versus(torch.tensor([[-1.0, 0.5, 2.0]]), signal=2, background=0)
        tensor([3.], dtype=torch.float64)
    """
    return logits[:, signal].double() - logits[:, background].double()


def class_rejections(
    logits: Tensor,
    label: Tensor,
    classes: Sequence[str],
    *,
    background: int = 0,
    efficiencies: Mapping[str, float] = JETCLASS_EFFICIENCIES,
) -> dict[str, Rejection]:
    """The rejection of one background class by every other class, each against the background alone.

    As JetClass does it: jets of the two classes, scored by :func:`versus`.

    Args:
        logits: Of the classes; logarithms of probabilities serve as well.
        label: Class of each jet.
        classes: Names of the classes.
        background: Which of them is the background (QCD).
        efficiencies: Signal efficiency of a class by its name; 0.5 of those that are not named.

    Shapes:
        - **logits**: :math:`(S, C)`; **label**: :math:`(S)`

    Returns:
        A rejection for every class of which there are jets; none without background jets.

    Raises:
        ValueError: If the number of names is not that of the classes, or logits are not finite.

    Example:
        >>> probabilities = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.5, 0.4, 0.1]])
        >>> found = class_rejections(probabilities.log(), torch.tensor([0, 1, 2, 0]), ["QCD", "Hbb", "Zqq"])
        >>> {name: rejection.passed for name, rejection in found.items()}
        {'Hbb': 0, 'Zqq': 0}
    """
    if logits.dim() != 2 or logits.size(1) != len(classes):
        raise ValueError(f"expected logits [S, {len(classes)}] of {classes}, got {list(logits.shape)}")
    found: dict[str, Rejection] = {}
    for index, name in enumerate(classes):
        chosen = (label == index) | (label == background)
        is_signal = (label[chosen] == index).long()
        if index != background and 0 < int(is_signal.sum()) < is_signal.numel():
            score = versus(logits[chosen], index, background)
            found[name] = background_rejection(score, is_signal, efficiencies.get(name, 0.5))
    return found


def separation(logits: Tensor, label: Tensor) -> float:
    r"""The area under the ROC; of several classes, the mean over all pairs, each scored both ways.

    The mean over pairs is that of Hand and Till (Machine Learning 45, 2001, eq. 7), which scikit-learn calls
    ``multi_class="ovo"``, over the classes of which there are jets.

    Shapes:
        - **logits**: :math:`(S, C)`; **label**: :math:`(S)`

    Returns:
        The area; NaN if there are jets of one class alone or a score is not finite.

    Example:
        >>> separation(torch.tensor([[0.0, 0.1], [0.0, 0.4], [0.0, 0.35], [0.0, 0.8]]), torch.tensor([0, 0, 1, 1]))
        0.75
    """
    present = label.unique().tolist()
    if len(present) < 2 or min(present) < 0 or not bool(logits.isfinite().all()):
        return float("nan")
    if logits.size(1) == 2:
        return auc(versus(logits, 1, 0), label).value
    probabilities, areas = torch.softmax(logits.double(), dim=-1), []
    for first in present:
        for second in present:
            if first != second:
                chosen = (label == first) | (label == second)
                areas.append(auc(probabilities[chosen, first], (label[chosen] == first).long()).value)
    return sum(areas) / len(areas)
