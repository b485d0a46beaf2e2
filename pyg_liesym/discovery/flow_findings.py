"""Which symmetries of the Navier–Stokes equations a recorded flow keeps, and how far it breaks the others."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from torch import Tensor

from pyg_liesym.discovery.evidence.claim import Breaking, Status
from pyg_liesym.discovery.flow_fits import block_errors, block_products, elsewhere
from pyg_liesym.discovery.flow_terms import (
    REACH,
    SYMMETRIES,
    Array,
    FlowTerms,
    allowed_terms,
    flow_terms,
    usable_places,
)
from pyg_liesym.field.scattered import lattice_of_points, lattice_values

_SIDE, _TIMES = 4, 4
_SAID: dict[Status, str] = {"certified": "kept", "refuted": "broken"}
_LARGE = 0.3  # a breaking of which relaxing is not enough
LEAST_TOLD = 0.2
"""Share of the rates' variance that the terms must tell, at least, for anything to be said."""


@dataclass(frozen=True)
class BrokenSymmetry:
    """How far a flow breaks a symmetry.

    Attributes:
        symmetry: Its name.
        status: ``"certified"`` (the whole interval is less than the margin away from zero), ``"refuted"`` (it is above
            the margin and above the null) or ``"no evidence"``.
        breaking: What only terms tell that the symmetry forbids, of all that can be told: 0 where it is kept.
        null: The same for terms of other places in the place of those that are forbidden: about zero or below.
    """

    symmetry: str
    status: Status
    breaking: Breaking
    null: float


@dataclass(frozen=True)
class FlowSymmetries:
    """What a recorded flow says about the symmetries of its law.

    Attributes:
        told: Share of the variance of ∂ω/∂t, at places that were kept aside, that all terms tell.
        symmetries: One answer for each symmetry; none if too little is told, or the frames are too coarse.
        margin: The breaking from which on a symmetry is refuted.
        samples: Places and times that were used.
        blur: Width of the Gaussian over the length of the vortices that it leaves, that of ω over ∇ω in root mean
            squares; above one nothing is said.
    """

    told: float
    symmetries: tuple[BrokenSymmetry, ...]
    margin: float
    samples: int
    blur: float

    def named(self, status: Status) -> list[str]:
        """The symmetries with a status."""
        return [one.symmetry for one in self.symmetries if one.status == status]

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        if not self.symmetries:
            untold = self.told < LEAST_TOLD
            why = "the frames do not tell how the flow goes on" if untold else "the Gaussian is as wide as the vortices"
            return f"NOTHING CAN BE SAID: {why}"
        kept, broken = (", ".join(self.named(status)) for status in _SAID)
        if not broken:
            return f"KEPT: {kept}" if kept else "OPEN: these frames do not decide"
        return f"BROKEN: {broken}" + (f"; kept: {kept}" if kept else "")

    @property
    def advice(self) -> str:
        """Whether to take an equivariant network."""
        if not self.symmetries and self.told >= LEAST_TOLD:
            return (
                f"The Gaussian whose derivatives are taken has {self.blur:.2f} times the length of the vortices that "
                "it leaves, and what it smooths away would be taken for the law. Record more finely, or ask with a "
                "smaller `width`. Noise alone looks like this at any width."
            )
        if not self.symmetries:
            return (
                f"All terms together tell {100 * max(self.told, 0):.0f} % of the changes of vorticity. Record more "
                "often or more finely; until then no law is seen that could have a symmetry."
            )
        broken = [one for one in self.symmetries if one.status == "refuted"]
        large = [one.symmetry for one in broken if one.breaking.size > _LARGE]
        small = [one.symmetry for one in broken if one.breaking.size <= _LARGE]
        parts = []
        if kept := self.named("certified"):
            parts.append(f"Build in {', '.join(kept)}: nothing is lost by it.")
        if small:
            parts.append(f"Relax {', '.join(small)}: most of the law keeps it.")
        if large:
            parts.append(f"Do not ask for {', '.join(large)}.")
        return " ".join(parts) or "Record more frames: no interval is narrow enough."

    def __str__(self) -> str:
        lines = [self.headline, self.advice]
        if not self.symmetries:
            return "\n".join(lines)
        lines.append("")
        for one in self.symmetries:
            size, low, high, null = (100 * value for value in (*astuple(one.breaking), one.null))
            word = _SAID.get(one.status, "open")
            lines.append(f"{one.symmetry:<15} {word:<7} {size:6.1f} %  ({low:.1f} … {high:.1f}; null {null:.1f})")
        told = f"All terms tell {100 * self.told:.1f} % of the changes of vorticity at {self.samples} places and times."
        return "\n".join([*lines, told])


def flow_symmetries(
    velocity: Tensor,
    *,
    pos: Tensor | None = None,
    spacing: float | tuple[float, float] | None = None,
    step: float | None = None,
    periodic: bool = False,
    width: float = 1.0,
    margin: float = 0.01,
    max_samples: int = 40_000,
    seed: int = 0,
) -> FlowSymmetries:
    r"""Ask a recorded flow which symmetries its law keeps, by linear algebra, in seconds.

    The law is sought in the form of the vorticity equation, which has no pressure: the rate :math:`\partial_t \omega`
    at a place as a linear combination of w, its gradient, those of ω up to the second, and products of two of them. A
    symmetry forbids some of these terms. How much is told at places kept aside, with the forbidden terms and without,
    is how much the flow breaks it, as a share of what is told at all. Places are kept aside in blocks of space and
    time, and the interval comes from leaving out one block after the other. For translations the factors of the terms
    may change with the place, for translations of time with the time.

    A uniform force has no vorticity, and is not seen; neither is what acts at scales below ``width``. Sparse regression
    of the same kind of terms is Rudy, Brunton, Proctor, Kutz, `Sci. Adv. 3 (2017) e1602614
    <https://arxiv.org/abs/1609.06401>`_; here none is selected.

    Args:
        velocity: Frames at equal times; row 0 is the uppermost, and components are along x, to the right, and y,
            upwards. NaN where nothing was measured.
        pos: Places (x, y) of the velocities, where these were recorded at points that lie anywhere, such as the nodes
            of a mesh; they are brought to a lattice first (:func:`~pyg_liesym.field.lattice_of_points`).
        spacing: Distance of neighbours, or those in x and in y; of points that of the lattice, if not their own. With
            both units known, uniform motion must carry vorticity along at just its own velocity, else at any multiple.
        step: Time between frames.
        periodic: Whether the lattice closes on itself.
        width: Standard deviation in cells of the Gaussian whose derivatives are taken: more for noisier flows, and less
            than the vortices. Products are smoothed as products, so that it is no length of its own.
        margin: The breaking from which on a symmetry is refuted, and below which it is certified.
        max_samples: Places and times that are used, drawn at random.
        seed: Of that.

    Shapes:
        - **velocity**: :math:`(T, 2, H, W)`, :math:`T \ge 5`; at points :math:`(T, N, 2)`
        - **pos**: :math:`(N, 2)`

    Units:
        Any; velocity must be ``spacing``, or ``pos``, per ``step`` where both are given.

    Raises:
        ValueError: If it is no flow of five frames or more, too small, constant, or infinite somewhere; if only one
            unit is given; or if the points are no points in a plane.

    Example:
        >>> import torch
        >>> from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices
        >>> flow = simulate_vortices(Vortices(wind=(1.0, 0.5), frames=30))
        >>> found = flow_symmetries(torch.from_numpy(flow.velocity), periodic=True)
        >>> found.named("certified")
        ['translation', 'time', 'uniform motion']
    """
    if pos is not None:
        velocity, spacing = _on_lattice(velocity, pos, spacing, step, periodic)
    terms, block = _samples(velocity, spacing, step, periodic, width, max_samples, seed)
    place, time = terms.modulated((0, 1)), terms.modulated((2,))
    whole, count = np.concatenate([terms.terms, place, time], 1), terms.terms.shape[1]
    grams = block_products(np.concatenate([whole, whole[elsewhere(block, seed)], terms.rate[:, None]], 1), block)
    everything, nothing = np.eye(count), np.zeros(count)
    at_place = np.arange(count, count + place.shape[1])
    questions = {
        "translation": (everything, nothing, at_place),
        "time": (everything, nothing, np.arange(at_place[-1] + 1, whole.shape[1])),
    }
    units = spacing is not None and step is not None
    questions |= {name: (*allowed_terms(name, units), at_place[:0]) for name in SYMMETRIES}
    told = grams[:, -1, -1] - block_errors(grams, everything, nothing, at_place[:0])
    share = float(told.sum() / grams[:, -1, -1].sum())
    blur = width * terms.steepness
    if share < LEAST_TOLD or blur > 1:
        return FlowSymmetries(share, (), margin, len(terms.rate), blur)
    answers = []
    for name, (strict, settled, more) in questions.items():
        without = block_errors(grams, strict, settled, at_place[:0])
        gain = without - block_errors(grams, everything, nothing, more)
        null = without - block_errors(grams, strict, settled, whole.shape[1] + np.append(np.arange(count), more))
        answers.append(_answer(name, gain, null, told, margin))
    return FlowSymmetries(share, tuple(answers), margin, len(terms.rate), blur)


def _on_lattice(
    velocity: Tensor, pos: Tensor, spacing: float | tuple[float, float] | None, step: float | None, periodic: bool
) -> tuple[Tensor, tuple[float, float] | None]:
    """Frames on the lattice of the points, and its spacing if that is needed."""
    if periodic:
        raise ValueError("points have no lattice that closes on itself: leave `periodic` out")
    if isinstance(spacing, tuple):
        raise ValueError(f"expected one `spacing` of the lattice for points, got {spacing}")
    if velocity.dim() != 3 or velocity.size(2) != 2:
        raise ValueError(f"expected velocities [T, N, 2] at points, got {list(velocity.shape)}")
    lattice = lattice_of_points(pos, spacing)
    return lattice_values(velocity, pos, lattice), None if step is None else lattice.spacing


def _samples(
    velocity: Tensor,
    spacing: float | tuple[float, float] | None,
    step: float | None,
    periodic: bool,
    width: float,
    most: int,
    seed: int,
) -> tuple[FlowTerms, NDArray[np.int64]]:
    """Terms at some places, and the block of space and time that each lies in."""
    if velocity.dim() != 4 or velocity.size(1) != 2 or len(velocity) < 2 * REACH + 1:
        raise ValueError(f"expected a flow [T, 2, H, W] of {2 * REACH + 1} frames or more, got {list(velocity.shape)}")
    if (spacing is None) != (step is None):
        raise ValueError("expected both `spacing` and `step`, or neither")
    given = (1.0 if spacing is None else spacing, 1.0 if step is None else step)
    cells = given[0] if isinstance(given[0], tuple) else (given[0], given[0])
    if not all(0 < size < math.inf for size in (*cells, given[1])):
        raise ValueError(f"expected a spacing and a step above zero, got {spacing} and {step}")
    values = velocity.detach().cpu().double().numpy()
    if np.isinf(values).any():
        raise ValueError("the flow is infinite somewhere; NaN is for what was not measured")
    known = ~np.isnan(values).any(1)
    # In units of the flow's own: else derivatives of different orders differ by more digits than there are.
    length, speed = float(np.sqrt(cells[0] * cells[1])), float(np.sqrt(np.nanmean(values**2))) or 1.0
    index = usable_places(known, width=width, periodic=periodic)
    if len(index) < 1000:
        raise ValueError(
            f"{len(index)} places lie far enough from the border, from gaps and from the first and last frames; "
            "expected 1000 at least: take more frames, a larger part, or a smaller `width`"
        )
    index = index[np.random.default_rng(seed).permutation(len(index))[:most]]
    terms = flow_terms(
        np.where(known[:, None], values, 0.0) / speed, (cells[0] / length, cells[1] / length),
        given[1] * speed / length, index, width=width, periodic=periodic,
    )  # fmt: skip
    if not float(np.abs(terms.rate).max()) > 1e-9:
        raise ValueError("the vorticity does not change: there is no law to look for")
    sizes = np.array([values.shape[0] - 2 * REACH, *values.shape[2:]])
    cell = index * np.array([_TIMES, _SIDE, _SIDE]) // sizes
    block = (cell[:, 0] * _SIDE + cell[:, 1]) * _SIDE + cell[:, 2]
    return terms, np.unique(block, return_inverse=True)[1]


def _answer(name: str, gain: Array, null: Array, told: Array, margin: float) -> BrokenSymmetry:
    """The share with its interval by the jackknife over blocks."""
    count = len(gain)
    share = gain.sum() / told.sum()
    left_out = (gain.sum() - gain) / (told.sum() - told)
    error = np.sqrt((count - 1) / count * ((left_out - left_out.mean()) ** 2).sum())
    reach = student.ppf(0.975, count - 1) * error
    low, high, elsewhere = share - reach, share + reach, null.sum() / told.sum()
    # Far below zero the terms are too many for these frames: that is no evidence either way.
    kept, broken = -margin < low and high < margin, low > max(margin, elsewhere)
    status: Status = "certified" if kept else "refuted" if broken else "no evidence"
    return BrokenSymmetry(name, status, Breaking(float(share), float(low), float(high)), float(elsewhere))
