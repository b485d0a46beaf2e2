"""What a layer says of its kernel."""

from __future__ import annotations

from torch import Tensor

from pyg_liesym.nn.relaxable import Relaxable


class KernelLayer(Relaxable):
    r"""A layer that is as relaxed as its kernel: :math:`\|K - \bar K\| / \|K\|` with the group average
    :math:`\bar K`.
    """  # noqa: D205

    kernel: Relaxable

    def relaxation_penalty(self) -> Tensor:
        """The square of :meth:`relaxation`, to be added to a loss."""
        return self.kernel.relaxation_penalty()

    def make_strict(self) -> None:
        """Put the kernel's group average in its place."""
        self.kernel.make_strict()

    def _relaxed_or_not(self) -> str:
        return ", relaxed=True" if self.relaxed else ""
