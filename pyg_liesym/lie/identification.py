"""What an algebra is called: comparison with the named ones."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Identification:
    """One entry of the ranked comparison of an algebra with the named ones."""

    name: str


def identify(basis: Tensor, *, max_angle: float, tol: float) -> list[Identification]:
    """Compare a basis with the named algebras."""
    raise NotImplementedError
