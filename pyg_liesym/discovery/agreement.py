"""Which of several certified answers to show, and which agree with it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pyg_liesym.discovery.evidence.claim import Claim
from pyg_liesym.discovery.report import Found


def shown(answers: Sequence[tuple[Claim, Found]]) -> int | None:
    """Which certified answer stands for the first one: the one that most of the questions certify.

    Questions often keep one algebra, and know its matrices with errors of different size. Each is asked about the
    matrices of the others (``diagnostics["kept_by"]``: question → breaking over margin). A coarse one certifies fine
    matrices, a fine one does not certify coarse ones, so that the finest are those that all certify.

    Args:
        answers: Claims and what they are about, the most telling question first.

    Returns:
        None if nothing is certified.
    """
    certified = [index for index, (claim, _) in enumerate(answers) if claim.dim]
    if not certified:
        return None
    first = answers[certified[0]][0]
    candidates = [
        index
        for index in certified
        if index == certified[0]
        or (answers[index][0].dim == first.dim and first.question in kept_by(answers[index][1]))
    ]
    return max(candidates, key=lambda index: _rank(kept_by(answers[index][1])))


def kept_by(found: Found) -> dict[str, float]:
    """The questions that certify a span, and what it breaks there over the margin."""
    kept: dict[str, float] = found.diagnostics.get("kept_by", {})
    return kept


def _rank(kept: dict[str, float]) -> tuple[int, float]:
    return len(kept), -max(kept.values(), default=0.0)


def angle(one: Found, other: Found) -> float:
    """The largest principal angle between two spans as the data see it, in radians: of the smaller with the larger.

    Spans of matrices are compared by what they do to vectors, in ``tr(A Σ Bᵀ)`` with the data's second moments Σ.
    """
    moments = torch.tensor(one.diagnostics["second_moments"], dtype=torch.float64)
    values, axes = torch.linalg.eigh(moments)
    root = axes * values.clamp(min=0).sqrt() @ axes.mT
    spans = sorted((_orthonormal(one, root), _orthonormal(other, root)), key=len)
    outside = spans[0] - spans[0] @ spans[1].mT @ spans[1]
    return math.asin(min(1.0, float(torch.linalg.matrix_norm(outside, 2))))


def _orthonormal(found: Found, root: Tensor) -> Tensor:
    flat = (found.algebra.basis.double().cpu() @ root).flatten(1)
    rows: Tensor = torch.linalg.svd(flat, full_matrices=False)[2][: found.algebra.rank()]
    return rows
