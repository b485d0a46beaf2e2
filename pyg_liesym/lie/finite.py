"""Single transformations whose powers come back to the identity: elements of finite groups."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_LARGEST_ORDER = 12
_CLOSE = 0.05


@dataclass(frozen=True)
class FiniteTurn:
    """One transformation g, and the power of it that is the identity.

    Attributes:
        angle: Largest phase of its eigenvalues, in degrees.
        order: The smallest m ≤ 12 with ``gᵐ = 1`` up to 5 % of the largest that a turn can be off; None if there is
            none.
        error: ``‖gᵐ − 1‖₂ / 2`` for that m, or for m = 1 without one.
    """

    angle: float
    order: int | None
    error: float

    @classmethod
    def of(cls, g: Tensor) -> FiniteTurn:
        """Examine the powers of one matrix ``[n, n]``.

        Example:
            >>> quarter = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
            >>> print(FiniteTurn.of(quarter))
            turn by 90.0°, g⁴ = 1 to 0 %: C4
        """
        g = g.detach().double().cpu()
        angle = math.degrees(float(torch.linalg.eigvals(g).angle().abs().max()))
        one, power, errors = torch.eye(len(g), dtype=g.dtype), g, []
        for _ in range(_LARGEST_ORDER):
            errors.append(float(torch.linalg.matrix_norm(power - one, 2)) / 2)
            power = power @ g
        for order, error in enumerate(errors, start=1):
            if error <= _CLOSE:
                return cls(angle, order, error)
        return cls(angle, None, errors[0])

    def __str__(self) -> str:
        if self.order is None:
            return f"turn by {self.angle:.1f}°, of no order up to {_LARGEST_ORDER}"
        if self.order == 1:
            return f"the identity to {100 * self.error:.0f} %"
        power = str(self.order).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
        return f"turn by {self.angle:.1f}°, g{power} = 1 to {100 * self.error:.0f} %: C{self.order}"
