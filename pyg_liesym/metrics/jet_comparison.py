"""Whether the percentiles of two samples of jets agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from pyg_liesym.metrics.jet_statistics import STATISTICS, Percentiles, Values, percentiles

PERCENT = (1.0, 5.0, 16.0, 25.0, 50.0, 75.0, 84.0, 95.0, 99.0)
"""The percentiles that are compared."""

TOLERANCE = {16.0: 0.10, 50.0: 0.05, 84.0: 0.10}
"""The judged ones, and by which share they may differ where the errors are smaller."""


class Point(NamedTuple):
    """One percentile of one quantity of one class, in both samples, with standard errors."""

    kind: str
    quantity: str
    percent: float
    value: float
    error: float
    reference: float
    reference_error: float

    @property
    def judged(self) -> bool:
        """Whether the point counts: the median and the 16th and 84th percentile."""
        return self.percent in TOLERANCE

    @property
    def inside(self) -> bool:
        """Whether the difference is within the tolerance, or within two standard errors of both samples together."""
        allowed = TOLERANCE.get(self.percent, 0.10) * abs(self.reference)
        errors = 2 * float(np.hypot(self.error, self.reference_error))
        return abs(self.value - self.reference) <= max(allowed, errors)


def compare_jets(
    ours: Mapping[str, Mapping[str, Values]],
    reference: Mapping[str, Mapping[str, Values | Sequence[float]]],
    percent: Sequence[float] = PERCENT,
    reference_jets: Mapping[str, int] | None = None,
) -> list[Point]:
    """Compare the percentiles of two samples, class by class.

    Args:
        ours: Class → quantity → values, as :func:`~pyg_liesym.metrics.jet_statistics.statistics_of_classes` gives them.
        reference: The same of the other sample; or its percentiles, of which nothing more is known. Their errors are
            then those that our distribution would have with ``reference_jets`` jets.
        percent: Which percentiles, 0-100.
        reference_jets: Jets of every class of the reference, needed for its percentiles.

    Raises:
        ValueError: If a class or a quantity is missing, or percentiles come without their number of jets.

    Example:
        >>> values = Values(np.arange(101.0), np.arange(101))
        >>> [point] = compare_jets({"top": {"jet_mass_GeV": values}}, {"top": {"jet_mass_GeV": values}}, [50])
        >>> point.value, point.inside
        (50.0, True)
    """
    points = []
    for kind in ours:
        quantities = [name for name in STATISTICS if name in ours[kind]]
        missing = [name for name in quantities if name not in reference.get(kind, {})]
        if missing:
            raise ValueError(f"the reference lacks {missing} of the class {kind}; it has {sorted(reference)}")
        for name in quantities:
            known = reference[kind][name]
            found = percentiles(ours[kind][name], percent)
            if isinstance(known, Values):
                other = percentiles(known, percent)
            else:
                jets = (reference_jets or {}).get(kind, 0)
                if jets < 1 or len(known) != len(percent):
                    raise ValueError(
                        f"{kind}, {name}: expected {len(percent)} percentiles and their number of jets, got "
                        f"{len(known)} of {jets} jets"
                    )
                other = Percentiles(np.asarray(known, np.float64), percentiles(ours[kind][name], percent, jets).error)
            columns = (percent, *found, *other)
            points += [Point(kind, name, *map(float, row)) for row in zip(*columns, strict=True)]
    return points
