"""How the numbers of a field turn into each other when the plane is turned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from pyg_liesym.field.point_group import PointGroup, rotation

Kind: TypeAlias = Literal["irrep", "vector", "regular"]


@dataclass(frozen=True)
class Representation:
    r"""A real orthogonal representation :math:`\rho` of a point group.

    - :meth:`trivial`: numbers that do not change, ρ(g) = 1;
    - :meth:`irrep`: the irreducible ones, rotations by α turning a pair of numbers by kα;
    - :meth:`vector`: ρ(g) = g, the components (u_x, u_y) of a vector;
    - :meth:`regular`: one number for each element of a finite group, permuted: ρ(g) takes number h to gh.

    Example:
        >>> group = PointGroup.cyclic(4)
        >>> Representation.regular(group).dim, Representation.irrep(group, 2).dim, Representation.vector(group).dim
        (4, 1, 2)
    """

    group: PointGroup
    kind: Kind
    frequency: int = 0
    odd: bool = False

    @classmethod
    def trivial(cls, group: PointGroup) -> Representation:
        """One number that does not change."""
        return cls(group, "irrep")

    @classmethod
    def irrep(cls, group: PointGroup, frequency: int, *, odd: bool = False) -> Representation:
        r"""The irreducible representation of a frequency :math:`k`, over the real numbers.

        A pair of numbers turned by kα (a reflection changes the sign of the second); for k = 0, and k = n/2 of a
        finite group, one number times cos kα, which with ``odd`` changes its sign under reflections too.

        Raises:
            ValueError: If the group has no such representation.
        """
        highest = None if group.order is None else group.order // 2
        if frequency < 0 or (highest is not None and frequency > highest):
            raise ValueError(f"{group} has irreps of the frequencies 0 to {highest}, got {frequency}")
        rep = cls(group, "irrep", frequency, odd)
        if odd and (not group.reflections or rep.dim == 2):
            raise ValueError(f"{group} has no odd irrep of the frequency {frequency}")
        return rep

    @classmethod
    def vector(cls, group: PointGroup) -> Representation:
        """The components (u_x, u_y) of a vector."""
        return cls(group, "vector", 1)

    @classmethod
    def regular(cls, group: PointGroup) -> Representation:
        """One number for each element.

        Raises:
            ValueError: For a continuous group.
        """
        return cls(group, "regular", group.rotations // 2)

    @property
    def dim(self) -> int:
        """Number of numbers."""
        if self.kind == "regular":
            return self.group.size
        if self.kind == "vector":
            return 2
        return 1 if self.frequency == 0 or 2 * self.frequency == self.group.order else 2

    @property
    def is_trivial(self) -> bool:
        """Whether it is one number that does not change."""
        return self.kind == "irrep" and self.frequency == 0 and not self.odd

    @property
    def is_regular(self) -> bool:
        """Whether it is one number for each element of the group."""
        return self.kind == "regular"

    def matrices(self, angles: Tensor, reflected: Tensor) -> Tensor:
        r"""The matrices of the elements :math:`R(\alpha)\, F^s`.

        Shapes:
            - **angles**: :math:`(E)` float64; **reflected**: :math:`(E)` bool; **output**: :math:`(E, d, d)`

        Raises:
            ValueError: If an element of a regular representation is not one of the group.
        """
        if self.kind == "vector":
            return rotation(angles, reflected)
        if self.kind == "irrep":
            if self.dim == 2:
                return rotation(self.frequency * angles, reflected)
            sign = torch.where(reflected & self.odd, -1.0, 1.0).to(angles)
            return (sign * (self.frequency * angles).cos())[:, None, None]
        n = self.group.rotations
        steps = angles * (n / (2 * torch.pi))
        if not bool((steps - steps.round()).abs().lt(1e-9).all()) or bool(
            (reflected & (not self.group.reflections)).any()
        ):
            raise ValueError(f"a regular field of {self.group} is acted on by its own elements alone")
        number = steps.round().long() % n + n * reflected.long()
        return torch.nn.functional.one_hot(self.group.products()[number], self.group.size).mT.to(angles)

    def own_matrices(self) -> Tensor:
        """The matrices of all elements of a finite group, ``[|G|, d, d]``."""
        return self.matrices(self.group.angles(), self.group.reflected())

    def __repr__(self) -> str:
        if self.kind == "irrep":
            return f"irrep {self.frequency}{' odd' if self.odd else ''}" if self.frequency or self.odd else "trivial"
        return self.kind


class FieldType(tuple[tuple[Representation, int], ...]):
    r"""What the channels of a field are: representations, each with how many fields there are of it.

    The channels are in this order, those of one field next to each other: channel ``c * dim + i`` of a part is
    component i of its field c.

    Args:
        parts: Pairs of a representation and a number of fields.

    Raises:
        ValueError: If there are none, a number is not positive, or the groups differ.

    Example:
        >>> group = PointGroup.cyclic(8)
        >>> flow = FieldType([(Representation.trivial(group), 1), (Representation.vector(group), 1)])
        >>> flow.channels, flow
        (3, 1 x trivial + 1 x vector of C8)
    """

    def __new__(cls, parts: Iterable[tuple[Representation, int]]) -> FieldType:
        """Check the parts."""
        parts = tuple(parts)
        if not parts or any(count < 1 for _, count in parts):
            raise ValueError(f"a field type needs parts with at least one field each, got {parts}")
        if len({rep.group for rep, _ in parts}) > 1:
            raise ValueError(
                f"the parts of a field type belong to one group, got {sorted({str(r.group) for r, _ in parts})}"
            )
        return super().__new__(cls, parts)

    @property
    def group(self) -> PointGroup:
        """The group of all parts."""
        return self[0][0].group

    @property
    def channels(self) -> int:
        """Number of channels."""
        return sum(rep.dim * count for rep, count in self)

    def slices(self) -> list[slice]:
        """The channels of each part."""
        ends, slices = 0, []
        for rep, count in self:
            slices.append(slice(ends, ends + rep.dim * count))
            ends += rep.dim * count
        return slices

    def check(self, values: Tensor, dim: int = 1) -> None:
        """Refuse a field of other channels.

        Raises:
            ValueError: If there are not as many channels in dimension ``dim``.
        """
        if values.size(dim) != self.channels:
            raise ValueError(f"expected {self.channels} channels of {self}, got {list(values.shape)}")

    def act(self, values: Tensor, angle: float, *, reflected: bool = False, dim: int = 1) -> Tensor:
        r"""Turn the numbers of a field by :math:`\rho(R(\alpha) F^s)` and leave their places.

        Args:
            values: A field, its channels in dimension ``dim``.
            angle: α, counterclockwise.
            reflected: s.
            dim: The dimension of the channels.

        Raises:
            ValueError: If there are not as many channels.
        """
        self.check(values, dim)
        out = []
        for (rep, count), part in zip(self, self.slices(), strict=True):
            angles = torch.tensor([angle], dtype=torch.float64)
            matrix = rep.matrices(angles, torch.tensor([reflected]))[0]
            matrix = torch.where(matrix.abs() < 1e-15, 0.0, matrix).to(values)  # so that quarter turns are exact
            fields = values.movedim(dim, -1)[..., part].unflatten(-1, (count, rep.dim))
            out.append((fields @ matrix.mT).flatten(-2))
        return torch.cat(out, -1).movedim(-1, dim)

    def __repr__(self) -> str:
        return " + ".join(f"{count} x {rep}" for rep, count in self) + f" of {self.group}"


def scalars(group: PointGroup, count: int) -> FieldType:
    """A field type of ``count`` numbers that do not change."""
    return FieldType([(Representation.trivial(group), count)])


def vectors(group: PointGroup, count: int) -> FieldType:
    """A field type of ``count`` vectors, channels u_x and u_y of each."""
    return FieldType([(Representation.vector(group), count)])


def regulars(group: PointGroup, count: int) -> FieldType:
    """A field type of ``count`` regular fields."""
    return FieldType([(Representation.regular(group), count)])
