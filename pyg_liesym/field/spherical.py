"""Fields in space: irreps of O(3) and functions of an offset that are rings times spherical harmonics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from pyg_liesym.field.radial import layout, radial, radial_overlap, spaced
from pyg_liesym.field.representation import FieldType, Representation


@dataclass(frozen=True)
class SphericalIrrep:
    """An irrep of O(3) as e3nn writes it, ``1o``: degree l and parity, e(ven) or o(dd)."""

    degree: int
    parity: int

    group = "O(3)"
    is_regular = False

    @property
    def dim(self) -> int:
        """2l + 1."""
        return 2 * self.degree + 1

    @property
    def frequency(self) -> int:
        """The degree l."""
        return self.degree

    @property
    def odd(self) -> bool:
        """Whether it changes its sign under the inversion."""
        return self.parity == -1

    @property
    def is_trivial(self) -> bool:
        """Whether it is one number that does not change."""
        return self.degree == 0 and not self.odd

    def __repr__(self) -> str:
        return f"{self.degree}{'o' if self.odd else 'e'}"


def irreps(text: str) -> FieldType:
    """Read a field type of O(3) as e3nn writes it.

    Raises:
        ValueError: If it is not written like ``"8x0e + 4x1o"``.

    Example:
        >>> irreps("8x0e + 4x1o").channels
        20
    """
    parts = []
    for part in text.split("+"):
        match = re.fullmatch(r"\s*(?:(\d+)x)?(\d+)([eo])\s*", part)
        if match is None:
            raise ValueError(f"irreps are written like '8x0e + 4x1o', got {part!r} in {text!r}")
        count, degree, parity = match.groups()
        parts.append((SphericalIrrep(int(degree), 1 if parity == "e" else -1), int(count or 1)))
    return FieldType(cast("list[tuple[Representation, int]]", parts))


@dataclass(frozen=True)
class ShellBasis:
    r"""Shells times spherical harmonics, smooth functions for offsets in space.

    The shells are those of :class:`~pyg_liesym.field.RingBasis`; a first one of radius zero has no harmonics.

    Args:
        radii: Of the shells, rising.
        width: Of the shells.
        max_degree: Highest degree of a harmonic: of the kernels' and of the relaxation modes' together.
        relaxed_degree: Highest degree of the relaxation modes.
    """

    radii: tuple[float, ...]
    width: float
    max_degree: int
    relaxed_degree: int = 0

    dim = 3

    @classmethod
    def up_to(cls, radius: float, *, count: int, max_degree: int, relaxed_degree: int = 0) -> ShellBasis:
        """Equally spaced shells from the centre out to a radius, each half as wide as their distance.

        Raises:
            ValueError: If the radius or the number of shells is not positive.

        Example:
            >>> len(ShellBasis.up_to(2.0, count=3, max_degree=1))
            9
        """
        radii, width = spaced(radius, count)
        return cls(radii, width, max_degree + relaxed_degree, relaxed_degree)

    def __len__(self) -> int:
        return len(self.layout()[0])

    def __call__(self, offsets: Tensor) -> Tensor:
        """Evaluate the functions, ``[E, 3]`` to ``[E, P]``."""
        shell, harmonic = self.layout()
        return (
            radial(offsets, self.radii, self.width)[:, shell]
            * spherical_harmonics(offsets, self.max_degree)[:, harmonic]
        )

    def gram(self) -> Tensor:
        """Their inner products, an integral over space."""
        overlap = radial_overlap(self.radii, self.width, self.dim)
        shell, harmonic = self.layout()
        return overlap[shell[:, None], shell] * (harmonic[:, None] == harmonic)

    def layout(self) -> tuple[Tensor, Tensor]:
        """Shell and harmonic of each function."""
        return layout(self.radii, (self.max_degree + 1) ** 2)


def spherical_harmonics(offsets: Tensor, max_degree: int) -> Tensor:
    """Real spherical harmonics up to a degree, each of mean square one over the sphere, in e3nn's order.

    Needs the extra ``e3nn``. At the offset zero, which has no direction, all but the first are zero.

    Shapes:
        - **offsets**: ``[E, 3]``; **output**: ``[E, (M + 1)²]``

    Raises:
        ImportError: If e3nn is not installed.
    """
    o3 = import_o3()
    degrees = list(range(max_degree + 1))
    nowhere = (offsets == 0).all(-1, keepdim=True)
    direction = torch.where(nowhere, torch.ones_like(offsets), offsets)
    values: Tensor = o3.spherical_harmonics(degrees, direction, normalize=True, normalization="component")
    return torch.cat([values[:, :1], values[:, 1:].masked_fill(nowhere, 0.0)], -1)


def harmonic_products(first: int, second: int) -> Tensor:
    r"""The products :math:`Y_a Y_b` in harmonics, up to degrees, ``[(F + 1)², (S + 1)², (F + S + 1)²]`` float64.

    By a quadrature over the sphere that is exact for them.
    """
    import numpy as np

    highest = first + second
    heights, weights = np.polynomial.legendre.leggauss(highest + 1)
    count = 2 * highest + 1
    angle = torch.arange(count, dtype=torch.float64) * (2 * torch.pi / count)
    height = torch.from_numpy(heights)[:, None]
    flat = (1 - height**2).sqrt()
    places = torch.stack([flat * angle.cos(), flat * angle.sin(), height.expand(-1, count)], -1).flatten(0, 1)
    weight = torch.from_numpy(weights).repeat_interleave(count) / (2 * count)
    values = spherical_harmonics(places, highest)
    a, b = values[:, : (first + 1) ** 2], values[:, : (second + 1) ** 2]
    return torch.einsum("q,qa,qb,qf->abf", weight, a, b, values)


def import_o3() -> Any:
    """e3nn's module of O(3).

    Raises:
        ImportError: If e3nn is not installed.
    """
    try:
        from e3nn import o3
    except ImportError as error:
        raise ImportError(
            "fields in space need e3nn, which is not installed: run `pip install 'pyg-liesym[e3nn]'`"
        ) from error
    return o3
