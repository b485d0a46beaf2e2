"""Networks that differ in what they keep of a symmetry, and in nothing else."""

from __future__ import annotations

from typing import Literal, TypeAlias

Twin: TypeAlias = Literal["strict", "relaxed", "free"]
"""It keeps the symmetry; it starts so and may depart; it knows nothing of it."""
