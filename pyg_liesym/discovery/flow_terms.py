"""What the change of a flow's vorticity may depend on, and which of it each symmetry allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag
from scipy.ndimage import binary_dilation, gaussian_filter

Array: TypeAlias = NDArray[np.float64]
Index: TypeAlias = tuple[NDArray[np.int64], ...]

REACH = 2
"""Frames before and after one that its rate of change is taken from."""


class _Block(NamedTuple):
    """Products of atoms: the rank as a tensor, the powers of λ and of w, and whether a mirror turns it over."""

    rank: int
    scaling: int
    order: int
    axial: bool


_BLOCKS = {
    "one": _Block(0, 0, 0, False),
    "w": _Block(1, 1, 1, False),
    "∇w": _Block(2, 2, 1, False),
    "∇ω": _Block(1, 3, 1, True),
    "∇∇ω": _Block(2, 4, 1, True),
    "w w": _Block(2, 2, 2, False),
    "w ∇w": _Block(3, 3, 2, False),
    "w ∇ω": _Block(2, 4, 2, True),
    "∇w ∇w": _Block(4, 4, 2, False),
}
"""The library: all tensor components of these, where w is the velocity and ω its vorticity."""
_WIDTHS = [2**block.rank for block in _BLOCKS.values()]
SYMMETRIES = ("rotation", "mirror x", "mirror y", "uniform motion", "magnitude", "scaling")
"""Symmetries that allow some of the terms and not others."""
_ADVECTION = "w ∇ω"
_TRACE, _CURL = np.eye(2).reshape(4, 1), np.array([[0.0], [-1.0], [1.0], [0.0]])


@dataclass(frozen=True)
class FlowTerms:
    """Rates of change of the vorticity at places and times of a flow, and the terms that may tell them.

    Attributes:
        rate: ∂ω/∂t.
        terms: All components of all products.
        place: x and y from −1 to 1, and the time from −1 to 1.

    Shapes:
        - **rate**: :math:`(S)`; **terms**: :math:`(S, K)`; **place**: :math:`(S, 3)`
    """

    rate: Array
    terms: Array
    place: Array

    def _parts(self) -> dict[str, Array]:
        return dict(zip(_BLOCKS, np.split(self.terms, np.cumsum(_WIDTHS)[:-1], 1), strict=True))

    @property
    def steepness(self) -> float:
        """The root mean square of ∇ω over that of ω."""
        parts = self._parts()
        return float(np.sqrt(np.square(parts["∇ω"]).sum() / np.square(parts["∇w"] @ _CURL).sum()))

    def modulated(self, axes: tuple[int, ...]) -> Array:
        """Terms whose factors change with the place (axes 0 and 1) or the time (axis 2), ``[S, K']``."""
        parts = self._parts()
        main = [parts["one"], parts["w"], parts["∇w"] @ _CURL, parts["∇ω"], parts[_ADVECTION] @ _TRACE]
        base, coordinates = np.concatenate(main, 1), self.place[:, list(axes)]
        powers = [coordinates, coordinates**2]
        if len(axes) > 1:
            powers.append(coordinates.prod(1, keepdims=True))
        changing = [base * factor[:, None] for factor in np.concatenate(powers, 1).T]
        return np.concatenate([*changing, _waves(coordinates)], 1)


def allowed_terms(symmetry: str, known_units: bool = False) -> tuple[Array, Array]:
    r"""The combinations of terms that a symmetry allows, and the one whose factor it settles to be one.

    - ``rotation``: scalars made of the tensors;
    - ``mirror x``, ``mirror y``: what x → −x or y → −y turns over as it does the vorticity;
    - ``uniform motion``: what does not know the velocity, besides :math:`w \cdot \nabla \omega`: of that the factor is
      −1 in known units, else any;
    - ``magnitude``: what is linear in the flow;
    - ``scaling``: what :math:`\lambda w(\lambda x, \lambda^2 t)` multiplies by :math:`\lambda^4`, as it does the rate.

    Args:
        symmetry: One of :data:`SYMMETRIES`.
        known_units: Whether lengths, times and velocities go together.

    Shapes:
        - **output**: :math:`(K, k)` and :math:`(K)`, zero where nothing is settled
    """
    parts, settled = [], np.zeros(sum(_WIDTHS))
    for name, block in _BLOCKS.items():
        part = _ALLOWED[symmetry](name, block)
        if symmetry == "uniform motion" and name == _ADVECTION:
            start = sum(_WIDTHS[: list(_BLOCKS).index(name)])
            part = _TRACE
            if known_units:
                settled[start : start + len(part)], part = -part[:, 0], part[:, :0]
        parts.append(part)
    return block_diag(*parts), settled


def usable_places(known: NDArray[np.bool_], *, width: float, periodic: bool) -> NDArray[np.int64]:
    """Where terms can be taken: away from the border, the ends in time and gaps.

    Args:
        known: Where there are values, row 0 uppermost.
        width: Standard deviation of the Gaussian, in cells.
        periodic: Whether the lattice closes on itself.

    Shapes:
        - **known**: :math:`(T, H, W)`; **output**: frame, counted from the first that has a rate, row from below and
          column, :math:`(S, 3)`
    """
    margin, gaps = math.ceil(4 * width), ~known[:, ::-1]
    if gaps.any():
        near = np.ones((2 * REACH + 1, 2 * margin + 1, 2 * margin + 1), bool)
        gaps = binary_dilation(gaps, near)
    if not periodic:
        gaps[:, :margin] = gaps[:, -margin:] = True
        gaps[:, :, :margin] = gaps[:, :, -margin:] = True
    return np.stack(np.nonzero(~gaps[REACH:-REACH]), 1)


def flow_terms(
    velocity: Array,
    spacing: tuple[float, float],
    step: float,
    index: NDArray[np.int64],
    *,
    width: float,
    periodic: bool,
) -> FlowTerms:
    """The terms of a flow at some of its usable places.

    All is smoothed by a Gaussian, products as products: a law of the flow is then one of the terms, of the same form,
    and the width is no length of its own. The rate is a central difference of fourth order.

    Args:
        velocity: Frames, row 0 uppermost, finite; what stands in gaps does not matter.
        spacing: Distance of neighbours in x and in y.
        step: Time between frames.
        index: Which of :func:`usable_places`.
        width: Standard deviation of the Gaussian, in cells.
        periodic: Whether the lattice closes on itself.

    Shapes:
        - **velocity**: :math:`(T, 2, H, W)`; **index**: :math:`(S, 3)`
    """
    # Rows upwards, as y.
    smooth = _Smoothed(velocity[:, :, ::-1], spacing, width, "wrap" if periodic else "nearest", tuple(index.T))
    vorticity = smooth.slope(1, 1, 0) - smooth.slope(0, 0, 1)
    rate: Array = (8 * (vorticity[3:-1] - vorticity[1:-3]) - (vorticity[4:] - vorticity[:-4])) / (12 * step)
    single = [smooth.taken(name) for name in ("w", "∇w", "∇ω", "∇∇ω")]
    pairs = (("w", "w"), ("w", "∇w"), ("w", "∇ω"), ("∇w", "∇w"))
    products = [smooth.product(one, other) for one, other in pairs]
    terms = np.concatenate([np.ones((len(index), 1)), *single, *products], 1)
    place = (index / np.array(rate.shape))[:, ::-1] * 2 - 1
    return FlowTerms(rate[tuple(index.T)], terms, place)


class _Smoothed:
    """What a Gaussian makes of frames ``[T, 2, H, W]``, rows upwards, of their vorticity and of derivatives of both."""

    def __init__(self, flow: Array, spacing: tuple[float, float], width: float, mode: str, here: Index) -> None:
        self._flow, self._spacing, self._width, self._mode, self._here = flow, spacing, width, mode, here
        self.slope, self.taken = cache(self._slope), cache(self._taken)

    def _slope(self, part: int, x: int, y: int) -> Array:
        """Derivative of u (0) or v (1), so often along x and y."""
        sizes = (0, self._width, self._width)
        smooth: Array = gaussian_filter(self._flow[:, part], sizes, order=(0, y, x), mode=self._mode)
        return smooth / (self._spacing[0] ** x * self._spacing[1] ** y)

    def _taken(self, name: str, x: int = 0, y: int = 0) -> Array:
        """All components of w, ∇w, ∇ω or ∇∇ω at the places, differentiated so often more along x and y."""
        orders = [(x, y)]
        for _ in range(name.count("∇")):
            orders = [way for a, b in orders for way in ((a + 1, b), (a, b + 1))]
        if name.endswith("w"):
            parts = [self.slope(part, *order) for part in (0, 1) for order in orders]
        else:
            parts = [self.slope(1, a + 1, b) - self.slope(0, a, b + 1) for a, b in orders]
        return np.stack([part[REACH:-REACH][self._here] for part in parts], 1)

    def product(self, one: str, other: str) -> Array:
        r"""What the Gaussian makes of a product, to second order in the width σ.

        That is :math:`G(ab) = Ga\, Gb + \sigma^2\, \nabla Ga \cdot \nabla Gb + O(\sigma^4)`, the first terms of
        :math:`\exp(\sigma^2 \nabla_a \cdot \nabla_b)`: Clark, Ferziger, Reynolds, J. Fluid Mech. 91 (1979) 1.
        """
        total = _outer(self.taken(one), self.taken(other))
        for distance, way in zip(self._spacing, ((1, 0), (0, 1)), strict=True):
            slopes = _outer(self.taken(one, *way), self.taken(other, *way))
            total += (self._width * distance) ** 2 * slopes
        return total


def _outer(a: Array, b: Array) -> Array:
    product: Array = (a[:, :, None] * b[:, None]).reshape(len(a), a.shape[1] * b.shape[1])
    return product


def _waves(coordinates: Array, count: int = 6) -> Array:
    """Cosines that are constants of a place, or of a time, without the mean."""
    one = [np.cos(np.pi * m * (coordinates[:, :1] + 1) / 2) for m in range(count)]
    if coordinates.shape[1] == 1:
        return np.concatenate(one[1:], 1)
    other = [np.cos(np.pi * m * (coordinates[:, 1:] + 1) / 2) for m in range(count)]
    return np.concatenate([a * b for i, a in enumerate(one) for j, b in enumerate(other) if i + j], 1)


@lru_cache
def _scalars(rank: int) -> Array:
    """The combinations of a tensor's components that turns leave alone, ``[2^r, K]``."""
    if rank == 0:
        return np.eye(1)
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    generator = sum(np.kron(np.kron(np.eye(2**k), turn), np.eye(2 ** (rank - 1 - k))) for k in range(rank))
    _, sizes, rows = np.linalg.svd(generator)
    found: Array = rows[sizes < 1e-9].T
    return found


def _mirrored(block: _Block, axis: int) -> Array:
    """Components that a mirror of one axis turns over, as it does the vorticity."""
    sign: Array = np.ones(1)
    factor = np.where(np.arange(2) == axis, -1.0, 1.0)
    for _ in range(block.rank):
        sign = np.kron(sign, factor).astype(np.float64)
    return np.eye(len(sign))[:, (-sign if block.axial else sign) < 0]


def _if(keep: bool, block: _Block) -> Array:
    return np.eye(2**block.rank)[:, : 2**block.rank if keep else 0]


_ALLOWED = {
    "rotation": lambda name, block: _scalars(block.rank),
    "mirror x": lambda name, block: _mirrored(block, 0),
    "mirror y": lambda name, block: _mirrored(block, 1),
    "uniform motion": lambda name, block: _if("w" not in name.split(), block),
    "magnitude": lambda name, block: _if(block.order == 1, block),
    "scaling": lambda name, block: _if(block.scaling == 4, block),
}
