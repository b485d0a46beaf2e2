"""What a residual pathway adds to a strict layer."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class FreePath(nn.Module, ABC):
    """A layer without the symmetry and without a bias, which no penalty would hold back."""

    @abstractmethod
    def reset_parameters(self) -> None:
        """Draw new parameters."""

    @abstractmethod
    def power(self) -> Tensor:
        """Mean square of the output at a place for white noise, summed over its channels."""

    @abstractmethod
    def silence(self) -> None:
        """Make it zero, in a way that it can learn to leave."""
