"""Operands of sums over edges, and their derivatives."""

from __future__ import annotations

import torch
from torch import Tensor

SIZES = {"mixed": [5, 5, 1, 3, 3, 3, 9], "equal": [4] * 6, "single": [1], "none": []}


def leaf(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64).requires_grad_()


def gradients(outputs, leaves, cotangents, twice: bool):
    made = [(t, c) for t, c in zip(outputs, cotangents, strict=True) if t.requires_grad]
    first = torch.autograd.grad(
        [t for t, _ in made], leaves, [c for _, c in made],
        create_graph=twice, allow_unused=True, materialize_grads=True,
    )  # fmt: skip
    if not twice:
        return first
    return torch.autograd.grad(sum((g**2).sum() for g in first), leaves, allow_unused=True, materialize_grads=True)
