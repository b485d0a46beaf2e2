"""Numbers that say what is in a set of jets, good or bad, gathered piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pyg_liesym.datasets.io.jet_arrays import JetArrays

# Four float32 numbers rounded by 2⁻²⁴ each move m² = E² − p² by up to 2 · 2⁻²⁴ (E² + p²).
_ROUNDING = 4 * 2.0**-24


def jet_quantities(jets: JetArrays) -> dict[str, NDArray[np.float64]]:
    """Transverse momentum ``pT``, pseudorapidity ``η`` and ``mass`` of jets, the sums of their constituents.

    A mass squared below 0 makes the mass negative. A jet with values that are not finite, or none, has NaN.

    Units:
        Those of the jets, GeV for ours.
    """
    jet = np.repeat(np.arange(len(jets)), jets.counts)
    energy, px, py, pz = (np.bincount(jet, part, len(jets)) for part in jets.p4.astype(np.float64).T)
    with np.errstate(all="ignore"):
        pt = np.hypot(px, py)
        square = energy**2 - px**2 - py**2 - pz**2
        good = (jets.counts > 0) & np.isfinite(energy + px + py + pz)
        values = {"pT": pt, "η": np.arcsinh(pz / pt), "mass": np.sign(square) * np.sqrt(np.abs(square))}
    return {name: np.where(good, value, np.nan) for name, value in values.items()}


@dataclass
class JetSummary:
    """Counts and ranges of jets, of which each piece is given to :meth:`add` once.

    Args:
        classes: Names of the classes.

    Attributes:
        num_jets: Jets.
        per_class: Jets of every class; under None those without one.
        lengths: How many jets have 0, 1, 2, … constituents.
        ranges: Smallest and largest transverse momentum, pseudorapidity and mass of the jets, summed from their
            constituents; jets with bad values or without constituents are left out.
        not_finite: Numbers of constituents, jets and weights that are NaN or infinite.
        negative_energy: Constituents with E < 0.
        space_like: Constituents with E² < p² in float64, which rounding to float32 makes of light ones.
        beyond_rounding: Those among them that rounding does not explain.

    Units:
        Those of the jets, GeV for ours.

    Example:
        >>> jets = JetArrays(
        ...     p4=np.array([[5, 3, 0, 4], [2, 0, 2.1, 0]], np.float32), plane=np.zeros((2, 2), np.float32),
        ...     offsets=np.array([0, 1, 2]), axis=np.ones((2, 4), np.float32), label=np.array([0, 1]),
        ... )
        >>> summary = JetSummary(("QCD", "Tbqq"))
        >>> summary.add(jets)
        >>> summary.space_like, summary.beyond_rounding, summary.per_class["QCD"]
        (1, 1, 1)
    """

    classes: Sequence[str]
    num_jets: int = 0
    per_class: dict[str | None, int] = field(default_factory=dict)
    lengths: NDArray[np.int64] = field(default_factory=lambda: np.zeros(1, np.int64))
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    not_finite: int = 0
    negative_energy: int = 0
    space_like: int = 0
    beyond_rounding: int = 0

    def __post_init__(self) -> None:
        self.per_class = {**dict.fromkeys(self.classes, 0), None: 0}

    def add(self, jets: JetArrays) -> None:
        """Count a piece."""
        self.num_jets += len(jets)
        numbers = np.bincount(jets.label + 1, minlength=len(self.classes) + 1).tolist()
        for name, number in zip((None, *self.classes), numbers, strict=True):
            self.per_class[name] += number
        lengths = np.bincount(jets.counts, minlength=len(self.lengths))
        lengths[: len(self.lengths)] += self.lengths
        self.lengths = lengths
        columns = [jets.p4, jets.plane, jets.axis, *jets.particle.values()]
        columns += [] if jets.weight is None else [jets.weight]
        self.not_finite += sum(int((~np.isfinite(column)).sum()) for column in columns)
        with np.errstate(all="ignore"):
            self._add_constituents(jets.p4.astype(np.float64))
            self._add_ranges(jets)

    def length_at(self, share: float) -> int:
        """Constituents that a share of the jets has at most: 0 the fewest, 0.5 the median, 1 the most."""
        cumulative = self.lengths.cumsum()
        return int(np.searchsorted(cumulative, max(1, share * self.num_jets)))

    def _add_constituents(self, p4: NDArray[np.float64]) -> None:
        energy, momentum = p4[:, 0] ** 2, (p4[:, 1:] ** 2).sum(-1)
        self.negative_energy += int((p4[:, 0] < 0).sum())
        self.space_like += int((energy < momentum).sum())
        self.beyond_rounding += int((momentum - energy > _ROUNDING * (energy + momentum) / 2).sum())

    def _add_ranges(self, jets: JetArrays) -> None:
        for name, value in jet_quantities(jets).items():
            kept = value[np.isfinite(value)]
            if len(kept):
                low, high = self.ranges.get(name, (np.inf, -np.inf))
                self.ranges[name] = (min(low, float(kept.min())), max(high, float(kept.max())))
