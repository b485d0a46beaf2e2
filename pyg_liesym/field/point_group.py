"""Rotations and reflections of the plane that leave a point in its place."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PointGroup:
    r"""A group of rotations of the plane, with or without reflections: C_n, D_n, SO(2) or O(2).

    Element :math:`i = r + n s` of a finite group is :math:`R(2\pi r / n)\, F^s` with the reflection
    :math:`F = \mathrm{diag}(1, -1)`, which turns y over; angles run counterclockwise, x to the right and y up.

    Args:
        order: Number of rotations :math:`n`, or None for all of them.
        reflections: Whether the group has reflections.

    Raises:
        ValueError: If ``order`` is below 1.

    Example:
        >>> PointGroup.dihedral(4), PointGroup.dihedral(4).size
        (D4, 8)
        >>> PointGroup.cyclic(4).matrices()[1].round().tolist()
        [[0.0, -1.0], [1.0, 0.0]]
    """

    order: int | None
    reflections: bool = False

    def __post_init__(self) -> None:
        if self.order is not None and self.order < 1:
            raise ValueError(f"a group needs at least one rotation, got order={self.order}")

    @classmethod
    def cyclic(cls, order: int) -> PointGroup:
        """The ``order`` rotations by multiples of 2π/order, C_n."""
        return cls(order)

    @classmethod
    def dihedral(cls, order: int) -> PointGroup:
        """C_n with as many reflections, D_n."""
        return cls(order, reflections=True)

    @classmethod
    def so2(cls) -> PointGroup:
        """All rotations."""
        return cls(None)

    @classmethod
    def o2(cls) -> PointGroup:
        """All rotations and reflections."""
        return cls(None, reflections=True)

    @property
    def rotations(self) -> int:
        """Number of rotations.

        Raises:
            ValueError: For a continuous group.
        """
        if self.order is None:
            raise ValueError(f"{self} has no finite number of elements: take a finite group, such as C8 or D8")
        return self.order

    @property
    def size(self) -> int:
        """Number of elements.

        Raises:
            ValueError: For a continuous group.
        """
        return self.rotations * (1 + self.reflections)

    def averaging(self, frequency: int) -> PointGroup:
        """A finite group over which functions of angular frequencies up to ``frequency`` have the same average."""
        return self if self.order is not None else PointGroup(frequency + 1, self.reflections)

    def angles(self) -> Tensor:
        """The angle of each element, ``[|G|]`` float64."""
        angles = torch.arange(self.rotations, dtype=torch.float64) * (2 * torch.pi / self.rotations)
        return angles.repeat(1 + self.reflections)

    def reflected(self) -> Tensor:
        """Whether each element reflects, ``[|G|]`` bool."""
        return torch.arange(self.size) >= self.rotations

    def matrices(self) -> Tensor:
        """The elements as matrices, ``[|G|, 2, 2]`` float64."""
        return rotation(self.angles(), self.reflected())

    def products(self) -> Tensor:
        """Table of the products: entry ``[i, j]`` is the number of ``g_i g_j``, ``[|G|, |G|]``."""
        n = self.rotations
        r, s = torch.arange(self.size) % n, self.reflected().long()
        turned = (r[:, None] + (1 - 2 * s[:, None]) * r) % n
        return turned + n * ((s[:, None] + s) % 2)

    def inverses(self) -> Tensor:
        """The number of each element's inverse, ``[|G|]``."""
        return (self.products() == 0).long().argmax(1)

    def __repr__(self) -> str:
        if self.order is None:
            return "O(2)" if self.reflections else "SO(2)"
        return f"{'D' if self.reflections else 'C'}{self.order}"


def rotation(angle: Tensor, reflected: Tensor | None = None) -> Tensor:
    r"""The matrices :math:`R(\alpha)\, F^s`.

    Shapes:
        - **angle**, **reflected**: :math:`(\ldots)`; **output**: :math:`(\ldots, 2, 2)`
    """
    cos, sin = angle.cos(), angle.sin()
    sign = torch.ones_like(cos) if reflected is None else 1.0 - 2.0 * reflected.to(cos)
    return torch.stack([torch.stack([cos, -sin * sign], -1), torch.stack([sin, cos * sign], -1)], -2)
