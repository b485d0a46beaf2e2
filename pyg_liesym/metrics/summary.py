"""The numbers by which taggers are compared."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pyg_liesym.metrics.areas import auc
from pyg_liesym.metrics.multiclass import class_rejections, separation, versus
from pyg_liesym.metrics.tagging import Rejection, background_rejection

SIGNAL_EFFICIENCIES = (0.3, 0.5)


def tagging_summary(
    logits: Tensor, label: Tensor, classes: Sequence[str] | None = None, *, background: int = 0
) -> dict[str, float]:
    """Accuracy, area under the ROC and background rejections, each with its statistical error, under short names.

    - ``accuracy`` with ``accuracy_error``, ``auc``, and with two classes ``auc_error``;
    - two classes: ``rejection_30`` and ``rejection_50``, 1/ε_B at a signal efficiency of 0.3 and 0.5;
    - several: ``rejection_<class>`` of every other class than the background, and ``auc`` is the mean over pairs;
    - beside each rejection ``…_error``, and ``…_passed``, the background jets that passed; with too few of those
      (:data:`~pyg_liesym.metrics.tagging.FEWEST_PASSED`) value and error are NaN.

    What cannot be had, as with jets of one class alone, is left out. Every jet counts alike, whatever its weight.

    Args:
        logits: Of the classes.
        label: Class of each jet.
        classes: Names of the classes (default: their numbers).
        background: Which class is the background.

    Shapes:
        - **logits**: :math:`(S, C)`; **label**: :math:`(S)`

    Example:
        >>> import torch
        >>> logits = torch.tensor([[0.0, 0.1], [0.0, -0.4], [0.0, 0.35], [0.0, 0.8]])
        >>> found = tagging_summary(logits, torch.tensor([0, 0, 1, 1]))
        >>> found["accuracy"], found["auc"], found["rejection_50_passed"]
        (0.75, 1.0, 0)
    """
    accuracy = float((logits.argmax(-1) == label).double().mean())
    out = {"accuracy": accuracy, "accuracy_error": (accuracy * (1 - accuracy) / max(1, label.numel())) ** 0.5}
    if not bool(logits.isfinite().all()):
        return out
    if logits.size(1) == 2:
        signal, is_signal = 1 - background, (label == 1 - background).long()
        if 0 < int(is_signal.sum()) < label.numel():
            score = versus(logits, signal, background)
            out["auc"], out["auc_error"] = auc(score, is_signal)
            for efficiency in SIGNAL_EFFICIENCIES:
                rejection = background_rejection(score, is_signal, efficiency)
                out.update(_named(f"rejection_{100 * efficiency:.0f}", rejection))
        return out
    area = separation(logits, label)
    if area == area:
        out["auc"] = area
    names = [str(index) for index in range(logits.size(1))] if classes is None else classes
    for name, rejection in class_rejections(logits, label, names, background=background).items():
        out.update(_named(f"rejection_{name}", rejection))
    return out


def _named(name: str, rejection: Rejection) -> dict[str, float]:
    nan = float("nan")
    value, error = rejection[:2] if rejection.quotable else (nan, nan)
    return {name: value, f"{name}_error": error, f"{name}_passed": rejection.passed}
