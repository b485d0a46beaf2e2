"""Types shared by every floor of the package."""

from typing import Literal, TypeAlias

from torch import Tensor

OptTensor: TypeAlias = Tensor | None

Invariant: TypeAlias = Literal["distance", "inner"]
"""A scalar of a pair of vectors: ``‖xᵢ − xⱼ‖²_J`` or ``⟨xᵢ, xⱼ⟩_J``."""
