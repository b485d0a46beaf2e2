"""What a layer says of its kernel."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class RelaxableKernel(Protocol):
    """A kernel that knows its group average."""

    relaxed: bool

    def relaxation(self) -> Tensor:
        """How far it is from it."""

    def relaxation_penalty(self) -> Tensor:
        """The square of that."""

    def make_strict(self) -> None:
        """Put it in the kernel's place."""


class Relaxable:
    """The questions that a layer with a ``kernel`` passes on to it."""

    kernel: RelaxableKernel

    @property
    def relaxed(self) -> bool:
        """Whether the kernel can leave its group average."""
        return self.kernel.relaxed

    def relaxation(self) -> Tensor:
        r"""How far the kernel is from its group average, :math:`\|K - \bar K\| / \|K\|`; zero for a strict layer."""
        return self.kernel.relaxation()

    def relaxation_penalty(self) -> Tensor:
        """The square of :meth:`relaxation`, to be added to a loss."""
        return self.kernel.relaxation_penalty()

    def make_strict(self) -> None:
        """Put the kernel's group average in its place."""
        self.kernel.make_strict()
