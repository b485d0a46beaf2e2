"""Distributions that say whether two samples of jets are alike, and how well a sample knows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]

STATISTICS = (
    "constituents_per_jet",
    "jet_mass_GeV",
    "leading_constituent_pt_fraction",
    "constituent_pt_GeV",
    "jet_width_pt_weighted_dR",
    "constituent_dR_to_jet_axis",
    "nearest_neighbour_dR",
)
"""The quantities of :func:`jet_statistics`, in the order of the tables."""


class Values(NamedTuple):
    """Values of one quantity, and the jet that each belongs to (many of one jet, or one)."""

    value: NDArray[np.float64]
    jet: NDArray[np.int64]


class Percentiles(NamedTuple):
    """Percentiles and their standard errors."""

    value: NDArray[np.float64]
    error: NDArray[np.float64]


def jet_statistics(p4: Array, offsets: NDArray[np.int64]) -> dict[str, Values]:
    r"""What jets look like: seven quantities of jets and of their constituents.

    ``constituents_per_jet``; ``jet_mass_GeV``, of the sum of the constituents; ``leading_constituent_pt_fraction``,
    the largest :math:`p_T` over the jet's; ``constituent_pt_GeV``; ``jet_width_pt_weighted_dR``,
    :math:`\sum p_T \Delta R / \sum p_T`; ``constituent_dR_to_jet_axis``; ``nearest_neighbour_dR``, of constituents to
    the nearest other one of their jet. :math:`\Delta R` is in pseudorapidity and azimuth.

    Args:
        p4: Four-momenta ``(E, px, py, pz)`` of all constituents, jet after jet.
        offsets: Jet ``j`` owns the rows ``offsets[j]:offsets[j + 1]``.

    Shapes:
        - **p4**: :math:`(N, 4)`, **offsets**: :math:`(J + 1)`

    Units:
        GeV and radians.

    Raises:
        ValueError: If a jet has no constituents or the shapes do not fit.

    Example:
        >>> p4 = np.array([[5.0, 3, 0, 4], [2, 0, 2, 0], [3, 3, 0, 0]])
        >>> statistics = jet_statistics(p4, np.array([0, 2, 3]))
        >>> statistics["constituents_per_jet"].value
        array([2., 1.])
    """
    counts = np.diff(offsets)
    if p4.ndim != 2 or p4.shape[1] != 4 or len(counts) == 0 or counts.min() < 1 or offsets[-1] != len(p4):
        raise ValueError(
            f"expected p4 [N, 4] and offsets of jets with one constituent or more, got {p4.shape}, "
            f"{len(counts)} jets of {counts.min(initial=0)} and more constituents ending at {offsets[-1]}"
        )
    particles = np.asarray(p4, np.float64)
    jet = np.repeat(np.arange(len(counts)), counts)
    total = np.add.reduceat(particles, offsets[:-1])
    pt, eta, phi = _cylindrical(particles)
    jet_pt, jet_eta, jet_phi = _cylindrical(total)
    plane = np.stack([eta - jet_eta[jet], _wrapped(phi - jet_phi[jet])], axis=-1)
    distance = np.hypot(*plane.T)
    mass = np.sqrt(np.maximum(total[:, 0] ** 2 - (total[:, 1:] ** 2).sum(-1), 0.0))
    sum_pt = np.add.reduceat(pt, offsets[:-1])
    company = counts[jet] > 1
    jets = np.arange(len(counts))
    values = (
        Values(counts.astype(np.float64), jets),
        Values(mass, jets),
        Values(np.maximum.reduceat(pt, offsets[:-1]) / jet_pt, jets),
        Values(pt, jet),
        Values(np.add.reduceat(pt * distance, offsets[:-1]) / sum_pt, jets),
        Values(distance, jet),
        Values(_nearest(plane, jet)[company], jet[company]),
    )
    return dict(zip(STATISTICS, values, strict=True))


def percentiles(values: Values, percent: Sequence[float], num_jets: int | None = None) -> Percentiles:
    r"""Percentiles with standard errors that know that constituents of one jet are not independent.

    The share of values below a percentile is a ratio of sums over jets; its error :math:`\sigma` comes from the
    scatter between jets, and the percentiles at :math:`p \pm \sigma` bracket the error in the quantity's own units
    (Woodruff 1952).

    Args:
        values: Values of one quantity.
        percent: Which percentiles, 0-100.
        num_jets: Give the errors of a sample of this many such jets (default: as many as there are).

    Raises:
        ValueError: If there are no values.

    Example:
        >>> normal = np.random.default_rng(0).normal(size=10_000)
        >>> found = percentiles(Values(normal, np.arange(10_000)), [50])
        >>> bool(0.011 < found.error[0] < 0.014)  # sqrt(pi / 2) / 100
        True
    """
    if len(values.value) == 0:
        raise ValueError("expected at least one value, got none: is the sample empty?")
    sizes = np.bincount(values.jet)
    filled = len(sizes) if num_jets is None else num_jets
    shares = np.asarray(percent, np.float64) / 100
    order = np.sort(values.value)
    middle = np.quantile(order, shares)
    error = np.empty_like(middle)
    for index, (share, value) in enumerate(zip(shares, middle, strict=True)):
        below = np.bincount(values.jet, values.value <= value, len(sizes))
        scatter = (below - share * sizes).std() / sizes.mean() / np.sqrt(filled)
        low, high = np.quantile(order, np.clip([share - scatter, share + scatter], 0, 1))
        error[index] = (high - low) / 2
    return Percentiles(middle, error)


def statistics_of_classes(
    p4: Array, offsets: NDArray[np.int64], label: NDArray[np.int64], classes: Mapping[str, int]
) -> dict[str, dict[str, Values]]:
    """The quantities of :func:`jet_statistics`, class by class.

    Args:
        p4: As there.
        offsets: As there.
        label: Class of every jet, ``[J]``.
        classes: Name and label of the classes to take.

    Raises:
        ValueError: If a class has no jets.
    """
    found = {}
    for name, index in classes.items():
        jets = np.flatnonzero(label == index)
        if len(jets) == 0:
            raise ValueError(f"there are no jets of the class {name} (label {index})")
        counts = np.diff(offsets)[jets]
        ends = np.concatenate([[0], np.cumsum(counts)])
        rows = np.repeat(offsets[jets] - ends[:-1], counts) + np.arange(ends[-1])
        found[name] = jet_statistics(p4[rows], ends)
    return found


def _cylindrical(p4: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    pt = np.hypot(p4[:, 1], p4[:, 2])
    return pt, np.arcsinh(p4[:, 3] / np.maximum(pt, 1e-30)), np.arctan2(p4[:, 2], p4[:, 1])


def _wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _nearest(plane: NDArray[np.float64], jet: NDArray[np.int64]) -> NDArray[np.float64]:
    """Distance to the nearest other constituent of the jet; of a lonely one, to another jet."""
    from scipy.spatial import KDTree

    apart = 100.0  # jets lie in planes of their own, farther apart than any two constituents of one
    points = np.column_stack([plane, apart * jet])
    distance: NDArray[np.float64] = KDTree(points).query(points, k=2)[0][:, 1]
    return distance
