"""Which single transformations data keep, of which it is known, and whether what is claimed about them is right."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pyg_liesym.cli.reproduce.known_draws import Exact
from pyg_liesym.discovery.discovered_symmetry import Finding
from pyg_liesym.discovery.evidence.element import Element
from pyg_liesym.discovery.samples import Samples
from pyg_liesym.lie.component import generated

SINGLE = ("single_right", "single_partly", "single_wrong", "single_none")
"""Outcomes: certified are all that are kept, or what they follow from; some; one that is not kept; none at all."""
_FEW, _RANDOM = 500, 16
_NOTHING, _ROUNDING = 1e-9, 1e-6


def keeps(element: Element, exact: Exact, x: Tensor, samples: Samples) -> bool:
    """Whether a transformation keeps all that data keep, up to rounding: a millionth of what random maps break.

    Args:
        element: The transformation.
        exact: What they keep: the law without its noise, or numbers of a sample that stay the same.
        x: The data.
        samples: The data as they were read, which says whether y moves along.

    Shapes:
        - **x**: :math:`(S, n)` or :math:`(S, V, n)`
    """
    x = x[:_FEW]
    true, inputs, n = exact(x).double(), samples.num_inputs, x.size(-1)
    vectors = x.reshape(len(x), -1, n)
    if samples.vectors.size(1) > inputs:
        vectors = torch.cat([vectors, true.reshape(len(x), -1, n)], 1)

    def broken(matrices: Tensor) -> Tensor:
        """``[R, m, m]`` → ``[R]``."""
        rows = vectors.reshape(len(x), -1, matrices.size(-1))
        moved = torch.einsum("rab,svb->rsva", matrices, rows).reshape(-1, *vectors.shape[1:])
        expected = true.repeat(len(matrices), *[1] * (true.ndim - 1))
        if vectors.size(1) > inputs:
            expected = moved[:, inputs:].reshape(expected.shape)
        off = exact(moved[:, :inputs].reshape(-1, *x.shape[1:])).double() - expected
        return off.reshape(len(matrices), -1).square().mean(1).sqrt()

    random = torch.randn(_RANDOM, n, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return bool(broken(element.matrix[None]) <= _ROUNDING * broken(random).median())


def judged(finding: Finding, exact: Exact | None, x: Tensor, samples: Samples) -> dict[str, int]:
    """One of `SINGLE`, and how many transformations there are: ``single_kept``, ``single_broken``, ``single_false``.

    False are those that are certified and not kept. What moves none of the data is neither kept nor broken.

    Args:
        finding: What was claimed.
        exact: What the data keep; None if no single transformation is kept.
        x: The data.
        samples: The data as they were read.
    """
    tried = [one for one in finding.elements if samples.displacement(one.element.matrix) > _NOTHING]
    kept = [exact is not None and keeps(one.element, exact, x, samples) for one in tried]
    certified = [one.claim.status == "certified" for one in tried]
    matrices = [one.element.matrix for one in tried]
    false = sum(is_certified > is_kept for is_certified, is_kept in zip(certified, kept, strict=True))
    found = [matrix for matrix, is_certified in zip(matrices, certified, strict=True) if is_certified]
    missing = [m for m, is_kept, is_certified in zip(matrices, kept, certified, strict=True) if is_kept > is_certified]
    if false or not found:
        outcome = "single_wrong" if false else "single_none"
    else:
        follows = all(_follows(matrix, found, finding.symmetry.algebra.basis) for matrix in missing)
        outcome = "single_right" if follows else "single_partly"
    counts = {"single_kept": sum(kept), "single_broken": len(kept) - sum(kept), "single_false": false}
    return {name: int(name == outcome) for name in SINGLE} | counts


def _follows(matrix: Tensor, found: Sequence[Tensor], basis: Tensor) -> bool:
    """Whether a matrix is in the group of an algebra and of others, as far as those are of its size."""
    same = [other for other in found if len(other) == len(matrix)]
    basis = basis if basis.size(-1) == len(matrix) else matrix.new_zeros(0, *matrix.shape)
    return generated([*same, matrix], basis)[-1]
