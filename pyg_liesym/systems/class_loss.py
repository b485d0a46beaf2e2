"""The loss of classes, and what it asks of scores and labels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pyg_liesym.datasets.io.files import some_of


def at_least_single(logits: Tensor) -> Tensor:
    """Half precision is for layers: probabilities in it would be a few hundred numbers, many exactly 1."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def weighted_cross_entropy(
    logits: Tensor, label: Tensor, weight: Tensor | None = None, total: Tensor | None = None
) -> Tensor:
    r"""Mean over jets with their weights :math:`w`, of which generators make some negative.

    .. math:: \frac{\sum_j w_j \, \mathrm{CE}(\text{logits}_j, \text{label}_j)}{\sum_j |w_j|}

    Args:
        logits: Shape :math:`(B, C)`.
        label: Classes, :math:`(B,)`.
        weight: Weights, :math:`(B,)`; None for 1.
        total: The sum of their sizes if not that of these jets: the gradients of ranks are averaged, which makes them
            the gradient of the mean over all jets if each divides by the ranks' mean.
    """
    if weight is None:
        loss: Tensor = nn.functional.cross_entropy(logits, label)
        return loss
    each = nn.functional.cross_entropy(logits, label, reduction="none")
    weight = weight.to(each)
    total = weight.abs().sum() if total is None else total.to(each)
    loss = (weight * each).sum() / total.clamp(min=torch.finfo(each.dtype).tiny)
    return loss


def check_classes(classes: Sequence[str] | None, logits: Tensor) -> None:
    """Refuse more or fewer scores than there are names of classes.

    Raises:
        ValueError: Saying both, and what to do.
    """
    if classes is not None and len(classes) != logits.size(-1):
        raise ValueError(
            f"jets of {len(classes)} classes, {some_of(classes)}, and a network that tells {logits.size(-1)} apart: "
            "build it with as many by `--model.net.num_classes` (build_tagger) or `--model.net.out_channels` (LieGNN), "
            "or name fewer by `--data.classes`, if there are jets of no others"
        )


def check_labels(label: Tensor, logits: Tensor) -> None:
    """Refuse jets without a class, and classes that have no score.

    Raises:
        ValueError: Saying how many, or which.
    """
    if missing := int((label < 0).sum()):
        raise ValueError(f"scores need the class of every jet, but {missing} jets have none")
    classes, largest = logits.size(-1), int(label.max()) if len(label) else -1
    if largest >= classes:
        raise ValueError(f"there are jets of class {largest}, counted from 0, and the network tells {classes} apart")
