"""The symmetries of the Navier–Stokes equations, acting on recorded flows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pyg_liesym.field.action import quarter_turn, reflect
from pyg_liesym.field.cubic import interpolate
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.representation import FieldType, vectors

_VECTOR = vectors(PointGroup.o2(), 1)


@dataclass(frozen=True)
class FlowAction:
    r"""One element of the symmetries of flows, of which a default value changes nothing.

    The transformations of `EquNet <https://arxiv.org/abs/2002.03061>`_ (Wang, Walters, Yu, ICLR 2021, Section 3), in
    this order:

    .. math:: (g w)(x, t) = a\, \lambda\, R F^s\, w\!\left(\lambda (R F^s)^{-1} x, \lambda^2 t\right) + c

    Places count from the middle of the lattice, times from the first frame. The result is on the same lattice and has
    the same step of time, so that there are fewer frames where :math:`\lambda > 1` and more where :math:`\lambda < 1`.
    What comes from outside the lattice is not known: it is NaN, and ``known`` says so.

    **Law**: exact for uniform motion, magnitude, reflection, quarter turns, and for what falls on places and frames
    that are there. Otherwise interpolated by cubic convolution (Keys, IEEE Trans. ASSP 29 (1981) 1153), of third order
    in the spacing; eddies as small as a few cells lose strength. A value is known if all values are that it is made of.
    Uniform motion adds c and leaves places where they are, as in the paper; the result solves the Navier–Stokes
    equations for an observer whose lattice is carried along with c.

    Args:
        motion: c, a velocity along x and y.
        magnitude: The factor a.
        angle: Of the rotation R, counterclockwise, in radians.
        scale: λ; above one, eddies become smaller and faster.
        reflected: s, whether y is turned to −y first.

    Shapes:
        - **flow**: :math:`(\ldots, T, 2, H, W)`; **known**: :math:`(\ldots, T, 1, H, W)`, by default where the flow is
          finite; **output**: both, moved

    Raises:
        ValueError: If the scale is not positive, or a number is not finite.

    Example:
        >>> eastwards = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(3, 2, 4, 4)
        >>> flow, known = FlowAction(angle=math.pi / 2, motion=(5.0, 0.0))(eastwards)
        >>> flow[0, :, 0, 0].tolist(), bool(known.all())
        ([5.0, 1.0], True)
    """

    motion: tuple[float, float] = (0.0, 0.0)
    magnitude: float = 1.0
    angle: float = 0.0
    scale: float = 1.0
    reflected: bool = False

    def __post_init__(self) -> None:
        numbers = (*self.motion, self.magnitude, self.angle, self.scale)
        if not all(math.isfinite(number) for number in numbers) or self.scale <= 0:
            raise ValueError(f"expected finite numbers and a positive scale, got {self}")

    def frames(self, count: int) -> int:
        """How many frames are needed for so many of the result."""
        return math.ceil(_snapped(self.scale**2 * (count - 1))) + 1

    def __call__(self, flow: Tensor, known: Tensor | None = None) -> tuple[Tensor, Tensor]:
        r"""Return the flow that is moved, and where it is known.

        Args:
            flow: Frames of velocities, row 0 uppermost.
            known: Where the velocity is known; by default where it is finite.

        Shapes:
            - **flow**: :math:`(\ldots, T, 2, H, W)`; **known**: :math:`(\ldots, T, 1, H, W)`; **output**: both, of
              :math:`\lfloor (T - 1) / \lambda^2 \rfloor + 1` frames; H and W change places in an odd number of quarter
              turns without a scaling

        Raises:
            ValueError: If the shapes are wrong.
        """
        if flow.dim() < 4 or flow.size(-3) != 2:
            raise ValueError(f"expected frames of velocities [..., T, 2, H, W], got {list(flow.shape)}")
        known = flow.isfinite().all(-3, keepdim=True) if known is None else known
        if known.shape != (*flow.shape[:-3], 1, *flow.shape[-2:]):
            raise ValueError(
                f"expected known places {[*flow.shape[:-3], 1, *flow.shape[-2:]]}, got {list(known.shape)}"
            )
        values, known = self._moved(torch.where(known, flow, 0.0), known)
        if self.scale != 1:
            times = torch.arange(self._last_frame(flow.size(-4)) + 1, dtype=torch.float64) * self.scale**2
            pair = interpolate(values.movedim(-4, -1), known.movedim(-4, -1), [times.to(flow.device)])
            values, known = (each.movedim(-1, -4) for each in pair)
        values = self.magnitude * self.scale * values + values.new_tensor(self.motion).view(2, 1, 1)
        return torch.where(known, values, torch.nan), known

    def _last_frame(self, count: int) -> int:
        return math.floor(_snapped((count - 1) / self.scale**2))

    def _moved(self, values: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Move the places, and turn the vectors."""
        if self.reflected:
            values, known = _on_lattices(reflect, values), known.flip(-2)
        quarters = _snapped(self.angle / (math.pi / 2))
        if self.scale == 1 and quarters == round(quarters):
            turned = _on_lattices(partial(quarter_turn, turns=round(quarters)), values)
            return turned, torch.rot90(known, round(quarters), (-2, -1))
        size = values.shape[-2:]
        values, known = interpolate(values, known, self._origins(size, values.device))
        return _VECTOR.act(values.unflatten(-1, size), self.angle, dim=-3), known.unflatten(-1, size)

    def _origins(self, size: torch.Size, device: torch.device) -> list[Tensor]:
        """Where on the lattice the value of each place comes from: rows and columns, ``[H W]`` both."""
        height, width = size
        y = (height - 1) / 2 - torch.arange(height, dtype=torch.float64, device=device)[:, None]
        x = torch.arange(width, dtype=torch.float64, device=device) - (width - 1) / 2
        cos, sin = self.scale * math.cos(self.angle), self.scale * math.sin(self.angle)
        rows, columns = (height - 1) / 2 - (cos * y - sin * x), cos * x + sin * y + (width - 1) / 2
        return [rows.flatten(), columns.flatten()]


def _snapped(number: float) -> float:
    """The number, or the whole one that it is up to rounding."""
    return round(number) if abs(number - round(number)) < 1e-9 else number


def _on_lattices(function: Callable[[Tensor, FieldType], Tensor], values: Tensor) -> Tensor:
    """Apply a function of a field ``[B, 2, H, W]`` to ``[..., 2, H, W]``."""
    moved: Tensor = function(values.flatten(0, -4), _VECTOR).unflatten(0, values.shape[:-3])
    return moved
