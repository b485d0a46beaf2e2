"""The bilinear form J that a layer measures with: given, or trained with the task."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from pyg_liesym.lie.invariant import InvariantMetric


class FixedMetric(nn.Module):
    r"""One or several given bilinear forms, kept as a buffer in the precision they came in.

    Shapes:
        - **J**: :math:`(n, n)` or :math:`(F, n, n)`
        - **output**: :math:`(F, n, n)`

    Raises:
        ValueError: If ``J`` is not square, not finite or not real.

    Example:
        >>> FixedMetric(torch.eye(3))().shape
        torch.Size([1, 3, 3])
    """

    J: Tensor

    def __init__(self, J: Tensor) -> None:
        super().__init__()
        if J.dim() not in (2, 3) or J.size(-1) != J.size(-2) or J.numel() == 0:
            raise ValueError(f"expected `metric` of shape [n, n] or [forms, n, n], got {list(J.shape)}")
        if not J.is_floating_point() or not bool(torch.isfinite(J).all()):
            raise ValueError("expected `metric` to hold finite real numbers")
        self.register_buffer("J", J.detach().clone().reshape(-1, J.size(-2), J.size(-1)))

    def forward(self) -> Tensor:
        """Return the forms."""
        return self.J

    def extra_repr(self) -> str:
        """Describe the forms."""
        return f"forms={self.J.size(0)}, dim={self.J.size(-1)}"


class LearnedMetric(nn.Module):
    r"""A symmetric form trained with the task, on the sphere :math:`\|J\|_F = \sqrt n` (where :math:`I` lies too).

    Only the direction of J means anything, since a network can absorb its scale. After training,
    ``LieAlgebra.preserving(metric.J)`` is the symmetry that the network obeys exactly.

    Args:
        dim: Dimension :math:`n` of the represented space.
        generator: Source of the random start.

    Shapes:
        - **output**: :math:`(1, n, n)`

    Example:
        >>> metric = LearnedMetric(4, generator=torch.Generator().manual_seed(0))
        >>> bool(torch.isclose(metric.J.norm(), torch.tensor(2.0)))
        True
    """

    def __init__(self, dim: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"expected a positive `dim` for a learned metric, got {dim}")
        self.weight = nn.Parameter(torch.empty(dim, dim))
        self.reset_parameters(generator)

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Draw a new random form."""
        nn.init.normal_(self.weight, generator=generator)

    @property
    def J(self) -> Tensor:
        """The form, shape :math:`(n, n)`."""
        symmetric = self.weight + self.weight.mT
        on_sphere: Tensor = symmetric * (self.weight.size(0) ** 0.5 / symmetric.norm())
        return on_sphere

    def forward(self) -> Tensor:
        """Return the form with a leading dimension of size one."""
        return self.J[None]

    def extra_repr(self) -> str:
        """Describe the form."""
        return f"dim={self.weight.size(0)}"


Metric: TypeAlias = Tensor | InvariantMetric | FixedMetric | LearnedMetric | Literal["learned"]
"""What a layer takes as ``metric``."""


def as_metric(metric: Metric, dim: int | None = None) -> FixedMetric | LearnedMetric:
    """Turn what a layer was given as ``metric`` into a module that returns ``[forms, n, n]``.

    Raises:
        ValueError: If no form is invariant; if ``metric`` is an unknown word, or ``"learned"`` without ``dim``, or not
            of size ``dim``.
        TypeError: If ``metric`` is something else.
    """
    if isinstance(metric, str):
        if metric != "learned":
            raise ValueError(f"expected `metric` to be a tensor, an InvariantMetric or 'learned', got {metric!r}")
        if dim is None:
            raise ValueError("metric='learned' needs `dim`, the number of components of `pos`")
        return LearnedMetric(dim)
    if isinstance(metric, InvariantMetric):
        metric = metric.forms  # all of them: one alone would impose more symmetry
    if isinstance(metric, Tensor):
        metric = FixedMetric(metric)
    if not isinstance(metric, FixedMetric | LearnedMetric):
        raise TypeError(
            f"expected `metric` to be a tensor, an InvariantMetric or 'learned', got {type(metric).__name__}"
        )
    components = metric().size(-1)
    if dim is not None and dim != components:
        raise ValueError(f"`metric` acts on vectors of {components} components, but `dim` is {dim}")
    return metric


class MetricShape(NamedTuple):
    """Number and size of the forms that come with every call, for a layer that has none of its own.

    A network that measures with one metric in all its layers owns it and passes it on: registered once more in every
    layer, one tensor would have several names.

    Example:
        >>> MetricShape.of(as_metric(torch.eye(3)))
        MetricShape(forms=1, dim=3)
    """

    forms: int
    dim: int

    @classmethod
    def of(cls, metric: FixedMetric | LearnedMetric) -> MetricShape:
        """The shape of a metric."""
        forms, dim, _ = metric().shape
        return cls(forms, dim)


def check_vectors(pos: Tensor, n: int) -> None:
    """Refuse vectors that a form of n components does not fit.

    Raises:
        ValueError: If ``pos`` is not :math:`(N, n)`.
    """
    if pos.dim() != 2 or pos.size(1) != n:
        raise ValueError(f"`metric` is [{n}, {n}], so `pos` must be [num_nodes, {n}]; got {list(pos.shape)}")
