"""Scalar functions of an offset, of which kernels are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from pyg_liesym.field.angular_basis import harmonics
from pyg_liesym.field.point_group import PointGroup
from pyg_liesym.field.radial import layout, radial, radial_overlap, spaced
from pyg_liesym.field.stencil import orbits


class Modes(NamedTuple):
    r"""Functions :math:`b_k`, each invariant to a group or of average zero over it, times harmonics :math:`h_m`.

    Shapes:
        - **products**: the coefficients of :math:`b_k h_m` in the functions of a basis, :math:`(K, 2M + 1, P)`
        - **invariant**: :math:`(K)`, bool
        - **ring**: the ring or orbit on which each lives, the invariant constant of a ring first, :math:`(K)`
        - **central**: whether :math:`b_k` is not zero at the offset zero, :math:`(K)`
    """

    products: Tensor
    invariant: Tensor
    ring: Tensor
    central: Tensor


class OffsetBasis(Protocol):
    r"""Functions :math:`q_p` of an offset. Kernels are sums :math:`K(o) = \sum_p q_p(o)\, M_p` with matrices M."""

    @property
    def dim(self) -> int:
        """Components of an offset."""

    def __len__(self) -> int:
        """Number of functions P."""

    def __call__(self, offsets: Tensor) -> Tensor:
        """Evaluate the functions, ``[E, 2]`` to ``[E, P]``."""

    def gram(self) -> Tensor:
        """Their inner products, ``[P, P]`` float64."""

    def moved(self, matrix: Tensor) -> Tensor:
        r"""The matrix D of :math:`q(g\,o) = D\, q(o)`, ``[P, P]``, for an orthogonal g ``[2, 2]``."""

    def modes(self, group: PointGroup, max_frequency: int, *, relaxed: bool) -> Modes:
        """The scalar functions that weights of steerable functions are made of."""


class StencilBasis:
    r"""One function for each place of a lattice's stencil: one there, zero elsewhere.

    The modes are, for each orbit of the group, a constant one and as many of average zero as the orbit has further
    places: together they span all functions on the stencil.

    Args:
        offsets: The stencil, ``[P, 2]``, such as :func:`~pyg_liesym.field.stencil` gives.

    Example:
        >>> from pyg_liesym.field.stencil import stencil
        >>> modes = StencilBasis(stencil(3)).modes(PointGroup.cyclic(4), 0, relaxed=True)
        >>> modes.invariant.sum(), len(modes.invariant)
        (tensor(3), 9)
    """

    dim = 2

    def __init__(self, offsets: Tensor) -> None:
        self.offsets = offsets.double()

    def __len__(self) -> int:
        return len(self.offsets)

    def __call__(self, offsets: Tensor) -> Tensor:
        """Evaluate the functions, ``[E, 2]`` to ``[E, P]``; zero for offsets that are not of the stencil."""
        spacing = float(torch.pdist(self.offsets).min()) if len(self) > 1 else 1.0
        distance = torch.cdist(offsets, self.offsets.to(offsets), compute_mode="donot_use_mm_for_euclid_dist")
        return (distance < 1e-3 * spacing).to(offsets)

    def gram(self) -> Tensor:
        """The identity."""
        return torch.eye(len(self), dtype=torch.float64)

    def moved(self, matrix: Tensor) -> Tensor:
        """The permutation of the places.

        Raises:
            ValueError: If a place is taken to where the stencil has none.
        """
        permutation = self(self.offsets @ matrix.double().mT)
        if not bool((permutation.sum(1) == 1).all()):
            raise ValueError(
                "this rotation does not take the stencil to itself: a square lattice has quarter turns alone"
            )
        return permutation.mT

    def modes(self, group: PointGroup, max_frequency: int, *, relaxed: bool) -> Modes:
        """The scalar functions that weights of steerable functions are made of."""
        number = orbits(self.offsets, group)
        values, invariant, ring = [], [], []
        for orbit in range(int(number.max()) + 1):
            places = (number == orbit).nonzero()[:, 0]
            functions = _constant_and_rest(len(places))[: None if relaxed else 1]
            on_stencil = torch.zeros(len(functions), len(self), dtype=torch.float64)
            on_stencil[:, places] = functions
            values.append(on_stencil)
            invariant += [True] + [False] * (len(functions) - 1)
            ring += [orbit] * len(functions)
        functions = torch.cat(values)
        centre = self.offsets.norm(dim=-1) == 0
        products = functions[:, None, :] * harmonics(self.offsets, max_frequency).mT
        return Modes(products, torch.tensor(invariant), torch.tensor(ring), (functions[:, centre] != 0).any(1))


@dataclass(frozen=True)
class RingBasis:
    r"""Rings times circular harmonics :math:`h_f(\theta)`, smooth functions for offsets of any kind.

    Ring p is :math:`e^{-(r - r_p)^2 / 2 \sigma^2}`, and the rings around the centre are zero at it: they are times
    :math:`1 - e^{-r^2 / 2 \sigma^2}`. A first ring of radius zero has no harmonics, as the offset zero has no
    direction. The modes are the harmonics of frequencies up to ``relaxed_frequency``; those are invariant whose
    frequency :math:`C_n`'s n divides, with reflections the even ones of these.

    Args:
        radii: :math:`r_p`, rising.
        width: :math:`\sigma`.
        max_frequency: Highest frequency of a harmonic. Steerable functions of frequencies up to M, relaxed with modes
            up to J, need M + J.
        relaxed_frequency: J.

    Example:
        >>> RingBasis.up_to(2.0, count=3, max_frequency=2)
        RingBasis(radii=(0.0, 0.8, 1.6), width=0.4, max_frequency=2, relaxed_frequency=0)
    """

    radii: tuple[float, ...]
    width: float
    max_frequency: int
    relaxed_frequency: int = 0

    dim = 2

    @classmethod
    def up_to(cls, radius: float, *, count: int, max_frequency: int, relaxed_frequency: int = 0) -> RingBasis:
        """Equally spaced rings from the centre out to a radius, each half as wide as their distance.

        Args:
            radius: Where the outermost ring ends.
            count: Number of rings.
            max_frequency: Highest frequency M of the steerable functions.
            relaxed_frequency: Highest frequency J of the relaxation modes.

        Raises:
            ValueError: If the radius or the number of rings is not positive.
        """
        radii, width = spaced(radius, count)
        return cls(radii, width, max_frequency + relaxed_frequency, relaxed_frequency)

    @property
    def reach(self) -> float:
        """Three widths beyond the outermost ring, where it has fallen to 1 %: nearer neighbours than that all count.

        With fewer of them a kernel is cut off inside a ring, and what a sum over points says of an integral changes
        from point to point.
        """
        return max(self.radii) + 3 * self.width

    def __len__(self) -> int:
        return len(layout(self.radii, 2 * self.max_frequency + 1)[0])

    def __call__(self, offsets: Tensor) -> Tensor:
        """Evaluate the functions, ``[E, 2]`` to ``[E, P]``."""
        ring, harmonic = layout(self.radii, 2 * self.max_frequency + 1)
        return radial(offsets, self.radii, self.width)[:, ring] * harmonics(offsets, self.max_frequency)[:, harmonic]

    def gram(self) -> Tensor:
        """Their inner products, an integral over the plane."""
        overlap = radial_overlap(self.radii, self.width, self.dim)
        ring, harmonic = layout(self.radii, 2 * self.max_frequency + 1)
        return overlap[ring[:, None], ring] * (harmonic[:, None] == harmonic)

    def moved(self, matrix: Tensor) -> Tensor:
        """The rotation of the harmonics of each ring among themselves."""
        ring, harmonic = layout(self.radii, 2 * self.max_frequency + 1)
        angle = torch.arange(2 * self.max_frequency + 1, dtype=torch.float64)
        angle = angle * (2 * torch.pi / len(angle))
        circle = torch.stack([angle.cos(), angle.sin()], -1)
        before = harmonics(circle, self.max_frequency)
        after = harmonics(circle @ matrix.double().mT, self.max_frequency)
        turn = after.mT @ before / len(angle)
        return turn[harmonic[:, None], harmonic] * (ring[:, None] == ring)

    def modes(self, group: PointGroup, max_frequency: int, *, relaxed: bool) -> Modes:
        """The scalar functions that weights of steerable functions are made of.

        Raises:
            ValueError: If the harmonics do not reach far enough for their products.
        """
        highest = self.relaxed_frequency if relaxed else 0
        if max_frequency + highest > self.max_frequency:
            raise ValueError(
                f"steerable functions up to frequency {max_frequency} with modes up to {highest} need a basis up to "
                f"{max_frequency + highest}, got {self.max_frequency}: see RingBasis.up_to"
            )
        count = 4 * self.max_frequency + 1
        angle = torch.arange(count, dtype=torch.float64) * (2 * torch.pi / count)
        waves = harmonics(torch.stack([angle.cos(), angle.sin()], -1), self.max_frequency)
        both = waves[:, : 2 * highest + 1, None] * waves[:, None, : 2 * max_frequency + 1]
        in_harmonics = torch.einsum("qkm,qf->kmf", both, waves) / count
        frequency = torch.arange(1, highest + 1).repeat_interleave(2)
        still = (frequency % group.order == 0) if group.order is not None else torch.zeros_like(frequency).bool()
        if group.reflections:
            still = still & torch.tensor([True, False]).repeat(highest)
        still = torch.cat([torch.tensor([True]), still])
        ring, harmonic = layout(self.radii, 2 * self.max_frequency + 1)
        products, invariant, rings = [], [], []
        for number, radius in enumerate(self.radii):
            here = (ring == number).nonzero()[:, 0]
            block = torch.zeros(len(still) if radius > 0 else 1, 2 * max_frequency + 1, len(ring), dtype=torch.float64)
            block[:, :, here] = in_harmonics[: len(block)][:, :, harmonic[here]]
            products.append(block)
            invariant.append(still[: len(block)])
            rings += [number] * len(block)
        central = torch.tensor([self.radii[number] == 0 for number in rings])
        return Modes(torch.cat(products), torch.cat(invariant), torch.tensor(rings), central)


def _constant_and_rest(count: int) -> Tensor:
    """An orthonormal basis of the functions on ``count`` places, the constant one first."""
    places = torch.arange(count, dtype=torch.float64) + 0.5
    waves = (torch.pi / count * torch.arange(count, dtype=torch.float64)[:, None] * places).cos()
    unit: Tensor = waves / waves.norm(dim=1, keepdim=True)
    return unit
