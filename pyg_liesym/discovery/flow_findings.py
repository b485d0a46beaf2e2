"""Which symmetries of the Navier–Stokes equations a recorded flow keeps, and how far it breaks the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as student
from torch import Tensor

from pyg_liesym.discovery.flow_terms import REACH, SYMMETRIES, Array, FlowTerms, flow_terms

Verdict: TypeAlias = Literal["kept", "broken", "open"]

_FOLDS, _SIDE, _TIMES = 8, 4, 4
_RIDGE = 1e-6
LEAST_TOLD = 0.2
"""Share of the rates' variance that the terms must tell, at least, for anything to be said."""


@dataclass(frozen=True)
class BrokenSymmetry:
    """How far a flow breaks a symmetry: what only terms tell that the symmetry forbids, of all that can be told.

    Attributes:
        symmetry: Its name.
        share: The estimate, 0 where it is kept.
        low: Lower bound, of 95 %.
        high: Upper bound, of 95 %.
        null: The same for terms of other places in the place of those that are forbidden: about zero or below.
        verdict: ``"kept"`` (the whole interval is less than the margin away from zero), ``"broken"`` (it is above the
            margin and above the null) or ``"open"``.
    """

    symmetry: str
    share: float
    low: float
    high: float
    null: float
    verdict: Verdict


@dataclass(frozen=True)
class FlowSymmetries:
    """What a recorded flow says about the symmetries of its law.

    Attributes:
        told: Share of the variance of ∂ω/∂t, at places that were kept aside, that all terms tell.
        symmetries: One answer for each symmetry; none if too little is told.
        margin: The share from which on a symmetry is called broken.
        samples: Places and times that were used.
    """

    told: float
    symmetries: tuple[BrokenSymmetry, ...]
    margin: float
    samples: int

    def named(self, verdict: Verdict) -> list[str]:
        """The symmetries with a verdict."""
        return [one.symmetry for one in self.symmetries if one.verdict == verdict]

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        if not self.symmetries:
            return "NOTHING CAN BE SAID: the frames do not tell how the flow goes on"
        kept, broken = (", ".join(self.named(verdict)) for verdict in ("kept", "broken"))
        if not broken:
            return f"KEPT: {kept}" if kept else "OPEN: these frames do not decide"
        return f"BROKEN: {broken}" + (f"; kept: {kept}" if kept else "")

    @property
    def advice(self) -> str:
        """Whether to take an equivariant network."""
        if not self.symmetries:
            return (
                f"All terms together tell {100 * max(self.told, 0):.0f} % of the changes of vorticity. Record more "
                "often or more finely; until then no law is seen that could have a symmetry."
            )
        large = [one.symmetry for one in self.symmetries if one.verdict == "broken" and one.share > 0.3]
        small = [one.symmetry for one in self.symmetries if one.verdict == "broken" and one.share <= 0.3]
        parts = []
        if kept := self.named("kept"):
            parts.append(f"Build in {', '.join(kept)}: nothing is lost by it.")
        if small:
            parts.append(f"Relax {', '.join(small)}: most of the law keeps it.")
        if large:
            parts.append(f"Do not ask for {', '.join(large)}.")
        return " ".join(parts) or "Record more frames: no interval is narrow enough."

    def __str__(self) -> str:
        lines = [self.headline, self.advice, ""]
        for one in self.symmetries:
            lines.append(
                f"{one.symmetry:<15} {one.verdict:<7} {100 * one.share:6.1f} %  ({100 * one.low:.1f} … "
                f"{100 * one.high:.1f}; null {100 * one.null:.1f})"
            )
        told = f"All terms tell {100 * self.told:.1f} % of the changes of vorticity at {self.samples} places and times."
        return "\n".join([*lines, told] if self.symmetries else lines[:2])


def flow_symmetries(
    velocity: Tensor,
    *,
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
        spacing: Distance of neighbours, or those in x and in y. With both units known, uniform motion must carry
            vorticity along at just its own velocity, else at any multiple.
        step: Time between frames.
        periodic: Whether the lattice closes on itself.
        width: Standard deviation in cells of the Gaussian whose derivatives are taken; more for noisier flows.
        margin: The share from which on a symmetry is called broken.
        max_samples: Places and times that are used, drawn at random.
        seed: Of that.

    Shapes:
        - **velocity**: :math:`(T, 2, H, W)`, :math:`T \ge 5`

    Units:
        Any; velocity must be ``spacing`` per ``step`` where both are given.

    Raises:
        ValueError: If it is no flow of five frames or more, too small, constant, or infinite somewhere; or if only one
            unit is given.

    Example:
        >>> import torch
        >>> from pyg_liesym.datasets.simulation.vortices import Vortices, simulate_vortices
        >>> flow = simulate_vortices(Vortices(wind=(1.0, 0.5), frames=30))
        >>> found = flow_symmetries(torch.from_numpy(flow.velocity), periodic=True)
        >>> found.named("kept")
        ['translation', 'time', 'uniform motion']
    """
    terms, block = _samples(velocity, spacing, step, periodic, width, max_samples, seed)
    units = spacing is not None and step is not None
    everything = terms.all()
    own = {name: terms.allowed(name, units) for name in SYMMETRIES}
    designs: dict[str, tuple[Array, Array]] = {"all": (everything, np.zeros_like(terms.rate)), **own}
    for name, axes in (("translation", (0, 1)), ("time", (2,))):
        designs[name] = (np.concatenate([everything, terms.modulated(axes)], 1), np.zeros_like(terms.rate))
    elsewhere = _elsewhere(block, seed)
    for name in (*own, "translation", "time"):
        strict, settled = designs["all"] if name in ("translation", "time") else designs[name]
        free = designs[name][0] if name in ("translation", "time") else everything
        designs[f"{name}, null"] = (np.concatenate([strict, free[elsewhere]], 1), settled)
    errors, total = _held_out(designs, terms.rate, block)
    told = 1 - errors["all"].sum() / total.sum()
    if told < LEAST_TOLD:
        return FlowSymmetries(float(told), (), margin, len(terms.rate))
    answers = []
    for name in ("translation", "time", *SYMMETRIES):
        base, more = ("all", name) if name in ("translation", "time") else (name, "all")
        gain, null = errors[base] - errors[more], errors[base] - errors[f"{name}, null"]
        answers.append(_answer(name, gain, null, total - errors["all"], margin))
    return FlowSymmetries(float(told), tuple(answers), margin, len(terms.rate))


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
    values = velocity.detach().cpu().double().numpy()
    if np.isinf(values).any():
        raise ValueError("the flow is infinite somewhere; NaN is for what was not measured")
    known = ~np.isnan(values).any(1)
    # In units of the flow's own: else derivatives of different orders differ by more digits than there are.
    cells = spacing if isinstance(spacing, tuple) else (spacing or 1.0, spacing or 1.0)
    length, speed = float(np.sqrt(cells[0] * cells[1])), float(np.sqrt(np.nanmean(values**2))) or 1.0
    terms, index = flow_terms(
        values / speed, (cells[0] / length, cells[1] / length), (step or 1.0) * speed / length,
        width=width, periodic=periodic, known=None if known.all() else known,
    )  # fmt: skip
    if len(index) < 1000:
        raise ValueError(
            f"{len(index)} places lie far enough from the border, from gaps and from the first and last frames; "
            "expected 1000 at least: take more frames, a larger part, or a smaller `width`"
        )
    if not float(np.abs(terms.rate).max()) > 1e-9:
        raise ValueError("the vorticity does not change: there is no law to look for")
    chosen = np.random.default_rng(seed).permutation(len(index))[:most]
    sizes = np.array([values.shape[0] - 2 * REACH, *values.shape[2:]])
    cell = index[chosen] * np.array([_TIMES, _SIDE, _SIDE]) // sizes
    blocks = {name: part[chosen] for name, part in terms.blocks.items()}
    block = (cell[:, 0] * _SIDE + cell[:, 1]) * _SIDE + cell[:, 2]
    return FlowTerms(terms.rate[chosen], blocks, terms.place[chosen]), np.unique(block, return_inverse=True)[1]


def _elsewhere(block: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """For each sample one of another block."""
    order = np.argsort(block, kind="stable")
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    shift = len(block) // 2 + int(np.random.default_rng(seed).integers(len(block) // 4))
    moved: NDArray[np.int64] = order[(inverse + shift) % len(block)]
    return moved


def _held_out(
    designs: Mapping[str, tuple[Array, Array]], rate: Array, block: NDArray[np.int64]
) -> tuple[dict[str, Array], Array]:
    """Squared errors of each design in each block, fitted on the other folds, and the squares of the rate."""
    count = int(block.max()) + 1
    fold = np.random.default_rng(0).permutation(count) % _FOLDS
    total: Array = np.bincount(block, rate**2, count).astype(np.float64)
    errors: dict[str, Array] = {}
    for name, (terms, settled) in designs.items():
        target = rate - settled
        size = np.sqrt((terms**2).mean(0))
        seen = size > 1e-12 * size.max() if size.size else size > 0
        scaled = terms[:, seen] / size[seen]
        order = np.argsort(block, kind="stable")
        parts = torch.from_numpy(scaled[order]).split(np.bincount(block, minlength=count).tolist())
        aims = torch.from_numpy(target[order]).split(np.bincount(block, minlength=count).tolist())
        grams = torch.stack([part.T @ part for part in parts]).numpy()
        products = torch.stack([part.T @ aim for part, aim in zip(parts, aims, strict=True)]).numpy()
        own: Array = np.bincount(block, target**2, count).astype(np.float64)
        for f in range(_FOLDS):
            fitted, judged = fold != f, np.nonzero(fold == f)[0]
            gram = grams[fitted].sum(0)
            ridge = _RIDGE * np.isin(block, np.nonzero(fitted)[0]).sum() * np.eye(len(gram))
            factors = np.linalg.solve(gram + ridge, products[fitted].sum(0))
            own[judged] += grams[judged] @ factors @ factors - 2 * products[judged] @ factors
        errors[name] = own
    return errors, total


def _answer(name: str, gain: Array, null: Array, told: Array, margin: float) -> BrokenSymmetry:
    """The share with its interval by the jackknife over blocks."""
    count = len(gain)
    share = gain.sum() / told.sum()
    left_out = (gain.sum() - gain) / (told.sum() - told)
    error = np.sqrt((count - 1) / count * ((left_out - left_out.mean()) ** 2).sum())
    reach = student.ppf(0.975, count - 1) * error
    low, high, elsewhere = share - reach, share + reach, null.sum() / told.sum()
    # Far below zero the terms are too many for these frames: that is no evidence either way.
    kept, lost = -margin < low and high < margin, low > max(margin, elsewhere)
    verdict: Verdict = "kept" if kept else "broken" if lost else "open"
    return BrokenSymmetry(name, float(share), float(low), float(high), float(elsewhere), verdict)
