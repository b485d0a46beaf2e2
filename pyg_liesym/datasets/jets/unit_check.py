"""Whether the numbers of jets are those of the unit that they are said to have."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from pyg_liesym.datasets.io.jet_arrays import JetArrays
from pyg_liesym.datasets.io.jet_files import open_jet_file
from pyg_liesym.datasets.io.schema import JetSchema
from pyg_liesym.datasets.jets.jet_summary import jet_quantities

HIGHEST, LOWEST = 7000.0, 1.0
"""Transverse momenta of jets, in GeV: no beam of the LHC has more, and below there are no jets."""
_SOME = 500


class UnitCheck:
    """Counts jets, given piece by piece, whose momenta no collider has.

    Args:
        unit: The unit that the file is said to have; the jets are in GeV.

    Example:
        >>> jets = JetArrays(
        ...     p4=np.array([[6e5, 5.9e5, 0, 0]], np.float32), plane=np.zeros((1, 2), np.float32),
        ...     offsets=np.array([0, 1]), axis=np.ones((1, 4), np.float32), label=np.array([0]),
        ... )
        >>> check = UnitCheck("GeV")
        >>> check.add(jets)
        >>> print(check.warning())
        1 of 1 jets have pT above 7000 GeV (pT 5.9e+05 to 5.9e+05, mass 1.091e+05 to 1.091e+05), as if the file were \
in MeV; it is read as GeV: if it is not, say `unit: MeV` in a schema
    """

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._num = self._high = self._low = 0
        self._ranges: dict[str, tuple[float, float]] = {}

    def add(self, jets: JetArrays) -> None:
        """Count some jets; those without constituents, or not finite, do not count."""
        values = jet_quantities(jets)
        finite = np.isfinite(values["pT"]) & np.isfinite(values["mass"])
        pt = values["pT"][finite]
        self._num += len(pt)
        self._high += int((pt > HIGHEST).sum())
        self._low += int((pt < LOWEST).sum())
        for name in ("pT", "mass") if len(pt) else ():
            low, high = self._ranges.get(name, (np.inf, -np.inf))
            own = values[name][finite]
            self._ranges[name] = (min(low, float(own.min())), max(high, float(own.max())))

    def warning(self) -> str | None:
        """What is to be said of the unit; None where most jets are as jets are."""
        if 2 * max(self._high, self._low) <= self._num:
            return None
        high = self._high > self._low
        said = f"above {HIGHEST:g}" if high else f"below {LOWEST:g}"
        other = {"GeV": "MeV", "TeV": "GeV"}.get(self._unit) if high else {"MeV": "GeV", "GeV": "TeV"}.get(self._unit)
        ranges = ", ".join(f"{name} {low:.4g} to {high:.4g}" for name, (low, high) in self._ranges.items())
        hint = f", as if the file were in {other}" if other else ""
        advice = f": if it is not, say `unit: {other}` in a schema" if other else ""
        number = self._high if high else self._low
        return f"{number} of {self._num} jets have pT {said} GeV ({ranges}){hint}; it is read as {self._unit}{advice}"


def warn_of_units(path: Path, schema: JetSchema) -> None:
    """Warn if the first jets of a file have momenta that no collider has.

    Args:
        path: The file.
        schema: How it is read.
    """
    file, check = open_jet_file(path, schema), UnitCheck(schema.unit)
    check.add(file.read(0, min(_SOME, file.num_jets)))
    if warning := check.warning():
        warnings.warn(f"{path}: {warning}", stacklevel=2)
