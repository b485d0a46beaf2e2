"""Many jets of different lengths as a few flat arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class JetArrays:
    """``J`` jets with ``N`` constituents in all: what simulators give, files hold and datasets read.

    Args:
        p4: Four-momenta ``(E, px, py, pz)`` of all constituents, jet after jet, ``[N, 4]`` float32, in GeV.
        plane: Their place around the jet axis ``(Δη, Δφ)``, ``[N, 2]`` float32. As in JetClass, Δη is counted
            away from the middle of the detector: its sign is flipped where the jet's η is negative.
        offsets: Jet ``j`` owns the rows ``offsets[j]:offsets[j + 1]``, ``[J + 1]`` int64.
        axis: ``(pT, η, φ, E)`` of the whole jets, ``[J, 4]`` float32, in GeV and radians.
        label: Class index, ``[J]`` int64; -1 where it is not known.
        particle: More numbers of every constituent by name, such as its charge, each ``[N]`` float32.
        weight: Event weights, ``[J]`` float32, or None where every jet counts as one.

    Raises:
        ValueError: If the lengths do not fit together.

    Example:
        >>> jets = JetArrays(
        ...     p4=np.ones((3, 4), np.float32), plane=np.zeros((3, 2), np.float32), offsets=np.array([0, 1, 3]),
        ...     axis=np.ones((2, 4), np.float32), label=np.array([0, 1]),
        ... )
        >>> len(jets), jets.counts
        (2, array([1, 2]))
    """

    p4: NDArray[np.float32]
    plane: NDArray[np.float32]
    offsets: NDArray[np.int64]
    axis: NDArray[np.float32]
    label: NDArray[np.int64]
    particle: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    weight: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        jets, rows = len(self.label), int(self.offsets[-1])
        expected = {"p4": (rows, 4), "plane": (rows, 2), "offsets": (jets + 1,), "axis": (jets, 4), "label": (jets,)}
        found = {name: getattr(self, name).shape for name in expected}
        for name, values in self.particle.items():
            expected[name], found[name] = (rows,), values.shape
        if self.weight is not None:
            expected["weight"], found["weight"] = (jets,), self.weight.shape
        if found != expected:
            raise ValueError(f"the arrays of {jets} jets with {rows} constituents must be {expected}, got {found}")

    def __len__(self) -> int:
        return len(self.label)

    @property
    def counts(self) -> NDArray[np.int64]:
        """Constituents per jet, ``[J]``."""
        return np.diff(self.offsets)

    def select(self, jets: NDArray[np.int64]) -> JetArrays:
        """Return the jets of the given indices, in that order."""
        counts = self.counts[jets]
        offsets = np.concatenate([[0], np.cumsum(counts)])
        rows = np.repeat(self.offsets[jets] - offsets[:-1], counts) + np.arange(offsets[-1])
        weight = None if self.weight is None else self.weight[jets]
        return self._with_rows(rows, offsets, self.axis[jets], self.label[jets], weight)

    def truncate(self, max_constituents: int) -> JetArrays:
        """Keep the first (hardest) constituents of every jet; ``axis`` stays that of the whole jet."""
        rank = np.arange(self.offsets[-1]) - np.repeat(self.offsets[:-1], self.counts)
        offsets = np.concatenate([[0], np.cumsum(np.minimum(self.counts, max_constituents))])
        return self._with_rows(np.flatnonzero(rank < max_constituents), offsets, self.axis, self.label, self.weight)

    def _with_rows(
        self,
        rows: NDArray[np.int64],
        offsets: NDArray[np.int64],
        axis: NDArray[np.float32],
        label: NDArray[np.int64],
        weight: NDArray[np.float32] | None,
    ) -> JetArrays:
        particle = {name: values[rows] for name, values in self.particle.items()}
        return JetArrays(self.p4[rows], self.plane[rows], offsets, axis, label, particle, weight)


def concatenate_jets(parts: Sequence[JetArrays]) -> JetArrays:
    """Join several sets of jets into one, in their order.

    Raises:
        ValueError: If some have weights or numbers of constituents that others lack.
    """
    names = {tuple(part.particle) for part in parts}
    weighted = {part.weight is not None for part in parts}
    if len(names) > 1 or len(weighted) > 1:
        raise ValueError(f"jets with different columns cannot be joined: {sorted(names)}, weights {sorted(weighted)}")
    counts = np.concatenate([part.counts for part in parts])
    return JetArrays(
        p4=np.concatenate([part.p4 for part in parts]),
        plane=np.concatenate([part.plane for part in parts]),
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        axis=np.concatenate([part.axis for part in parts]),
        label=np.concatenate([part.label for part in parts]),
        particle={name: np.concatenate([part.particle[name] for part in parts]) for name in parts[0].particle},
        weight=np.concatenate([part.weight for part in parts if part.weight is not None])
        if weighted == {True}
        else None,
    )
